import { H1 } from "./h1.ts";
import type { H1Task } from "./h1Task.ts";

/** Where a goal may be (m). */
const goalLow = [-2, -2, 0.2] as const;
const goalHigh = [2, 2, 2] as const;

/** Bring the left hand to a random point, which is in the observation after the hand's position. (humanoid_bench/envs/reach.py) */
export const reach: H1Task = {
  name: "reach",
  successBar: 12000,
  observationSize: H1.positions + H1.velocities + 6,
  create(robot) {
    const goal = new Float64Array(3);
    const firstBody = 1;
    return {
      memory: goal,
      begin(random) {
        for (const axis of [0, 1, 2] as const) goal[axis] = random.uniform(goalLow[axis], goalHigh[axis]);
      },
      observeMore(out, offset) {
        out.set(robot.leftHand, offset);
        out.set(goal, offset + 3);
      },
      reward() {
        const handDist = Math.hypot(...robot.leftHand.map((position, axis) => position - (goal[axis] ?? 0)));
        const { xmat, qvel } = robot.simulation.fields;
        const healthyReward = 5 * (xmat[9 * firstBody + 8] ?? 0);
        const motionPenalty = qvel.reduce((sum, velocity) => sum + velocity * velocity, 0);
        const rewardClose = handDist < 1 ? 5 : 0;
        const rewardSuccess = handDist < 0.05 ? 10 : 0;
        return {
          reward: healthyReward - 0.0001 * motionPenalty + rewardClose + rewardSuccess,
          terms: { handDist, healthyReward, motionPenalty, rewardClose, rewardSuccess },
        };
      },
      terminated: () => false,
    };
  },
};
