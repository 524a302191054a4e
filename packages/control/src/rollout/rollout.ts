/** What many copies of an environment went through in a number of steps, as on-policy algorithms learn from it. */

export interface RolloutSizes {
  /** Steps of each copy. */
  readonly steps: number;
  /** Copies of the environment. */
  readonly count: number;
  readonly observationSize: number;
  readonly actionSize: number;
}

/** All arrays are row-major with the time first, `[steps, count, …]`; observations and rewards as the agent sees them. */
export interface Rollout extends RolloutSizes {
  /** What was acted on. */
  readonly observations: Float32Array;
  /** What each action led to: at an episode's end its last observation, not the next one's first. */
  readonly nextObservations: Float32Array;
  /** As the policy drew them. */
  readonly actions: Float32Array;
  readonly rewards: Float32Array;
  /** 1 where the task ended. */
  readonly terminated: Uint8Array;
  /** 1 where the episode was cut. */
  readonly truncated: Uint8Array;
}

/** A rollout of zeros, to be filled. */
export function createRollout(sizes: RolloutSizes): Rollout {
  const { steps, count, observationSize, actionSize } = sizes;
  const rows = steps * count;
  return {
    ...sizes,
    observations: new Float32Array(rows * observationSize),
    nextObservations: new Float32Array(rows * observationSize),
    actions: new Float32Array(rows * actionSize),
    rewards: new Float32Array(rows),
    terminated: new Uint8Array(rows),
    truncated: new Uint8Array(rows),
  };
}
