import { z } from "zod";
import { swimmer } from "../models/swimmer.ts";
import { defineRobot } from "../robot.ts";
import { flag, frameSkip, noiseScale, weight, xmlFile } from "./options.ts";
import { addUniform, append, sumOfSquares } from "./vectors.ts";

/** Swimmer-v5: swim forward. Reward: velocity − control cost; it never ends by itself. (gymnasium/envs/mujoco/swimmer_v5.py) */
export const swimmerV5 = defineRobot({
  id: "Swimmer-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: 360,
  observationSize: 8,
  actionSize: 2,
  actionBound: 1,
  model: swimmer,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(4),
    forwardRewardWeight: weight(1, "weight of the forward velocity (m/s)"),
    ctrlCostWeight: weight(1e-4, "weight of the squared action"),
    resetNoiseScale: noiseScale(0.1),
    excludeCurrentPositionsFromObservation: flag(true, "leave x and y out of the observation"),
  }),

  task(simulation, options) {
    const { frameSkip, forwardRewardWeight, ctrlCostWeight, resetNoiseScale } = options;
    const skipped = options.excludeCurrentPositionsFromObservation ? 2 : 0;
    const position = () => {
      const [x = 0, y = 0] = simulation.fields.qpos;
      return { xPosition: x, yPosition: y, distanceFromOrigin: Math.sqrt(x * x + y * y) };
    };
    return {
      frameSkip,
      observationSize: simulation.nq + simulation.nv - skipped,

      perturb(random, qpos, qvel) {
        addUniform(random, qpos, resetNoiseScale);
        addUniform(random, qvel, resetNoiseScale);
      },

      observe(out) {
        const { qpos, qvel } = simulation.fields;
        append(out, append(out, 0, qpos, skipped), qvel);
      },

      resetInfo: position,

      step(action, advance) {
        const before = position();
        advance();
        const after = position();
        const seconds = simulation.timestep * frameSkip;
        const xVelocity = (after.xPosition - before.xPosition) / seconds;
        const yVelocity = (after.yPosition - before.yPosition) / seconds;
        const rewardForward = forwardRewardWeight * xVelocity;
        const cost = ctrlCostWeight * sumOfSquares(action);
        const info = { ...after, xVelocity, yVelocity, rewardForward, rewardCtrl: -cost };
        return { reward: rewardForward - cost, terminated: false, info };
      },
    };
  },
});
