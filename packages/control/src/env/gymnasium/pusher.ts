import { z } from "zod";
import { pusher } from "../models/pusher.ts";
import { defineRobot } from "../robot.ts";
import { bodyNumber, offsetBetween } from "./bodies.ts";
import { frameSkip, weight, xmlFile } from "./options.ts";
import { addUniform, append, sumOfSquares } from "./vectors.ts";

/** Joints of the arm; what follows in qpos are the object's and the goal's coordinates. */
const ARM_JOINTS = 7;
/** The object begins at least this far from the goal (m). */
const LEAST_DISTANCE = 0.17;

/**
 * Pusher-v5: push an object to its goal. Reward: −distances of object to goal and of the fingertips to the object − control cost; it never ends by itself.
 * (gymnasium/envs/mujoco/pusher_v5.py)
 */
export const pusherV5 = defineRobot({
  id: "Pusher-v5",
  maxEpisodeSteps: 100,
  rewardThreshold: 0,
  observationSize: 23,
  actionSize: 7,
  actionBound: 2,
  model: pusher,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(5),
    rewardNearWeight: weight(0.5, "weight of the distance between fingertips and object (m)"),
    rewardDistWeight: weight(1, "weight of the distance between object and goal (m)"),
    rewardControlWeight: weight(0.1, "weight of the squared action"),
  }),

  task(simulation, { frameSkip, rewardNearWeight, rewardDistWeight, rewardControlWeight }) {
    const tips = bodyNumber(simulation, "Pusher-v5", "tips", "tips_arm");
    const object = bodyNumber(simulation, "Pusher-v5", "object");
    const goal = bodyNumber(simulation, "Pusher-v5", "goal");
    const near = offsetBetween(simulation, object, tips);
    const far = offsetBetween(simulation, object, goal);
    return {
      frameSkip,
      observationSize: 2 * ARM_JOINTS + 9,

      perturb(random, qpos, qvel) {
        let [y, x] = [0, 0];
        while (Math.hypot(x, y) <= LEAST_DISTANCE) {
          y = random.uniform(-0.3, 0);
          x = random.uniform(-0.2, 0.2);
        }
        qpos.set([y, x, 0, 0], ARM_JOINTS);
        addUniform(random, qvel, 0.005);
        qvel.fill(0, ARM_JOINTS);
      },

      observe(out) {
        const { qpos, qvel, xpos } = simulation.fields;
        let end = append(out, 0, qpos.subarray(0, ARM_JOINTS));
        end = append(out, end, qvel.subarray(0, ARM_JOINTS));
        for (const body of [tips, object, goal]) end = append(out, end, xpos.subarray(3 * body, 3 * body + 3));
      },

      resetInfo: () => ({}),

      step(action, advance) {
        advance();
        const rewardNear = -Math.sqrt(sumOfSquares(near())) * rewardNearWeight;
        const rewardDist = -Math.sqrt(sumOfSquares(far())) * rewardDistWeight;
        const rewardCtrl = -sumOfSquares(action) * rewardControlWeight;
        const reward = rewardDist + rewardCtrl + rewardNear;
        return { reward, terminated: false, info: { rewardDist, rewardCtrl, rewardNear } };
      },
    };
  },
});
