import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { distance } from "./geometry.ts";
import { numberOf } from "./names.ts";
import { from } from "./observation.ts";
import { posesOf } from "./randomPose.ts";

/** Reacher (dm_control/suite/reacher.py): bring the finger of a planar arm to a target of some radius (m). */
export const reacher = (
  [
    ["easy", 0.05],
    ["hard", 0.015],
  ] as const
).map(([task, radius]) =>
  defineControlTask({
    domain: "reacher",
    task,
    timeLimit: 20,
    controlTimestep: 0.02,
    observationSize: 6,
    actions: 2,
    randomized: ["geom_pos"],
    build(simulation) {
      const { model } = simulation;
      const [target, finger] = [numberOf(simulation, "geom", "target"), numberOf(simulation, "geom", "finger")];
      const sizes = model.geom_size as Float64Array;
      sizes[3 * target] = radius;
      const touching = { bounds: [0, radius + (sizes[3 * finger] ?? 0)] } as const;
      const pose = posesOf(simulation);
      return {
        initialize(random) {
          pose(random);
          const [angle, away] = [random.uniform(0, 2 * Math.PI), random.uniform(0.05, 0.2)];
          const positions = model.geom_pos as Float64Array;
          positions[3 * target] = away * Math.sin(angle);
          positions[3 * target + 1] = away * Math.cos(angle);
        },
        observation: [
          from(simulation, "qpos"),
          {
            size: 2,
            write(out, start) {
              const { geom_xpos } = simulation.fields;
              for (let axis = 0; axis < 2; axis++) {
                out[start + axis] = (geom_xpos[3 * target + axis] ?? 0) - (geom_xpos[3 * finger + axis] ?? 0);
              }
            },
          },
          from(simulation, "qvel"),
        ],
        reward() {
          const { geom_xpos } = simulation.fields;
          return tolerance(distance(geom_xpos, target, geom_xpos, finger, [0, 1]), touching);
        },
      };
    },
  }),
);
