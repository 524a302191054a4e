/** The loss of AugMix (Hendrycks et al. 2020): what a classifier says of versions of one image should agree. */
import {
  add,
  crossEntropy,
  formatShape,
  log,
  logSoftmax,
  maximum,
  mean,
  mul,
  reshape,
  ShapeError,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
} from "@era/tensor";

export interface JsdOptions {
  /** Versions of each image. */
  readonly splits: number;
  /** Weight of the divergence; 12 in the paper and in timm. */
  readonly alpha: number;
  /** Of the cross-entropy. */
  readonly labelSmoothing?: number;
}

/** What the mean distribution is at least (timm), so that its logarithm stays finite. */
const least = 1e-7;

/**
 * Cross-entropy of the first versions plus α times the Jensen–Shannon divergence of all versions' distributions, in nats, a scalar: timm's
 * JsdCrossEntropy.
 * @param logits `[splits · batch, classes]`: all images' first versions, then all their second ones …
 * @param labels classes `[batch]`, int64
 * @throws ShapeError where the logits are not those of so many versions of the labelled images
 */
export function jsdCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  { splits, alpha, labelSmoothing = 0 }: JsdOptions,
): Tensor {
  const [rows, classes = 0] = logits.shape;
  const [batch = 0] = labels.shape;
  if (typeof batch !== "number" || rows !== splits * batch) {
    throw new ShapeError(
      `jsdCrossEntropy: logits ${formatShape(logits.shape)} are not ${splits} versions of ${formatShape(labels.shape)} images`,
    );
  }
  const versions = reshape(logits, [splits, batch, classes]);
  const probabilities = softmax(versions);
  const mixture = log(maximum(mean(probabilities, 0), least));
  const divergence = sum(mul(probabilities, sub(logSoftmax(versions), mixture)), -1);
  return add(mean(crossEntropy(slice(logits, 0, 0, batch), labels, { labelSmoothing })), mul(mean(divergence), alpha));
}
