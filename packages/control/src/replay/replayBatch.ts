/** A batch of transitions as a program is fed them; row `b` of every array is transition `b`. */
export interface ReplayBatch {
  /** `[batch, observationSize]` */
  readonly observations: Float32Array;
  /** `[batch, actionSize]` */
  readonly actions: Float32Array;
  /** `[batch]` */
  readonly rewards: Float32Array;
  /** `[batch]`: 0 where the transition ended in a terminal state, else 1; multiplies the bootstrapped value. */
  readonly masks: Float32Array;
  /** `[batch, observationSize]` */
  readonly nextObservations: Float32Array;
}

/** Allocates a zeroed batch of `batchSize` transitions. */
export function createReplayBatch(batchSize: number, observationSize: number, actionSize: number): ReplayBatch {
  return {
    observations: new Float32Array(batchSize * observationSize),
    actions: new Float32Array(batchSize * actionSize),
    rewards: new Float32Array(batchSize),
    masks: new Float32Array(batchSize),
    nextObservations: new Float32Array(batchSize * observationSize),
  };
}
