import { tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { writeInFrame } from "./geometry.ts";
import { numberOf, sensorIndices } from "./names.ts";
import { elements, from, matrixEntry, orientations, type Part } from "./observation.ts";
import { drawWithoutContact, posesOf } from "./randomPose.ts";
import { calm } from "./smallControl.ts";

/** Humanoid (dm_control/suite/humanoid.py): stand, or move at a speed (m/s). */
export const humanoid = (
  [
    ["stand", 0, false],
    ["walk", 1, false],
    ["run", 10, false],
    ["run_pure_state", 10, true],
  ] as const
).map(([task, speed, pureState]) =>
  defineControlTask({
    domain: "humanoid",
    task,
    timeLimit: 25,
    controlTimestep: 0.025,
    observationSize: pureState ? 55 : 67,
    actions: 21,
    build: (simulation) => build(simulation, speed, pureState),
  }),
);

const high = { bounds: [1.4, Infinity], margin: 0.35 } as const;
const upright = { bounds: [0.9, Infinity], margin: 1.9, valueAtMargin: 0, sigmoid: "linear" } as const;
const still = { margin: 2 };

function build(simulation: ControlSimulation, speed: number, pureState: boolean): ControlTask {
  const [torso, head] = [numberOf(simulation, "body", "torso"), numberOf(simulation, "body", "head")];
  const velocity = sensorIndices(simulation, ["torso_subtreelinvel"]);
  const [vx = 0, vy = 0] = velocity;
  const fast = { bounds: [speed, Infinity], margin: speed, valueAtMargin: 0, sigmoid: "linear" } as const;
  const pose = posesOf(simulation);
  return {
    initialize: (random) => drawWithoutContact(simulation, () => pose(random)),
    observation: pureState
      ? [from(simulation, "qpos"), from(simulation, "qvel")]
      : [
          from(simulation, "qpos", 7),
          elements(simulation, "xpos", [3 * head + 2]),
          extremities(simulation, torso),
          orientations(simulation, [torso], ["zx", "zy", "zz"]),
          elements(simulation, "sensordata", velocity),
          from(simulation, "qvel"),
        ],
    reward() {
      const { xpos, xmat, sensordata, ctrl } = simulation.fields;
      const standing =
        tolerance(xpos[3 * head + 2] ?? 0, high) * tolerance(xmat[9 * torso + matrixEntry.zz] ?? 0, upright);
      const [x, y] = [sensordata[vx] ?? 0, sensordata[vy] ?? 0];
      const moving =
        speed === 0
          ? (tolerance(x, still) + tolerance(y, still)) / 2
          : (5 * tolerance(Math.sqrt(x * x + y * y), fast) + 1) / 6;
      return calm(ctrl) * standing * moving;
    },
  };
}

/** Where hands and feet are in the torso's frame. */
function extremities(simulation: ControlSimulation, torso: number): Part {
  const limbs = ["left_hand", "left_foot", "right_hand", "right_foot"].map((name) =>
    numberOf(simulation, "body", name),
  );
  return {
    size: 12,
    write(out, start) {
      const { xpos, xmat } = simulation.fields;
      for (const [i, limb] of limbs.entries()) {
        const to = (axis: number) => (xpos[3 * limb + axis] ?? 0) - (xpos[3 * torso + axis] ?? 0);
        writeInFrame(out, start + 3 * i, xmat, torso, to(0), to(1), to(2));
      }
    },
  };
}
