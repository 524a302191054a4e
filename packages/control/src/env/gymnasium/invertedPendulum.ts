import { z } from "zod";
import { invertedPendulum } from "../models/invertedPendulum.ts";
import { defineRobot } from "../robot.ts";
import { frameSkip, noiseScale, xmlFile } from "./options.ts";
import { addUniform, append } from "./vectors.ts";

/** The pole has fallen beyond this angle (rad). */
const MAX_ANGLE = 0.2;

/** InvertedPendulum-v5: keep the pole up. Reward: 1 per step until it falls. (gymnasium/envs/mujoco/inverted_pendulum_v5.py) */
export const invertedPendulumV5 = defineRobot({
  id: "InvertedPendulum-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: 950,
  observationSize: 4,
  actionSize: 1,
  actionBound: 3,
  model: invertedPendulum,
  options: z.strictObject({ xmlFile, frameSkip: frameSkip(2), resetNoiseScale: noiseScale(0.01) }),

  task: (simulation, options) => ({
    frameSkip: options.frameSkip,
    observationSize: simulation.nq + simulation.nv,

    perturb(random, qpos, qvel) {
      addUniform(random, qpos, options.resetNoiseScale);
      addUniform(random, qvel, options.resetNoiseScale);
    },

    observe(out) {
      const { qpos, qvel } = simulation.fields;
      append(out, append(out, 0, qpos), qvel);
    },

    resetInfo: () => ({}),

    step(_action, advance) {
      advance();
      const terminated = Math.abs(simulation.fields.qpos[1] ?? 0) > MAX_ANGLE;
      const reward = terminated ? 0 : 1;
      return { reward, terminated, info: { rewardSurvive: reward } };
    },
  }),
});
