import type { Info } from "../env.ts";
import type { Task } from "../mujocoEnv.ts";
import type { Simulation } from "../simulation.ts";
import { addUniform, append, appendClipped, sumOfSquares } from "./vectors.ts";

/** Gymnasium observes the velocities of Hopper and Walker2d clipped to ±10. */
const MAX_OBSERVED_VELOCITY = 10;

/** The options that Hopper and Walker2d share. */
export interface PlanarWalkerOptions {
  readonly frameSkip: number;
  readonly forwardRewardWeight: number;
  readonly ctrlCostWeight: number;
  readonly healthyReward: number;
  readonly terminateWhenUnhealthy: boolean;
  readonly resetNoiseScale: number;
  readonly excludeCurrentPositionsFromObservation: boolean;
}

/**
 * The task of Hopper and Walker2d: go forward in the plane without falling. They differ in what counts as healthy.
 *
 * @param isHealthy Whether the robot is upright, from qpos (x, height, pitch, joints) and qvel.
 */
export function planarWalker(
  simulation: Simulation,
  options: PlanarWalkerOptions,
  isHealthy: (qpos: Float64Array, qvel: Float64Array) => boolean,
): Task {
  const dt = simulation.timestep * options.frameSkip;
  const skipped = options.excludeCurrentPositionsFromObservation ? 1 : 0;
  const initialHeight = (simulation.model.qpos0 as Float64Array)[1] ?? 0;
  const x = () => simulation.fields.qpos[0] ?? 0;
  const resetInfo = () => ({ xPosition: x(), zDistanceFromOrigin: (simulation.fields.qpos[1] ?? 0) - initialHeight });

  return {
    frameSkip: options.frameSkip,
    observationSize: simulation.nq + simulation.nv - skipped,

    perturb(random, qpos, qvel) {
      addUniform(random, qpos, options.resetNoiseScale);
      addUniform(random, qvel, options.resetNoiseScale);
    },

    observe(out) {
      const { qpos, qvel } = simulation.fields;
      appendClipped(out, append(out, 0, qpos, skipped), qvel, -MAX_OBSERVED_VELOCITY, MAX_OBSERVED_VELOCITY);
    },

    resetInfo,

    step(action, advance) {
      const before = x();
      advance();
      const xVelocity = (x() - before) / dt;
      const healthy = isHealthy(simulation.fields.qpos, simulation.fields.qvel);
      const rewardForward = options.forwardRewardWeight * xVelocity;
      const rewardSurvive = healthy ? options.healthyReward : 0;
      const rewardCtrl = -options.ctrlCostWeight * sumOfSquares(action);
      const info: Info = { ...resetInfo(), xVelocity, rewardForward, rewardCtrl, rewardSurvive };
      const terminated = !healthy && options.terminateWhenUnhealthy;
      return { reward: rewardForward + rewardSurvive + rewardCtrl, terminated, info };
    },
  };
}

/** Whether `value` lies strictly between the ends of a range. */
export function inside(value: number, [low, high]: readonly [number, number]): boolean {
  return low < value && value < high;
}
