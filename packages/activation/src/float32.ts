/**
 * How far below its exact floor an activation evaluated in float32 can fall: the entropy, in exact arithmetic, of the distribution whose parameters are
 * the float32 results. THEORY.md, proposition 8, has the derivation and the assumptions on the runtime: +, −, ×, ÷ round correctly, tanh stays within
 * ±1, a softmax's elements lie in [0, 1] and come from one common divisor, and `lambertInverseOfTerms` and `paperInverse` err by at most 1e-6 relative.
 */
import type { ResolvedGaussian } from "./gaussianSpec.ts";
import { lambertInverseOfTerms, paperInverse } from "./lambert.ts";
import { ndArray, referenceOps } from "./reference.ts";
import type { ResolvedSoftmax } from "./softmaxSpec.ts";

/** Half a unit in the last place of float32, relative. */
const ROUNDOFF = 2 ** -24;

/** Largest relative error of the inverses of h in float32. */
const INVERSE_ERROR = 1e-6;

/**
 * The margin of a bounded Gaussian in nats, all dimensions together. The budget spent is off by the softmax's sum (D + 5 roundings), each log σ by two roundings,
 * the bound on a squashed mean by two; an entropy follows log σ with at most slope max(1, 1.6·σ − 1), and a squashed mean with at most 2.
 */
export function gaussianFloat32Margin(gaussian: ResolvedGaussian): number {
  const { kind, actionDim, logStdMin, logStdMax, meanBound, maxDelta, delta } = gaussian;
  const budget = maxDelta - (gaussian.learnsDelta ? 0 : delta);
  const largest = Math.max(Math.abs(logStdMin), Math.abs(logStdMax));
  const slope = kind === "truncated" ? 1 : Math.max(1, 1.6 * Math.exp(logStdMax) - 1);
  const spent = budget * (actionDim + 5) + 2 * actionDim * largest;
  const location = kind === "squashed" && meanBound < Number.POSITIVE_INFINITY ? 4 * actionDim * meanBound : 0;
  return ROUNDOFF * (slope * spent + location);
}

/**
 * The margin of a softmax activation in nats. An error of the softmax's sum costs nothing (the one-hot input stays the worst); what remains are the errors of the
 * new logits, which move the entropy by at most half the logits' range times the largest of them.
 */
export function softmaxFloat32Margin({ slope, offset, inverse }: ResolvedSoftmax): number {
  const top = slope + offset;
  const [high = 0, low = 0] = (inverse === "lambert" ? lambertInverseOfTerms : paperInverse)(
    referenceOps,
    // An offset of 0 (nothing promised) has the logit −∞; float32's smallest number stands for it.
    ndArray([top, Math.max(offset, 1e-45)]),
  ).data;
  // h is off by 4 roundings, which either inverse magnifies to less than 4 times as many, absolute, for h ≤ log(4)/4.
  const error = INVERSE_ERROR * Math.abs(low) + 16 * ROUNDOFF;
  return (error * (high - low)) / 2;
}
