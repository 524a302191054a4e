import { defineControlTask } from "./controlTask.ts";
import { numberOf, positionIndices } from "./names.ts";
import { from } from "./observation.ts";
import { drawWithoutContact } from "./randomPose.ts";

/** Ball in cup (dm_control/suite/ball_in_cup.py): swing a ball on a string into the cup that it hangs from. */
export const ballInCup = [
  defineControlTask({
    domain: "ball_in_cup",
    task: "catch",
    timeLimit: 20,
    controlTimestep: 0.02,
    observationSize: 8,
    actions: 2,
    build(simulation) {
      const target = numberOf(simulation, "site", "target");
      const ball = numberOf(simulation, "body", "ball");
      const [x = 0, z = 0] = positionIndices(simulation, ["ball_x", "ball_z"]);
      const radius = (simulation.model.geom_size as Float64Array)[3 * numberOf(simulation, "geom", "ball")] ?? 0;
      const targetSize = simulation.model.site_size as Float64Array;
      const slack = [0, 2].map((axis) => (targetSize[3 * target + axis] ?? 0) - radius);
      return {
        initialize: (random) =>
          drawWithoutContact(simulation, () => {
            const { qpos } = simulation.fields;
            qpos[x] = random.uniform(-0.2, 0.2);
            qpos[z] = random.uniform(0.2, 0.5);
          }),
        observation: [from(simulation, "qpos"), from(simulation, "qvel")],
        reward() {
          const { site_xpos, xpos } = simulation.fields;
          for (let i = 0; i < 2; i++) {
            const away = (site_xpos[3 * target + 2 * i] ?? 0) - (xpos[3 * ball + 2 * i] ?? 0);
            if (!(Math.abs(away) < (slack[i] ?? 0))) return 0;
          }
          return 1;
        },
      };
    },
  }),
];
