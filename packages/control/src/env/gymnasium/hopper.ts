import { z } from "zod";
import { hopper } from "../models/hopper.ts";
import { defineRobot } from "../robot.ts";
import { flag, frameSkip, noiseScale, range, weight, xmlFile } from "./options.ts";
import { inside, planarWalker } from "./planarWalker.ts";

/** Hopper-v5: hop forward without falling. Reward: velocity + healthy − control cost. (gymnasium/envs/mujoco/hopper_v5.py) */
export const hopperV5 = defineRobot({
  id: "Hopper-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: 3800,
  observationSize: 11,
  actionSize: 3,
  actionBound: 1,
  model: hopper,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(4),
    forwardRewardWeight: weight(1, "weight of the forward velocity (m/s)"),
    ctrlCostWeight: weight(1e-3, "weight of the squared action"),
    healthyReward: weight(1, "reward per step while healthy"),
    terminateWhenUnhealthy: flag(true, "end the episode when unhealthy"),
    healthyStateRange: range(-100, 100, "healthy values of pitch, joint angles and all velocities"),
    healthyZRange: range(0.7, Infinity, "healthy heights of the torso (m)"),
    healthyAngleRange: range(-0.2, 0.2, "healthy pitch of the torso (rad)"),
    resetNoiseScale: noiseScale(5e-3),
    excludeCurrentPositionsFromObservation: flag(true, "leave x out of the observation"),
  }),

  task(simulation, options) {
    const { healthyStateRange, healthyZRange, healthyAngleRange } = options;
    return planarWalker(simulation, options, (qpos, qvel) => {
      if (!inside(qpos[1] ?? 0, healthyZRange) || !inside(qpos[2] ?? 0, healthyAngleRange)) return false;
      for (let i = 2; i < qpos.length; i++) if (!inside(qpos[i] ?? 0, healthyStateRange)) return false;
      for (let i = 0; i < qvel.length; i++) if (!inside(qvel[i] ?? 0, healthyStateRange)) return false;
      return true;
    });
  },
});
