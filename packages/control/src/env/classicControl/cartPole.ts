import { z } from "zod";
import { Box } from "../box.ts";
import { Discrete } from "../discrete.ts";
import { defineClassic, symmetric } from "./classicControl.ts";

const GRAVITY = 9.8;
const CART_MASS = 1;
const POLE_MASS = 0.1;
const TOTAL_MASS = CART_MASS + POLE_MASS;
/** Half the pole's length (m). */
const LENGTH = 0.5;
const POLE_MOMENT = POLE_MASS * LENGTH;
/** Push of an action (N). */
const FORCE = 10;
/** Duration of a step (s). */
const TAU = 0.02;
/** The episode ends where the pole leans further (rad), or the cart is further from the middle (m). */
const MAX_ANGLE = (12 * 2 * Math.PI) / 360;
const MAX_POSITION = 2.4;

/**
 * CartPole-v1 (Barto, Sutton & Anderson 1983): keep the pole up by pushing its cart left (0) or right (1). Reward: 1 per step, that of the
 * fall included; with `suttonBartoReward` 0 per step and −1 for the fall. (gymnasium/envs/classic_control/cartpole.py)
 *
 * State: position, velocity, angle, angular velocity, and whether the pole has fallen.
 */
export const cartPoleV1 = defineClassic({
  id: "CartPole-v1",
  observationSpace: new Box("float64", ...symmetric(2 * MAX_POSITION, Infinity, 2 * MAX_ANGLE, Infinity)),
  actionSpace: new Discrete(2),
  maxEpisodeSteps: 500,
  rewardThreshold: 475,
  options: z.strictObject({
    suttonBartoReward: z.boolean().default(false).describe("reward 0 per step and −1 for the fall, as in the book"),
  }),

  task: ({ suttonBartoReward }) => ({
    stateSize: 5,

    begin(random, state) {
      for (let i = 0; i < 4; i++) state[i] = random.uniform(-0.05, 0.05);
    },

    observe: ([x = 0, xDot = 0, theta = 0, thetaDot = 0]) => [x, xDot, theta, thetaDot],

    step(state, action) {
      const [x = 0, xDot = 0, theta = 0, thetaDot = 0, fallen = 0] = state;
      const force = action === 1 ? FORCE : -FORCE;
      const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
      const pull = (force + POLE_MOMENT * thetaDot ** 2 * sin) / TOTAL_MASS;
      const thetaAcc = (GRAVITY * sin - cos * pull) / (LENGTH * (4 / 3 - (POLE_MASS * cos ** 2) / TOTAL_MASS));
      const xAcc = pull - (POLE_MOMENT * thetaAcc * cos) / TOTAL_MASS;
      const next = [x + TAU * xDot, xDot + TAU * xAcc, theta + TAU * thetaDot, thetaDot + TAU * thetaAcc] as const;
      const terminated = Math.abs(next[0]) > MAX_POSITION || Math.abs(next[2]) > MAX_ANGLE;
      state.set([...next, fallen || terminated ? 1 : 0]);
      if (suttonBartoReward) return { reward: terminated ? -1 : 0, terminated };
      return { reward: terminated && fallen ? 0 : 1, terminated };
    },
  }),
});
