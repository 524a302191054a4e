/**
 * Running normalization of observations inside the graph (official fast_td3_utils.py, EmpiricalNormalization). Its statistics are state, as
 * parameters are: updates see their batches, exported policies hold them, and nothing passes over a large batch on the host (PPO, which
 * normalizes what it acts on as it comes, does that in `rollout/normalization.ts`).
 */
import { add, div, mean, mul, type State, sqrt, square, sub, type Tensor } from "@era/tensor";

/** Keeps elements that hardly vary from being blown up. */
const epsilon = 1e-2;

/** Mean and variance `[observationSize]` of what was seen, and how many observations that were `[]`. */
interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly count: Tensor;
}

export interface GraphNormalizer {
  /** Observations `[batch, observationSize]` with about mean 0 and deviation 1. */
  normalize(observations: Tensor): Tensor;
  /** The normalizer after it has seen these observations. */
  seeing(observations: Tensor): GraphNormalizer;
  /** What a program must write to keep what it has seen. */
  readonly updates: readonly (readonly [variable: Tensor, value: Tensor])[];
}

/** A normalizer that has seen nothing, with its variables in `state`. */
export function graphNormalizer(state: State, observationSize: number): GraphNormalizer {
  const variables: Moments = {
    mean: state.variable("normalizer.mean", 0, [observationSize]),
    variance: state.variable("normalizer.variance", 1, [observationSize]),
    // In float32 it stops growing at 2²⁴ batches: from there on it forgets, very slowly.
    count: state.variable("normalizer.count", 0),
  };
  return normalizerOf(variables, variables);
}

/** One that leaves observations as they are. */
export const noNormalizer: GraphNormalizer = {
  normalize: (observations) => observations,
  seeing: () => noNormalizer,
  updates: [],
};

function normalizerOf(moments: Moments, variables: Moments): GraphNormalizer {
  return {
    normalize: (observations) => div(sub(observations, moments.mean), add(sqrt(moments.variance), epsilon)),
    seeing: (observations) => normalizerOf(merged(moments, observations), variables),
    updates:
      moments === variables
        ? []
        : [
            [variables.mean, moments.mean],
            [variables.variance, moments.variance],
            [variables.count, moments.count],
          ],
  };
}

/**
 * The moments of all that was seen before and of a batch (Chan et al. 1979), in fractions, so that no sum grows. The official code takes the
 * difference to the *new* mean for the variance, which makes it a little too small; this is the variance.
 */
function merged({ mean: before, variance, count }: Moments, observations: Tensor): Moments {
  const size = Number(observations.shape[0]);
  const batchMean = mean(observations, 0);
  const batchVariance = mean(square(sub(observations, batchMean)), 0);
  const total = add(count, size);
  const share = div(size, total);
  const rest = div(count, total);
  const difference = sub(batchMean, before);
  return {
    mean: add(before, mul(difference, share)),
    variance: add(add(mul(variance, rest), mul(batchVariance, share)), mul(square(difference), mul(rest, share))),
    count: total,
  };
}
