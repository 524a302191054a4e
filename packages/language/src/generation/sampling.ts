/** Choosing the next token. */
import { FailureError } from "@era/lab";
import type { Random } from "@era/tensor";

export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the likeliest token. */
  readonly temperature?: number;
  /** Only so many likeliest tokens (ties: the lower ones first). */
  readonly topK?: number;
  /** Of these, the fewest likeliest tokens that have this share of the probability together. */
  readonly topP?: number;
  /** Of these, those that are at least this share as likely as the likeliest (Nguyen et al. 2024, arXiv 2407.01082). */
  readonly minP?: number;
}

/** What the next token is drawn from: softmax(logits / temperature) over the whole vocabulary (at temperature 0: softmax(logits)). */
export interface Distribution {
  /** In any unit: they are divided by their sum. */
  readonly probabilities: Float32Array;
  /** The token with the largest logit, of several the first. */
  readonly likeliest: number;
}

export interface Choice {
  readonly token: number;
  /**
   * Of the token in nats, under the whole distribution: before the cuts of topK, topP and minP, as the losses of reinforcement learning
   * need it.
   */
  readonly logProbability: number;
}

/** @throws RangeError naming the option that is out of its range */
export function requireSampling({ temperature = 1, topK, topP = 1, minP = 0 }: SamplingOptions): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`temperature is ${temperature}; it must be at least 0`);
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    throw new RangeError(`topK is ${topK}; it must be a whole number from 1`);
  }
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP is ${topP}; it must be above 0 and at most 1`);
  if (!(minP >= 0 && minP <= 1)) throw new RangeError(`minP is ${minP}; it must be from 0 to 1`);
}

/**
 * One token. Draws one number of the generator unless the temperature is 0.
 * @throws FailureError where a probability is NaN or infinite, or all are 0
 */
export function sampleToken(
  { probabilities, likeliest }: Distribution,
  { temperature = 1, topK, topP = 1, minP = 0 }: SamplingOptions,
  random: Random,
): Choice {
  let mass = 0;
  for (let token = 0; token < probabilities.length; token++) mass += probabilities[token] ?? 0;
  const peak = probabilities[likeliest] ?? 0;
  if (!(mass > 0 && mass < Number.POSITIVE_INFINITY && peak > 0)) {
    throw new FailureError(
      "the logits of the next token are no numbers: the weights are damaged, or training diverged",
    );
  }
  const choice = (token: number): Choice => ({
    token,
    logProbability: Math.log((probabilities[token] ?? 0) / mass),
  });
  if (temperature === 0) return choice(likeliest);

  const u = random.nextUint32() / 2 ** 32;
  const isCut = topK !== undefined || topP < 1;
  if (!isCut && minP === 0) return choice(drawn(probabilities, u * mass));
  const all = isCut
    ? likeliestTokens(probabilities, peak, mass, topK ?? probabilities.length, topP)
    : Int32Array.from(probabilities.keys());
  const kept = all.filter((token) => (probabilities[token] ?? 0) >= minP * peak);
  const own = Float32Array.from(kept, (token) => probabilities[token] ?? 0);
  const total = own.reduce((sum, probability) => sum + probability, 0);
  return choice(kept[drawn(own, u * total)] ?? likeliest);
}

/** The place at which the running sum of probabilities passes the target: each with a probability in proportion to its own. */
function drawn(probabilities: Float32Array, target: number): number {
  let sum = 0;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const own = probabilities[i] ?? 0;
    if (own > 0) last = i;
    sum += own;
    if (sum > target) return i;
  }
  // Rounding left the target at the sum of all: the last that has a probability.
  return last;
}

/** The `most` likeliest tokens in falling order, and of these the fewest that have the share of their mass. */
function likeliestTokens(
  probabilities: Float32Array,
  peak: number,
  mass: number,
  most: number,
  share: number,
): Int32Array {
  // Sorting the vocabulary would take longer than the model: sort what is within a factor of the likeliest, and widen it until it is enough.
  const isLimited = most < probabilities.length;
  for (let factor = 1e-3; ; factor **= 2) {
    const least = factor * peak;
    const candidates: number[] = [];
    let covered = 0;
    for (let token = 0; token < probabilities.length; token++) {
      const own = probabilities[token] ?? 0;
      if (own < least) continue;
      candidates.push(token);
      covered += own;
    }
    const isEnough = candidates.length >= most || (!isLimited && covered >= share * mass);
    if (!isEnough && least > 0) continue;
    candidates.sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0) || a - b);
    const top = Int32Array.from(candidates.slice(0, most));
    if (share === 1) return top;
    const whole = isLimited ? top.reduce((sum, token) => sum + (probabilities[token] ?? 0), 0) : mass;
    let sum = 0;
    const end = top.findIndex((token) => {
      sum += probabilities[token] ?? 0;
      return sum >= share * whole;
    });
    return end < 0 ? top : top.slice(0, end + 1);
  }
}
