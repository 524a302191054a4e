import { z } from "zod";
import { halfCheetah } from "../models/halfCheetah.ts";
import { defineRobot } from "../robot.ts";
import { flag, frameSkip, noiseScale, weight, xmlFile } from "./options.ts";
import { addNormal, addUniform, append, sumOfSquares } from "./vectors.ts";

/** HalfCheetah-v5: run forward. Reward: velocity − control cost. Never terminates. (gymnasium/envs/mujoco/half_cheetah_v5.py) */
export const halfCheetahV5 = defineRobot({
  id: "HalfCheetah-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: 4800,
  observationSize: 17,
  actionSize: 6,
  actionBound: 1,
  model: halfCheetah,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(5),
    forwardRewardWeight: weight(1, "weight of the forward velocity (m/s)"),
    ctrlCostWeight: weight(0.1, "weight of the squared action"),
    resetNoiseScale: noiseScale(0.1),
    excludeCurrentPositionsFromObservation: flag(true, "leave x out of the observation"),
  }),

  task(simulation, options) {
    const dt = simulation.timestep * options.frameSkip;
    const skipped = options.excludeCurrentPositionsFromObservation ? 1 : 0;
    const x = () => simulation.fields.qpos[0] ?? 0;
    return {
      frameSkip: options.frameSkip,
      observationSize: simulation.nq + simulation.nv - skipped,

      perturb(random, qpos, qvel) {
        addUniform(random, qpos, options.resetNoiseScale);
        addNormal(random, qvel, options.resetNoiseScale);
      },

      observe(out) {
        const { qpos, qvel } = simulation.fields;
        append(out, append(out, 0, qpos, skipped), qvel);
      },

      resetInfo: () => ({ xPosition: x() }),

      step(action, advance) {
        const before = x();
        advance();
        const xPosition = x();
        const xVelocity = (xPosition - before) / dt;
        const rewardForward = options.forwardRewardWeight * xVelocity;
        const rewardCtrl = -options.ctrlCostWeight * sumOfSquares(action);
        const info = { xPosition, xVelocity, rewardForward, rewardCtrl };
        return { reward: rewardForward + rewardCtrl, terminated: false, info };
      },
    };
  },
});
