/** Normalization of observations and rewards by running statistics, as CleanRL's PPO has it through Gymnasium's wrappers. */
import type { RunningMoments } from "./runningMoments.ts";

/** Added to variances (Gymnasium). */
export const normalizationEpsilon = 1e-8;
/** Normalized observations and rewards are clipped to ± this (CleanRL). */
export const normalizationClip = 10;

const clipped = (value: number): number => Math.min(Math.max(value, -normalizationClip), normalizationClip);

/**
 * Observations of many copies, brought to mean 0 and variance 1 and clipped (`NormalizeObservation`). All copies share one set of statistics, where
 * CleanRL has one for each copy: the policy is one, and so is what it sees.
 */
export class ObservationNormalizer {
  readonly #moments: RunningMoments;

  constructor(moments: RunningMoments) {
    this.#moments = moments;
  }

  /** Takes rows `[n, size]` into the statistics. */
  see(rows: Float32Array): void {
    this.#moments.add(rows);
  }

  /** Writes the normalized rows `[n, size]` to `out`. */
  normalize(rows: Float32Array, out: Float32Array): void {
    const { mean, variance } = this.#moments;
    const size = mean.length;
    for (let i = 0; i < size; i++) {
      const [centre, scale] = [mean[i] ?? 0, Math.sqrt((variance[i] ?? 0) + normalizationEpsilon)];
      for (let at = i; at < rows.length; at += size) out[at] = clipped(((rows[at] ?? 0) - centre) / scale);
    }
  }
}

/**
 * Rewards in units of the standard deviation of discounted returns, clipped (`NormalizeReward`; the mean is not subtracted). As in Gymnasium, a copy's
 * return so far is dropped in the step that terminates an episode and goes on where one is truncated: it is only a measure of scale.
 */
export class RewardNormalizer {
  readonly #moments: RunningMoments;
  readonly #returns: Float64Array;
  readonly #discount: number;

  /** @param returns discounted return so far of each copy `[count]`; zeros at the start */
  constructor(moments: RunningMoments, returns: Float64Array, discount: number) {
    this.#moments = moments;
    this.#returns = returns;
    this.#discount = discount;
  }

  /** Takes in a step's rewards `[count]` and writes them, normalized, to `out`. */
  normalize(rewards: Float64Array, terminated: Uint8Array, out: Float32Array): void {
    const returns = this.#returns;
    for (let i = 0; i < returns.length; i++) {
      const kept = terminated[i] ? 0 : this.#discount * (returns[i] ?? 0);
      returns[i] = kept + (rewards[i] ?? 0);
    }
    this.#moments.add(returns);
    const scale = Math.sqrt((this.#moments.variance[0] ?? 0) + normalizationEpsilon);
    for (let i = 0; i < returns.length; i++) out[i] = clipped((rewards[i] ?? 0) / scale);
  }
}
