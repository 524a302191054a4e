import { z } from "zod";
import { Box } from "../box.ts";
import { Discrete } from "../discrete.ts";
import { defineClassic, within } from "./classicControl.ts";

const MIN_POSITION = -1.2;
const MAX_POSITION = 0.6;
const MAX_SPEED = 0.07;
const GOAL_POSITION = 0.5;
const FORCE = 0.001;
const GRAVITY = 0.0025;

/**
 * MountainCar-v0 (Moore 1990): an engine too weak for the hill, pushing left (0), not at all (1) or right (2). Reward: −1 per step.
 * (gymnasium/envs/classic_control/mountain_car.py)
 *
 * State: position, velocity.
 */
export const mountainCarV0 = defineClassic({
  id: "MountainCar-v0",
  observationSpace: new Box(
    "float64",
    [MIN_POSITION, -MAX_SPEED].map(Math.fround),
    [MAX_POSITION, MAX_SPEED].map(Math.fround),
  ),
  actionSpace: new Discrete(3),
  maxEpisodeSteps: 200,
  rewardThreshold: -110,
  options: z.strictObject({
    goalVelocity: z.number().default(0).describe("velocity with which the goal must be reached at least"),
  }),

  task: ({ goalVelocity }) => ({
    stateSize: 2,

    begin(random, state) {
      state[0] = random.uniform(-0.6, -0.4);
    },

    observe: ([position = 0, velocity = 0]) => [position, velocity],

    step(state, action) {
      const [from = 0, speed = 0] = state;
      let velocity = within(speed + ((action - 1) * FORCE + Math.cos(3 * from) * -GRAVITY), MAX_SPEED);
      const position = Math.min(Math.max(from + velocity, MIN_POSITION), MAX_POSITION);
      if (position === MIN_POSITION && velocity < 0) velocity = 0;
      state.set([position, velocity]);
      return { reward: -1, terminated: position >= GOAL_POSITION && velocity >= goalVelocity };
    },
  }),
});
