import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { sensorStart } from "./names.ts";
import { from } from "./observation.ts";
import { limitsOf } from "./randomPose.ts";

const fast = { bounds: [10, Infinity], margin: 10, valueAtMargin: 0, sigmoid: "linear" } as const;

/** Cheetah (dm_control/suite/cheetah.py): run; 10 m/s is all that can be had. */
export const cheetah = [
  defineControlTask({
    domain: "cheetah",
    task: "run",
    timeLimit: 10,
    controlTimestep: 0.01,
    observationSize: 17,
    actions: 6,
    build(simulation) {
      const velocity = sensorStart(simulation, "torso_subtreelinvel");
      // Each joint has one coordinate.
      const limits = Array.from(simulation.fields.qpos, (_, joint) => limitsOf(simulation, joint));
      return {
        initialize(random) {
          const { qpos } = simulation.fields;
          for (const [joint, range] of limits.entries()) if (range) qpos[joint] = random.uniform(...range);
          // It falls to the ground before the episode begins.
          simulation.advance(200);
          simulation.data.time = 0;
        },
        observation: [from(simulation, "qpos", 1), from(simulation, "qvel")],
        reward: () => tolerance(simulation.fields.sensordata[velocity] ?? 0, fast),
      };
    },
  }),
];
