import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { numberOf } from "./names.ts";
import { from, matrixEntry, orientations } from "./observation.ts";

/** Within 8° of upright counts. */
const upright = { bounds: [Math.cos((8 * Math.PI) / 180), 1] } as const;

/** Pendulum (dm_control/suite/pendulum.py): swing up with a motor too weak to lift, and stay there. */
export const pendulum = [
  defineControlTask({
    domain: "pendulum",
    task: "swingup",
    timeLimit: 20,
    controlTimestep: 0.02,
    observationSize: 3,
    actions: 1,
    build(simulation) {
      const pole = numberOf(simulation, "body", "pole");
      return {
        initialize(random) {
          simulation.fields.qpos[0] = random.uniform(-Math.PI, Math.PI);
        },
        observation: [orientations(simulation, [pole], ["zz", "xz"]), from(simulation, "qvel")],
        reward: () => tolerance(simulation.fields.xmat[9 * pole + matrixEntry.zz] ?? 0, upright),
      };
    },
  }),
];
