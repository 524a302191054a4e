import type { Random } from "@era/tensor";
import { tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { distance, normalizeQuaternion, writeInFrame } from "./geometry.ts";
import { numberOf, positionIndices } from "./names.ts";
import { elements, from, matrixEntry, orientations } from "./observation.ts";

const domain = { domain: "fish", timeLimit: 40, controlTimestep: 0.04, actions: 5 };

/** Fish (dm_control/suite/fish.py): turn upright, or swim to a target with the mouth. */
export const fish = [
  defineControlTask({ ...domain, task: "upright", observationSize: 21, build: buildUpright }),
  defineControlTask({ ...domain, task: "swim", observationSize: 24, randomized: ["geom_pos"], build: buildSwim }),
];

const joints = ["tail1", "tail_twist", "tail2", "finright_roll", "finright_pitch", "finleft_roll", "finleft_pitch"];

function body(simulation: ControlSimulation) {
  const torso = numberOf(simulation, "body", "torso");
  const angles = positionIndices(simulation, joints);
  return {
    angles: elements(simulation, "qpos", angles),
    upright: orientations(simulation, [torso], ["zz"]),
    velocity: from(simulation, "qvel"),
    cosine: () => simulation.fields.xmat[9 * torso + matrixEntry.zz] ?? 0,
    draw(random: Random) {
      const { qpos } = simulation.fields;
      // The free joint's quaternion follows its three coordinates.
      for (let i = 3; i < 7; i++) qpos[i] = random.normal();
      normalizeQuaternion(qpos, 3);
      for (const angle of angles) qpos[angle] = random.uniform(-0.2, 0.2);
    },
  };
}

const atOne = { bounds: [1, 1], margin: 1 } as const;

function buildUpright(simulation: ControlSimulation): ControlTask {
  const { angles, upright, velocity, cosine, draw } = body(simulation);
  return {
    initialize: draw,
    observation: [angles, upright, velocity],
    reward: () => tolerance(cosine(), atOne),
  };
}

function buildSwim(simulation: ControlSimulation): ControlTask {
  const { model } = simulation;
  const { angles, upright, velocity, cosine, draw } = body(simulation);
  const [target, mouth] = [numberOf(simulation, "geom", "target"), numberOf(simulation, "geom", "mouth")];
  const sizes = model.geom_size as Float64Array;
  const radii = (sizes[3 * mouth] ?? 0) + (sizes[3 * target] ?? 0);
  const near = { bounds: [0, radii], margin: 2 * radii } as const;
  return {
    initialize(random) {
      draw(random);
      const positions = model.geom_pos as Float64Array;
      for (let axis = 0; axis < 2; axis++) positions[3 * target + axis] = random.uniform(-0.4, 0.4);
      positions[3 * target + 2] = random.uniform(0.1, 0.3);
    },
    observation: [
      angles,
      upright,
      {
        size: 3,
        write(out, start) {
          const { geom_xpos, geom_xmat } = simulation.fields;
          const to = (axis: number) => (geom_xpos[3 * target + axis] ?? 0) - (geom_xpos[3 * mouth + axis] ?? 0);
          writeInFrame(out, start, geom_xmat, mouth, to(0), to(1), to(2));
        },
      },
      velocity,
    ],
    reward() {
      const { geom_xpos } = simulation.fields;
      const inTarget = tolerance(distance(geom_xpos, target, geom_xpos, mouth), near);
      return (7 * inTarget + 0.5 * (cosine() + 1)) / 8;
    },
  };
}
