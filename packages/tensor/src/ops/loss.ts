/** Losses of classifiers. */
import { requireFloat } from "../dtype.ts";
import { formatShape, ShapeError, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, neg } from "./elementwise.ts";
import { pick } from "./indexing.ts";
import { logSoftmax, mean, sum } from "./reduce.ts";

export interface CrossEntropyOptions {
  /** This much of each target's weight is spread evenly over all classes (Szegedy et al. 2016, PyTorch's label_smoothing). */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy in nats of the softmax of logits `[…, classes]`, one for each row: `[…]`.
 * @param targets classes as int64 or int32 `[…]`, or probabilities `[…, classes]` of the logits' type
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0 }: CrossEntropyOptions = {},
): Tensor {
  requireFloat("crossEntropy", logits.dtype);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new RangeError(`crossEntropy: labelSmoothing is ${labelSmoothing}; it must be from 0 to 1`);
  }
  const isSoft = targets.dtype === logits.dtype;
  if (!sameShape(targets.shape, isSoft ? logits.shape : logits.shape.slice(0, -1))) {
    throw new ShapeError(
      `crossEntropy: ${targets.dtype} targets ${formatShape(targets.shape)} do not fit logits ${formatShape(logits.shape)}`,
    );
  }
  const logProbabilities = logSoftmax(logits);
  const likelihood = isSoft ? sum(mul(logProbabilities, targets), -1) : pick(logProbabilities, targets);
  if (labelSmoothing === 0) return neg(likelihood);
  // Of targets that sum to one, as probabilities do.
  const even = mul(mean(logProbabilities, -1), labelSmoothing);
  return neg(add(mul(likelihood, 1 - labelSmoothing), even));
}
