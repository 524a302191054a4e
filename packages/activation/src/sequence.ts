import type { Ops } from "./ops.ts";

/** The settings of the activation for language-model RL. */
export interface SequenceSpec {
  readonly kind?: "sequence";
  /** ω_low in nats: below it, a response's tokens with positive advantage are sharpened. Official: 0.45. */
  readonly low?: number;
  /** ω_high in nats: above it, they are flattened. Official: 3. */
  readonly high?: number;
  /** k > 1, the factor on the logits. Official: 2. */
  readonly factor?: number;
  /** The share of a response's tokens, those of highest entropy, that its entropy is the mean of. Official: 0.2. */
  readonly topFraction?: number;
}

/** A checked {@link SequenceSpec}, defaults filled in; made by {@link resolveSequence} only. */
export type ResolvedSequence = Required<Omit<SequenceSpec, "kind">>;

/**
 * Checks a spec and fills in the official defaults.
 * @throws one line that names the value and what is allowed.
 */
export function resolveSequence(spec: SequenceSpec = {}): ResolvedSequence {
  const { low = 0.45, high = 3, factor = 2, topFraction = 0.2 } = spec;
  if (!(low >= 0 && low < high)) throw new Error(`sequence: low ${low} and high ${high} must satisfy 0 ≤ low < high`);
  if (!(factor > 1 && Number.isFinite(factor)))
    throw new Error(`sequence: factor is ${factor}; it must be greater than 1`);
  if (!(topFraction > 0 && topFraction <= 1)) {
    throw new Error(`sequence: topFraction is ${topFraction}; it must lie in (0, 1]`);
  }
  return { low, high, factor, topFraction };
}

/**
 * The response entropy H_resp (paper, LLM section; official verl/workers/actor/dp_actor.py): the mean entropy of a response's
 * `max(1, ⌊topFraction·length⌋)` tokens of highest entropy. 0 for an empty response.
 *
 * @param tokenEntropy nats `[batch, T]`; what padding holds does not matter
 * @param responseMask 1 at the response's tokens and 0 elsewhere `[batch, T]`
 * @returns nats `[batch, 1]`
 */
export function responseEntropy<T>(
  ops: Ops<T>,
  { topFraction }: ResolvedSequence,
  tokenEntropy: T,
  responseMask: T,
): T {
  const sorted = ops.topK(ops.where(ops.less(0, responseMask), tokenEntropy, 0), Number.POSITIVE_INFINITY);
  const count = ops.clip(ops.mul(ops.sum(responseMask), topFraction), 1, Number.POSITIVE_INFINITY);
  // A rank r belongs to the top if r + 1 ≤ ⌊count⌋, which is the same as r + 1 ≤ count.
  const chosen = ops.where(ops.less(count, ops.add(ops.positions(sorted), 1)), 0, 1);
  return ops.div(ops.sum(ops.mul(sorted, chosen)), ops.sum(chosen));
}

/**
 * The factor of the sequence activation (paper, LLM section) for each token: with positive advantage, k in a response whose
 * entropy is below ω_low and 1/k in one above ω_high; 1 for every other token. In the policy update, and when its old
 * log-probabilities are computed, logits are multiplied by it (`z' = factor·z`) and, optionally, advantages divided (`A' = A/factor`).
 * Sampling never changes. The factor carries no gradient.
 *
 * @param entropy H_resp in nats, broadcasting to the advantages (`[batch, 1]`)
 * @param advantages `[batch, T]`; to multiply logits `[batch, T, vocabulary]`, give both a last axis of size 1
 * @returns the advantages' shape
 */
export function sequenceFactor<T>(ops: Ops<T>, spec: ResolvedSequence, entropy: T, advantages: T): T {
  const { low, high, factor } = spec;
  const rule = ops.where(ops.less(entropy, low), factor, ops.where(ops.less(high, entropy), 1 / factor, 1));
  return ops.where(ops.less(0, advantages), rule, 1);
}

/** The values that {@link sequenceFactor} takes. */
export const sequenceFactors = ({ factor }: ResolvedSequence): readonly number[] => [1 / factor, 1, factor];

/** What a token outside the top logits gets as log-probability; the official constant. */
const OUTSIDE_TOP = -1e4;

/**
 * Log-probabilities over the `k` largest logits only (official verl/utils/torch_functional.py, logprobs_from_logits_topk, k = 20).
 * A token outside them gets −10⁴ and no gradient. (Logits that tie with the k-th count as inside; the official code picks among them.)
 *
 * @param logits `[…, vocabulary]`
 * @param tokenLogit the logit of the token in question `[…, 1]`
 * @param k at least 1
 * @returns nats `[…, 1]`
 */
export function topKLogProb<T>(ops: Ops<T>, logits: T, tokenLogit: T, k = 20): T {
  const top = ops.topK(logits, k);
  const largest = ops.stopGradient(ops.max(top));
  const smallest = ops.mul(-1, ops.max(ops.mul(-1, top)));
  const logTotal = ops.add(ops.log(ops.sum(ops.exp(ops.sub(top, largest)))), largest);
  return ops.where(ops.less(tokenLogit, smallest), OUTSIDE_TOP, ops.sub(tokenLogit, logTotal));
}
