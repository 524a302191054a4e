import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { numberOf, sensorIndices, sensorStart } from "./names.ts";
import { elements, from } from "./observation.ts";
import { posesOf } from "./randomPose.ts";
import { calm } from "./smallControl.ts";

const high = { bounds: [0.6, 2] } as const;
const fast = { bounds: [2, Infinity], margin: 1, valueAtMargin: 0.5, sigmoid: "linear" } as const;

/** Hopper (dm_control/suite/hopper.py): stand, or hop forward, with the torso high over the foot. */
export const hopper = ["stand", "hop"].map((task) =>
  defineControlTask({
    domain: "hopper",
    task,
    timeLimit: 20,
    controlTimestep: 0.02,
    observationSize: 15,
    actions: 4,
    build(simulation) {
      const [torso, foot] = [numberOf(simulation, "body", "torso"), numberOf(simulation, "body", "foot")];
      const velocity = sensorStart(simulation, "torso_subtreelinvel");
      const touch = sensorIndices(simulation, ["touch_toe", "touch_heel"]);
      return {
        initialize: posesOf(simulation),
        observation: [
          from(simulation, "qpos", 1),
          from(simulation, "qvel"),
          elements(simulation, "sensordata", touch, Math.log1p),
        ],
        reward() {
          const { xipos, sensordata, ctrl } = simulation.fields;
          const standing = tolerance((xipos[3 * torso + 2] ?? 0) - (xipos[3 * foot + 2] ?? 0), high);
          if (standing === 0) return 0;
          return standing * (task === "hop" ? tolerance(sensordata[velocity] ?? 0, fast) : calm(ctrl));
        },
      };
    },
  }),
);
