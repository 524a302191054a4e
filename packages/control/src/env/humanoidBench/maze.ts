import { tolerance } from "../tolerance.ts";
import { H1 } from "./h1.ts";
import type { H1Task } from "./h1Task.ts";
import { smallControl, standing, upright } from "./rewardTerms.ts";

/** Speed (m/s) asked for along the present direction. */
const MOVE_SPEED = 2;

interface Stage {
  /** Where to go (m). */
  readonly checkpoint: readonly [x: number, y: number];
  readonly direction: readonly [x: number, y: number];
}

/** The first stage's checkpoint is where the robot starts; in the last stage there is nothing left to reach. */
const lastStage: Stage = { checkpoint: [6, 6], direction: [0, 1] };
const stages: readonly Stage[] = [
  { checkpoint: [0, 0], direction: [1, 0] },
  { checkpoint: [3, 0], direction: [1, 0] },
  { checkpoint: [3, 6], direction: [0, 1] },
  { checkpoint: [6, 6], direction: [1, 0] },
  lastStage,
];

/** Walk through a maze from checkpoint to checkpoint without touching its walls. (humanoid_bench/envs/maze.py) */
export const maze: H1Task = {
  name: "maze",
  successBar: 1200,
  observationSize: H1.positions + H1.velocities,
  create(robot) {
    const firstWall = robot.geom("block_collision_00");
    const pelvis = robot.body("pelvis");
    /** The stage reached. */
    const memory = new Float64Array(1);
    const number = () => memory[0] ?? 0;
    const stage = () => stages[number()] ?? lastStage;

    /** Goes on to the next stage where the checkpoint is reached; returns the reward for that. */
    const advanceStage = () => {
      const [x, y] = robot.bodyPosition(pelvis);
      if (stage() === lastStage || distance(x, y, stage().checkpoint) >= 0.4) return 0;
      memory[0] = number() + 1;
      return 100 * number();
    };

    return {
      memory,
      begin: () => memory.fill(0),
      reward() {
        const standReward = standing(robot) * upright(robot);
        const small = smallControl(robot);
        const touched = robot.simulation.someContact((geom1, geom2) => geom1 >= firstWall || geom2 >= firstWall);
        const wallCollisionDiscount = touched ? 0.1 : 1;
        const stageConvertReward = advanceStage();
        const { checkpoint, direction } = stage();
        const [forward, left] = robot.velocity;
        const alongX = speedTolerance(forward - direction[0] * MOVE_SPEED);
        const alongY = speedTolerance(left - direction[1] * MOVE_SPEED);
        const move = (5 * (stage() === lastStage ? 1 : alongX * alongY) + 1) / 6;
        const [imuX, imuY] = robot.imu;
        const checkpointProximityReward = tolerance(distance(imuX, imuY, checkpoint), { margin: 1 });
        return {
          reward:
            (0.2 * (standReward * small) + 0.4 * move + 0.4 * checkpointProximityReward) * wallCollisionDiscount +
            stageConvertReward,
          terms: {
            standReward,
            smallControl: small,
            move,
            wallCollisionDiscount,
            stageConvertReward,
            checkpointProximityReward,
            successSubtasks: number(),
          },
        };
      },
      terminated: () => robot.position(2) < 0.2,
    };
  },
};

/** 1 where a velocity is as asked for, linearly less up to a difference of 1 m/s. */
function speedTolerance(difference: number): number {
  return tolerance(difference, { margin: 1, valueAtMargin: 0, sigmoid: "linear" });
}

function distance(x: number, y: number, [checkpointX, checkpointY]: readonly [number, number]): number {
  return Math.hypot(x - checkpointX, y - checkpointY);
}
