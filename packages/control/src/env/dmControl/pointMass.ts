import type { Random } from "@era/tensor";
import { tolerance } from "../tolerance.ts";
import { defineControlTask } from "./controlTask.ts";
import { distance } from "./geometry.ts";
import { numberOf } from "./names.ts";
import { from } from "./observation.ts";
import { posesOf } from "./randomPose.ts";
import { calm } from "./smallControl.ts";

/** Point mass (dm_control/suite/point_mass.py): push it to the middle; in the hard task each motor pushes in a random direction. */
export const pointMass = ["easy", "hard"].map((task) =>
  defineControlTask({
    domain: "point_mass",
    task,
    timeLimit: 20,
    controlTimestep: 0.02,
    observationSize: 4,
    actions: 2,
    randomized: task === "hard" ? ["wrap_prm"] : [],
    build(simulation) {
      const { model } = simulation;
      const [target, mass] = [numberOf(simulation, "geom", "target"), numberOf(simulation, "geom", "pointmass")];
      const size = (model.geom_size as Float64Array)[3 * target] ?? 0;
      const near = { bounds: [0, size], margin: size } as const;
      const pose = posesOf(simulation);
      return {
        initialize(random) {
          pose(random);
          if (task === "hard") (model.wrap_prm as Float64Array).set(directions(random));
        },
        observation: [from(simulation, "qpos"), from(simulation, "qvel")],
        reward() {
          const { geom_xpos, ctrl } = simulation.fields;
          return tolerance(distance(geom_xpos, target, geom_xpos, mass), near) * calm(ctrl);
        },
      };
    },
  }),
);

/** Two unit vectors that are not too parallel: the directions in which the motors push. */
function directions(random: Random): number[] {
  const draw = (): [number, number] => {
    const [x, y] = [random.normal(), random.normal()];
    const norm = Math.sqrt(x * x + y * y);
    return [x / norm, y / norm];
  };
  const first = draw();
  for (;;) {
    const second = draw();
    if (Math.abs(first[0] * second[0] + first[1] * second[1]) <= 0.9) return [...first, ...second];
  }
}
