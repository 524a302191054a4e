import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { distance } from "./geometry.ts";
import { numberOf } from "./names.ts";
import { from, orientations } from "./observation.ts";

/** Acrobot (dm_control/suite/acrobot.py): two links, a motor at the elbow only; bring the tip up to the target. */
export const acrobot = [
  ["swingup", 1],
  ["swingup_sparse", 0],
].map(([task, margin]) =>
  defineControlTask({
    domain: "acrobot",
    task: `${task}`,
    timeLimit: 10,
    controlTimestep: 0.01,
    observationSize: 6,
    actions: 1,
    build(simulation) {
      const arms = ["upper_arm", "lower_arm"].map((name) => numberOf(simulation, "body", name));
      const [target, tip] = [numberOf(simulation, "site", "target"), numberOf(simulation, "site", "tip")];
      const radius = (simulation.model.site_size as Float64Array)[3 * target] ?? 0;
      const near = { bounds: [0, radius], margin: Number(margin) } as const;
      return {
        initialize(random) {
          const { qpos } = simulation.fields;
          for (let i = 0; i < 2; i++) qpos[i] = random.uniform(-Math.PI, Math.PI);
        },
        observation: [
          orientations(simulation, arms, ["xz"]),
          orientations(simulation, arms, ["zz"]),
          from(simulation, "qvel"),
        ],
        reward() {
          const { site_xpos } = simulation.fields;
          return tolerance(distance(site_xpos, target, site_xpos, tip), near);
        },
      };
    },
  }),
);
