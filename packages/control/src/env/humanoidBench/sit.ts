import type { Random } from "@era/tensor";
import { tolerance } from "../tolerance.ts";
import { H1 } from "./h1.ts";
import type { H1Rules, H1Task } from "./h1Task.ts";
import { smallControl, still, upright } from "./rewardTerms.ts";

/** Sit down on a chair that stands behind the robot, fixed. (humanoid_bench/envs/basic_locomotion_envs.py, Sit) */
export const sitSimple: H1Task = {
  name: "sit_simple",
  successBar: 750,
  observationSize: H1.positions + H1.velocities,
  create: sit,
};

/** As {@link sitSimple}, with a chair that can be pushed over, from a random place and direction in front of it. (SitHard) */
export const sitHard: H1Task = {
  name: "sit_hard",
  successBar: 750,
  observationSize: H1.positions + H1.velocities + 13,
  create: (robot) => ({
    ...sit(robot),
    begin(random: Random, qpos: Float64Array) {
      qpos[0] = random.uniform(0.2, 0.4);
      qpos[1] = random.uniform(-0.15, 0.15);
      const yaw = random.uniform(-1.8, 1.8);
      qpos.set([Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)], 3);
    },
  }),
};

function sit(robot: H1): H1Rules {
  const chair = robot.body("chair");
  return {
    reward() {
      const [chairX, chairY] = robot.bodyPosition(chair);
      const [, , imuHeight] = robot.imu;
      const sitting = tolerance(robot.position(2), { bounds: [0.68, 0.72], margin: 0.2 });
      const onChair =
        tolerance(robot.position(0) - chairX, { bounds: [-0.19, 0.19], margin: 0.2 }) *
        tolerance(robot.position(1) - chairY, { margin: 0.1 });
      const sittingPosture = tolerance(robot.headHeight - imuHeight, { bounds: [0.35, 0.45], margin: 0.3 });
      const erect = upright(robot, 0.95, 0.9);
      const sitReward = (0.5 * sitting + 0.5 * onChair) * erect * sittingPosture;
      const small = smallControl(robot);
      const dontMove = still(robot);
      return {
        reward: small * sitReward * dontMove,
        terms: { smallControl: small, sitReward, dontMove, sitting, upright: erect, sittingPosture },
      };
    },
    terminated: () => robot.position(2) < 0.5,
  };
}
