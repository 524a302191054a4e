import { z } from "zod";
import { invertedDoublePendulum } from "../models/invertedDoublePendulum.ts";
import { defineRobot } from "../robot.ts";
import { frameSkip, noiseScale, weight, xmlFile } from "./options.ts";
import { addNormal, addUniform, appendClipped } from "./vectors.ts";

/** Velocities and the constraint force are observed within this bound. */
const MAX_OBSERVED = 10;

/**
 * InvertedDoublePendulum-v5: keep two poles up. Reward: healthy − distance of the tip from (0, 2) − angular velocities, until the tip is no higher than 1 m.
 * (gymnasium/envs/mujoco/inverted_double_pendulum_v5.py)
 */
export const invertedDoublePendulumV5 = defineRobot({
  id: "InvertedDoublePendulum-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: 9100,
  observationSize: 9,
  actionSize: 1,
  actionBound: 1,
  model: invertedDoublePendulum,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(5),
    healthyReward: weight(10, "reward per step while the tip is up"),
    resetNoiseScale: noiseScale(0.1),
  }),

  task: (simulation, { frameSkip, healthyReward, resetNoiseScale }) => ({
    frameSkip,
    observationSize: 9,

    perturb(random, qpos, qvel) {
      addUniform(random, qpos, resetNoiseScale);
      addNormal(random, qvel, resetNoiseScale);
    },

    observe(out) {
      const { qpos, qvel, qfrc_constraint } = simulation.fields;
      out[0] = qpos[0] ?? 0;
      for (let i = 1; i < 3; i++) {
        out[i] = Math.sin(qpos[i] ?? 0);
        out[i + 2] = Math.cos(qpos[i] ?? 0);
      }
      const next = appendClipped(out, 5, qvel, -MAX_OBSERVED, MAX_OBSERVED);
      appendClipped(out, next, qfrc_constraint.subarray(0, 1), -MAX_OBSERVED, MAX_OBSERVED);
    },

    resetInfo: () => ({}),

    step(_action, advance) {
      advance();
      const { site_xpos, qvel } = simulation.fields;
      const [x = 0, , z = 0] = site_xpos;
      const [, v1 = 0, v2 = 0] = qvel;
      const terminated = z <= 1;
      const distance = 0.01 * x ** 2 + (z - 2) ** 2;
      const velocity = 1e-3 * v1 ** 2 + 5e-3 * v2 ** 2;
      const survive = terminated ? 0 : healthyReward;
      const info = { rewardSurvive: survive, distancePenalty: -distance, velocityPenalty: -velocity };
      return { reward: survive - distance - velocity, terminated, info };
    },
  }),
});
