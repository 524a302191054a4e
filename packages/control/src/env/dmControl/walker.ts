import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { numberOf, sensorStart } from "./names.ts";
import { elements, from, matrixEntry, orientations } from "./observation.ts";
import { posesOf } from "./randomPose.ts";

const high = { bounds: [1.2, Infinity], margin: 0.6 } as const;

/** Planar walker (dm_control/suite/walker.py): stand, or move at a speed (m/s). */
export const walker = (
  [
    ["stand", 0],
    ["walk", 1],
    ["run", 8],
  ] as const
).map(([task, speed]) =>
  defineControlTask({
    domain: "walker",
    task,
    timeLimit: 25,
    controlTimestep: 0.025,
    observationSize: 24,
    actions: 6,
    build(simulation) {
      const torso = numberOf(simulation, "body", "torso");
      const velocity = sensorStart(simulation, "torso_subtreelinvel");
      const bodies = Array.from({ length: simulation.nbody - 1 }, (_, i) => i + 1);
      const fast = { bounds: [speed, Infinity], margin: speed / 2, valueAtMargin: 0.5, sigmoid: "linear" } as const;
      return {
        initialize: posesOf(simulation),
        observation: [
          orientations(simulation, bodies, ["xx", "xz"]),
          elements(simulation, "xpos", [3 * torso + 2]),
          from(simulation, "qvel"),
        ],
        reward() {
          const { xpos, xmat, sensordata } = simulation.fields;
          const upright = (1 + (xmat[9 * torso + matrixEntry.zz] ?? 0)) / 2;
          const standing = (3 * tolerance(xpos[3 * torso + 2] ?? 0, high) + upright) / 4;
          return speed === 0 ? standing : (standing * (5 * tolerance(sensordata[velocity] ?? 0, fast) + 1)) / 6;
        },
      };
    },
  }),
);
