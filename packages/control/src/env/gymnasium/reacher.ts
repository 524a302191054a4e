import { z } from "zod";
import { reacher } from "../models/reacher.ts";
import { defineRobot } from "../robot.ts";
import { bodyNumber, offsetBetween } from "./bodies.ts";
import { frameSkip, weight, xmlFile } from "./options.ts";
import { addUniform, sumOfSquares } from "./vectors.ts";

/** Targets lie within this distance of the middle (m). */
const REACH = 0.2;

/** Reacher-v5: bring the fingertip to a target. Reward: −distance − control cost; it never ends by itself. (gymnasium/envs/mujoco/reacher_v5.py) */
export const reacherV5 = defineRobot({
  id: "Reacher-v5",
  maxEpisodeSteps: 50,
  rewardThreshold: -3.75,
  observationSize: 10,
  actionSize: 2,
  actionBound: 1,
  model: reacher,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(2),
    rewardDistWeight: weight(1, "weight of the distance (m)"),
    rewardControlWeight: weight(1, "weight of the squared action"),
  }),

  task(simulation, { frameSkip, rewardDistWeight, rewardControlWeight }) {
    const fingertip = bodyNumber(simulation, "Reacher-v5", "fingertip");
    const offset = offsetBetween(simulation, fingertip, bodyNumber(simulation, "Reacher-v5", "target"));
    return {
      frameSkip,
      observationSize: 10,

      perturb(random, qpos, qvel) {
        addUniform(random, qpos, 0.1);
        let [x, y] = [REACH, REACH];
        while (Math.hypot(x, y) >= REACH) {
          x = random.uniform(-REACH, REACH);
          y = random.uniform(-REACH, REACH);
        }
        qpos.set([x, y], qpos.length - 2);
        addUniform(random, qvel, 0.005);
        qvel.fill(0, qvel.length - 2);
      },

      observe(out) {
        const { qpos, qvel } = simulation.fields;
        for (let i = 0; i < 2; i++) {
          out[i] = Math.cos(qpos[i] ?? 0);
          out[i + 2] = Math.sin(qpos[i] ?? 0);
          out[i + 4] = qpos[i + 2] ?? 0;
          out[i + 6] = qvel[i] ?? 0;
          out[i + 8] = offset()[i] ?? 0;
        }
      },

      resetInfo: () => ({}),

      step(action, advance) {
        advance();
        const rewardDist = -Math.sqrt(sumOfSquares(offset())) * rewardDistWeight;
        const rewardCtrl = -sumOfSquares(action) * rewardControlWeight;
        return { reward: rewardDist + rewardCtrl, terminated: false, info: { rewardDist, rewardCtrl } };
      },
    };
  },
});
