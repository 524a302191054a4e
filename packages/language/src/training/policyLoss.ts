/**
 * The loss of a policy whose responses were sampled before: PPO's clipped objective over tokens with GRPO's advantages, as DAPO takes it (mean
 * over all tokens, no reference model), with the entropy methods. The arithmetic is that of ERA's fork of verl (`workers/actor/dp_actor.py`,
 * `trainer/ppo/core_algos.py`); fixtures/make_policy_losses.py repeats it in PyTorch.
 */
import { resolveSequence, responseEntropy } from "@era/activation";
import {
  abs,
  add,
  and,
  cast,
  clip,
  constant,
  div,
  equal,
  exp,
  floor,
  greater,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  neg,
  type Operand,
  reshape,
  sort,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tensorOps,
  where,
} from "@era/tensor";
import type { ClipRange, EntropyMethod } from "./entropyMethod.ts";
import { activationFactor } from "./tokenScores.ts";

/** All `[batch, T]` float32, where nothing else is said. */
export interface PolicyLossInputs {
  /** Of `tokenScores` with the method's `methodScoring`. */
  readonly logProb: Tensor;
  readonly entropy: Tensor;
  /** Log-probabilities when the responses were sampled, of the same `methodScoring`; left out: those of this moment (the first step after sampling). */
  readonly oldLogProb?: Tensor;
  /** The advantage of its response at each token. */
  readonly advantages: Tensor;
  /** 1 at the responses' tokens that count, 0 elsewhere. DAPO's overlong filtering is a mask without the responses that were cut off. */
  readonly responseMask: Tensor;
  /**
   * What sums over tokens and over responses are divided by; default: the tokens and responses in `responseMask`. For micro-batches whose
   * gradients are averaged (`accumulate`): the whole batch's tokens and responses, each divided by the number of micro-batches, so that the
   * average is the whole batch's token mean.
   */
  readonly totals?: { readonly tokens: Operand; readonly responses: Operand };
  /** Uniform random numbers, for "clip-cov": which tokens are left out. */
  readonly noise?: Tensor;
}

/** Scalars. Named in the official code as in parentheses. */
export interface PolicyMetrics {
  /** The loss without the entropy bonus (pg_loss). */
  readonly policyLoss: Tensor;
  /** Share of tokens where the clipped ratio, or Clip-Cov, decided (pg_clipfrac). */
  readonly clipFraction: Tensor;
  /** Share of tokens that the dual clip cut (pg_clipfrac_lower). */
  readonly dualClipFraction: Tensor;
  /** Mean of old − new log-probability, for "kl-cov" of its magnitude (ppo_kl). */
  readonly kl: Tensor;
  /** Mean entropy of the tokens, nats (entropy). */
  readonly entropy: Tensor;
  /** Mean over responses of the mean entropy of their tokens of highest entropy (high_entropy_mean). */
  readonly topEntropy: Tensor;
  /** The mean entropy of all other tokens, as the official code estimates it from the two (low_entropy_mean). */
  readonly restEntropy: Tensor;
  /** Share of responses whose top entropy is below ω_low (low_entropy_frac), between the two (mid_…), above ω_high (high_…). */
  readonly lowFraction: Tensor;
  readonly midFraction: Tensor;
  readonly highFraction: Tensor;
  /** Share of tokens that ERA's factor is on, or KL-Cov's penalty, or that Clip-Cov leaves out; 0 for the other methods. */
  readonly touchedFraction: Tensor;
}

/** Keeps exp finite; the official code does so in PPO's loss, and we in all. */
const largestLogRatio = 20;

/**
 * The loss to be minimized, a scalar, and what to log of it.
 * @throws Error where "clip-cov" has no noise
 */
export function policyLoss(
  method: EntropyMethod,
  inputs: PolicyLossInputs,
): { readonly loss: Tensor; readonly metrics: PolicyMetrics } {
  const { logProb, entropy, oldLogProb = stopGradient(logProb), responseMask } = inputs;
  const tokens = inputs.totals?.tokens ?? sum(responseMask);
  const mean = (x: Tensor): Tensor => div(sum(mul(x, responseMask)), tokens);
  const logRatio = clip(sub(logProb, oldLogProb), -largestLogRatio, largestLogRatio);

  const { losses, clipped, dualClipped, touched } = tokenLosses(method, inputs, logRatio);
  const objective = mean(losses);
  const meanEntropy = mean(entropy);
  const loss = method.name === "bonus" ? sub(objective, mul(meanEntropy, method.coefficient)) : objective;

  const zero = constant(0);
  const metrics: PolicyMetrics = {
    policyLoss: objective,
    clipFraction: clipped ? mean(clipped) : zero,
    dualClipFraction: dualClipped ? mean(dualClipped) : zero,
    kl: mean(method.name === "kl-cov" ? abs(logRatio) : neg(logRatio)),
    entropy: meanEntropy,
    ...responseMetrics(method, inputs, meanEntropy),
    touchedFraction: touched ? mean(touched) : zero,
  };
  return { loss, metrics };
}

/** Of each token `[batch, T]`: its loss, and 1 where something was done to it. */
interface TokenLosses {
  readonly losses: Tensor;
  readonly clipped?: Tensor;
  readonly dualClipped?: Tensor;
  readonly touched?: Tensor;
}

function tokenLosses(method: EntropyMethod, inputs: PolicyLossInputs, logRatio: Tensor): TokenLosses {
  const { advantages, responseMask, entropy } = inputs;
  switch (method.name) {
    case "none":
    case "bonus":
    case "clip-higher":
      return clippedLosses(advantages, logRatio, method.clip);
    case "era": {
      const factor = activationFactor({ spec: method.sequence, advantages, responseMask }, entropy);
      const touched = sub(1, float(equal(factor, 1)));
      return { ...clippedLosses(method.scale ? div(advantages, factor) : advantages, logRatio, method.clip), touched };
    }
    case "kl-cov": {
      const { covariance, isValid } = covariances(inputs);
      const count = largestCount(responseMask, method.share);
      const touched = float(isAmongLargest(where(isValid, covariance, lowest), count));
      const plain = neg(mul(advantages, exp(logRatio)));
      return { losses: add(plain, mul(mul(abs(logRatio), touched), method.coefficient)), touched };
    }
    case "clip-cov": {
      if (!inputs.noise) throw new Error("policyLoss: clip-cov needs noise, to draw the tokens that it leaves out");
      const { covariance, isValid } = covariances(inputs);
      const { plain, bounded } = bounds(advantages, logRatio, method.clip);
      const isInside = and(less(covariance, method.high), greater(covariance, method.low));
      const isEligible = and(and(isInside, isValid), lessEqual(bounded, plain));
      const count = largestCount(responseMask, method.share);
      const drawn = and(isAmongLargest(where(isEligible, inputs.noise, lowest), count), isEligible);
      const touched = float(drawn);
      return { losses: mul(maximum(plain, bounded), sub(1, touched)), clipped: touched, touched };
    }
  }
}

/** Of each token the plain loss −A·ratio, and the one with the clipped ratio. */
function bounds(advantages: Tensor, logRatio: Tensor, { low, high }: ClipRange): { plain: Tensor; bounded: Tensor } {
  const ratio = exp(logRatio);
  const weights = neg(advantages);
  return { plain: mul(weights, ratio), bounded: mul(weights, clip(ratio, 1 - low, 1 + high)) };
}

/** PPO's clipped losses with the dual clip (Ye et al. 2020): where A < 0 a token's loss is at most dual·|A|. */
function clippedLosses(advantages: Tensor, logRatio: Tensor, range: ClipRange): TokenLosses {
  const { plain, bounded } = bounds(advantages, logRatio, range);
  const worse = maximum(plain, bounded);
  const most = mul(advantages, -range.dual);
  const isNegative = less(advantages, 0);
  return {
    losses: where(isNegative, minimum(most, worse), worse),
    clipped: float(greater(bounded, plain)),
    dualClipped: float(and(greater(worse, most), isNegative)),
  };
}

/** Below any covariance and any noise. */
const lowest = -1e30;

/**
 * Each token's part of the covariance of advantage and log-probability (arXiv 2505.22617, equation 9): the product of their deviations from
 * the mean over all valid tokens. Without gradient.
 */
function covariances({ logProb, advantages, responseMask }: PolicyLossInputs): { covariance: Tensor; isValid: Tensor } {
  const count = maximum(sum(responseMask), 1);
  const deviation = (x: Tensor) => sub(x, div(sum(mul(x, responseMask)), count));
  return {
    covariance: stopGradient(mul(deviation(advantages), deviation(logProb))),
    isValid: less(0, responseMask),
  };
}

/** ⌊share·tokens⌋, at least 1. The addition is for products that are whole but for float32's rounding. */
const largestCount = (responseMask: Tensor, share: number): Tensor =>
  maximum(floor(add(mul(sum(responseMask), share), 1e-4)), 1);

/** Whether each element is among the `count` largest of all (a scalar, float32); of equal elements the first. */
function isAmongLargest(x: Tensor, count: Tensor): Tensor {
  const { indices } = sort(reshape(x, [-1]), { descending: true });
  const { indices: ranks } = sort(indices);
  return less(reshape(float(ranks), x.shape), count);
}

const float = (x: Tensor): Tensor => cast(x, "float32");

type ResponseMetrics = Pick<
  PolicyMetrics,
  "topEntropy" | "restEntropy" | "lowFraction" | "midFraction" | "highFraction"
>;

/** What the official code logs of responses' entropies, for every method, so that runs compare: ERA's thresholds, or their defaults. */
function responseMetrics(method: EntropyMethod, inputs: PolicyLossInputs, meanEntropy: Tensor): ResponseMetrics {
  const { entropy, responseMask, totals } = inputs;
  const spec = method.name === "era" ? method.sequence : resolveSequence();
  const nats = responseEntropy(tensorOps, spec, stopGradient(entropy), responseMask);
  const isResponse = float(less(0, sum(responseMask, -1, true)));
  const responses = totals?.responses ?? maximum(sum(isResponse), 1);
  const mean = (x: Tensor): Tensor => div(sum(mul(x, isResponse)), responses);
  const topEntropy = mean(nats);
  const lowFraction = mean(float(less(nats, spec.low)));
  const highFraction = mean(float(less(spec.high, nats)));
  const midFraction = sub(mean(isResponse), add(lowFraction, highFraction));
  const top = spec.topFraction;
  const restEntropy = top < 1 ? mul(sub(meanEntropy, mul(topEntropy, top)), 1 / (1 - top)) : topEntropy;
  return { topEntropy, restEntropy, lowFraction, midFraction, highFraction };
}
