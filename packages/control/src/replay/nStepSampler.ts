import { createReplayBatch } from "./replayBatch.ts";
import type { ReplayBuffer } from "./replayBuffer.ts";
import { type Uint32Generator, uniformIndex } from "./uniformIndex.ts";

/** A batch of n-step transitions as a program is fed them; row `b` of every array is transition `b`. */
export interface NStepBatch {
  /** `[batch, observationSize]` */
  readonly observations: Float32Array;
  /** `[batch, actionSize]` */
  readonly actions: Float32Array;
  /** `[batch]`: the discounted sum of the rewards on the way to `nextObservations`. */
  readonly rewards: Float32Array;
  /** `[batch]`: what multiplies the value of `nextObservations`: discount^steps, 0 where that is a terminal state. */
  readonly discounts: Float32Array;
  /** `[batch, observationSize]` */
  readonly nextObservations: Float32Array;
}

export interface NStepOptions {
  readonly batchSize: number;
  /** Steps of a transition, at least 1. */
  readonly nStep: number;
  /** Discount per step. */
  readonly discount: number;
}

/**
 * A sampler of n-step transitions from the buffers of parallel environments, one buffer for each: an equal share of the batch comes from each
 * (up to one row), uniformly with replacement. A transition ends early where its episode ends, terminated or truncated, and at the newest
 * transition stored; it is discounted by the steps it has. (So does the official SimpleReplayBuffer once it is full; before, it does not begin
 * within n steps of the newest.)
 *
 * @returns a function that fills and returns the same batch at every call; which transitions are drawn depends on the generator's state and the buffers
 * alone
 */
export function nStepSampler(
  buffers: readonly [ReplayBuffer, ...ReplayBuffer[]],
  { batchSize, nStep, discount }: NStepOptions,
): (generator: Uint32Generator) => NStepBatch {
  const { observationSize, actionSize } = buffers[0];
  const batch = createReplayBatch(batchSize, observationSize, actionSize);
  const later = createReplayBatch(1, observationSize, actionSize);
  const { observations, actions, rewards, masks, nextObservations } = batch;
  const discounts = new Float32Array(batchSize);

  return (generator) => {
    for (let row = 0; row < batchSize; row++) {
      const buffer = buffers[row % buffers.length] ?? buffers[0];
      let last = buffer.oldest + uniformIndex(generator, buffer.size);
      buffer.read(last, batch, row);
      let reward = rewards[row] ?? 0;
      let factor = discount;
      for (let step = 1; step < nStep && masks[row] === 1; step++) {
        if (last + 1 >= buffer.count || !buffer.continues(last + 1)) break;
        last++;
        buffer.read(last, later, 0);
        reward += factor * (later.rewards[0] ?? 0);
        masks[row] = later.masks[0] ?? 0;
        nextObservations.set(later.nextObservations, row * observationSize);
        factor *= discount;
      }
      rewards[row] = reward;
      discounts[row] = factor * (masks[row] ?? 0);
    }
    return { observations, actions, rewards, discounts, nextObservations };
  };
}
