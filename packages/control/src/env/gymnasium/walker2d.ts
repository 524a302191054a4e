import { z } from "zod";
import { walker2d } from "../models/walker2d.ts";
import { defineRobot } from "../robot.ts";
import { flag, frameSkip, noiseScale, range, weight, xmlFile } from "./options.ts";
import { inside, planarWalker } from "./planarWalker.ts";

/** Walker2d-v5: walk forward on two legs. Reward: velocity + healthy − control cost. (gymnasium/envs/mujoco/walker2d_v5.py) */
export const walker2dV5 = defineRobot({
  id: "Walker2d-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: null,
  observationSize: 17,
  actionSize: 6,
  actionBound: 1,
  model: walker2d,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(4),
    forwardRewardWeight: weight(1, "weight of the forward velocity (m/s)"),
    ctrlCostWeight: weight(1e-3, "weight of the squared action"),
    healthyReward: weight(1, "reward per step while healthy"),
    terminateWhenUnhealthy: flag(true, "end the episode when unhealthy"),
    healthyZRange: range(0.8, 2, "healthy heights of the torso (m)"),
    healthyAngleRange: range(-1, 1, "healthy pitch of the torso (rad)"),
    resetNoiseScale: noiseScale(5e-3),
    excludeCurrentPositionsFromObservation: flag(true, "leave x out of the observation"),
  }),

  task: (simulation, options) =>
    planarWalker(
      simulation,
      options,
      (qpos) => inside(qpos[1] ?? 0, options.healthyZRange) && inside(qpos[2] ?? 0, options.healthyAngleRange),
    ),
});
