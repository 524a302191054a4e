import { z } from "zod";
import { Box } from "../box.ts";
import { defineClassic, symmetric, within } from "./classicControl.ts";

const MAX_SPEED = 8;
const MAX_TORQUE = 2;
/** Duration of a step (s). */
const DT = 0.05;
const MASS = 1;
const LENGTH = 1;

/**
 * Pendulum-v1: swing a pendulum up and keep it there by a torque within ±2 N·m. Reward: minus the costs of angle, speed and torque.
 * (gymnasium/envs/classic_control/pendulum.py)
 *
 * State: angle from upright (rad), angular velocity.
 */
export const pendulumV1 = defineClassic({
  id: "Pendulum-v1",
  observationSpace: new Box("float64", ...symmetric(1, 1, MAX_SPEED)),
  actionSpace: Box.uniform("float32", 1, -MAX_TORQUE, MAX_TORQUE),
  maxEpisodeSteps: 200,
  rewardThreshold: null,
  options: z.strictObject({ g: z.number().default(10).describe("gravity in m/s²") }),

  task: ({ g }) => ({
    stateSize: 2,

    begin(random, state) {
      state.set([random.uniform(-Math.PI, Math.PI), random.uniform(-1, 1)]);
    },

    observe: ([angle = 0, speed = 0]) => [Math.cos(angle), Math.sin(angle), speed],

    step(state, action) {
      const [angle = 0, speed = 0] = state;
      const torque = within(action, MAX_TORQUE);
      const costs = fromUpright(angle) ** 2 + 0.1 * speed ** 2 + 0.001 * torque ** 2;
      const push = ((3 * g) / (2 * LENGTH)) * Math.sin(angle) + (3 / (MASS * LENGTH ** 2)) * torque;
      const nextSpeed = within(speed + push * DT, MAX_SPEED);
      state.set([angle + nextSpeed * DT, nextSpeed]);
      return { reward: -costs, terminated: false };
    },
  }),
});

/** The same angle on [−π, π). */
function fromUpright(angle: number): number {
  const turn = (angle + Math.PI) % (2 * Math.PI);
  return (turn < 0 ? turn + 2 * Math.PI : turn) - Math.PI;
}
