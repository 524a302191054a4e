import { lambertInverseOfTerms, paperInverse } from "./lambert.ts";
import type { Ops } from "./ops.ts";
import type { ResolvedSoftmax } from "./softmaxSpec.ts";

/**
 * The softmax activation (paper, discrete spaces; official timm/models/resnet.py, ERA): logits z to logits z' whose softmax has at least
 * the target entropy, `z'_i = h⁻¹(slope·softmax(z)_i + offset)` with h(x) = −x·eˣ on x ≤ −1.
 *
 * Permutation-equivariant; the order of the logits is kept. (The official code also subtracts each row's minimum, which changes
 * nothing that follows.)
 *
 * @param softmax from {@link resolveSoftmax}
 * @param logits `[…, n]`
 * @returns `[…, n]`, every element at most −log 4; use them like any logits (cross-entropy, sampling)
 */
export function softmaxActivation<T>(ops: Ops<T>, softmax: ResolvedSoftmax, logits: T): T {
  const h = ops.add(ops.mul(ops.softmax(logits), softmax.slope), softmax.offset);
  return softmax.inverse === "lambert" ? lambertInverseOfTerms(ops, h) : paperInverse(ops, h);
}
