import type { Ops } from "./ops.ts";

/** The distribution over n classes with probabilities softmax(logits). */
export interface Categorical<T> {
  /** Log-probabilities of all classes in nats `[…, n]`, finite for finite logits. */
  logProbs(): T;
  /** Log-probability in nats `[…, 1]` of the classes that `oneHot` `[…, n]` marks (or the mean over a soft label). */
  logProb(oneHot: T): T;
  /** Entropy in nats `[…, 1]`. */
  entropy(): T;
}

/** A categorical distribution from its logits `[…, n]`, shifted by their maximum so that nothing overflows. */
export function categorical<T>(ops: Ops<T>, logits: T): Categorical<T> {
  const shifted = ops.sub(logits, ops.stopGradient(ops.max(logits)));
  const weights = ops.exp(shifted);
  const total = ops.sum(weights);
  const logProbs = () => ops.sub(shifted, ops.log(total));
  return {
    logProbs,
    logProb: (oneHot) => ops.sum(ops.mul(oneHot, logProbs())),
    entropy: () => ops.sub(ops.log(total), ops.div(ops.sum(ops.mul(weights, shifted)), total)),
  };
}
