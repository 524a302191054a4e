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

export interface Choice {
  readonly token: number;
  /**
   * Of the token in nats, under softmax(logits / temperature) over the whole vocabulary (at temperature 0: softmax(logits)): before the cuts of
   * topK, topP and minP, as the losses of reinforcement learning need it.
   */
  readonly logProbability: number;
  /** Of that same distribution, in nats. */
  readonly entropy: number;
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
 * One token by its logits. Draws one number of the generator unless the temperature is 0.
 * @throws FailureError where a logit is NaN or +∞, or none is finite
 */
export function sampleToken(
  logits: Float32Array,
  { temperature = 1, topK, topP = 1, minP = 0 }: SamplingOptions,
  random: Random,
): Choice {
  let best = 0;
  for (let token = 1; token < logits.length; token++) {
    if ((logits[token] ?? 0) > (logits[best] ?? 0)) best = token;
  }
  const peak = logits[best] ?? Number.NaN;
  const scale = temperature === 0 ? 1 : 1 / temperature;
  const weight = (token: number) => Math.exp(((logits[token] ?? 0) - peak) * scale);
  let mass = 0;
  let moment = 0;
  for (let token = 0; token < logits.length; token++) {
    const own = weight(token);
    mass += own;
    if (own > 0) moment += own * ((logits[token] ?? 0) - peak) * scale;
  }
  if (!Number.isFinite(peak) || !Number.isFinite(mass)) {
    throw new FailureError(
      "the logits of the next token are no numbers: the weights are damaged, or training diverged",
    );
  }
  const choice = (token: number): Choice => ({
    token,
    logProbability: ((logits[token] ?? 0) - peak) * scale - Math.log(mass),
    entropy: Math.log(mass) - moment / mass,
  });
  if (temperature === 0) return choice(best);

  const u = random.nextUint32() / 2 ** 32;
  const isCut = topK !== undefined || topP < 1;
  if (!isCut && minP === 0) return choice(drawn(logits.length, (i) => i, weight, u * mass));
  const kept = isCut ? likeliest(logits, weight, mass, topK ?? logits.length, topP) : [...logits.keys()];
  // The likeliest token has weight 1.
  const likely = minP === 0 ? kept : kept.filter((token) => weight(token) >= minP);
  const total = likely.reduce((sum, token) => sum + weight(token), 0);
  return choice(drawn(likely.length, (i) => likely[i] ?? best, weight, u * total));
}

/** The token at which the running sum of weights passes the target: each with a probability in proportion to its weight. */
function drawn(
  count: number,
  tokenAt: (index: number) => number,
  weight: (token: number) => number,
  target: number,
): number {
  let sum = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const token = tokenAt(i);
    const own = weight(token);
    if (own > 0) last = token;
    sum += own;
    if (sum > target) return token;
  }
  // Rounding left the target at the sum of all: the last that has a weight.
  return last;
}

/** The `most` likeliest tokens in falling order, and of these the fewest that have the share of their mass. */
function likeliest(
  logits: Float32Array,
  weight: (token: number) => number,
  mass: number,
  most: number,
  share: number,
): number[] {
  // Sorting the vocabulary would take longer than the model: sort what is within a factor of the likeliest, and widen it until it is enough.
  const isLimited = most < logits.length;
  for (let least = 1e-3; ; least **= 2) {
    const candidates: number[] = [];
    let covered = 0;
    for (let token = 0; token < logits.length; token++) {
      const own = weight(token);
      if (own < least) continue;
      candidates.push(token);
      covered += own;
    }
    const isEnough = candidates.length >= most || (!isLimited && covered >= share * mass);
    if (!isEnough && least > 0) continue;
    candidates.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
    const top = candidates.slice(0, most);
    if (share === 1) return top;
    const whole = isLimited ? top.reduce((sum, token) => sum + weight(token), 0) : mass;
    let sum = 0;
    const end = top.findIndex((token) => {
      sum += weight(token);
      return sum >= share * whole;
    });
    return end < 0 ? top : top.slice(0, end + 1);
  }
}
