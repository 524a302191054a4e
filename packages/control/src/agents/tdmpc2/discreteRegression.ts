/** Regression of rewards and values as classification (official common/math.py): bins equally spaced in symlog space. */
import {
  abs,
  add,
  clip,
  constant,
  div,
  exp,
  log,
  logSoftmax,
  mul,
  neg,
  type Operand,
  relu,
  sign,
  softmax,
  sub,
  sum,
  type Tensor,
} from "@era/tensor";

export interface Bins {
  /** At least 2. */
  readonly count: number;
  /** Symlog of the first and of the last bin. */
  readonly low: number;
  readonly high: number;
}

const spacing = ({ count, low, high }: Bins): number => (high - low) / (count - 1);

const numbers = ({ count }: Bins): Operand =>
  constant(
    Array.from({ length: count }, (_, i) => i),
    [count],
  );

/** sign(x)·log(1 + |x|). */
export const symlog = (x: Tensor): Tensor => mul(sign(x), log(add(abs(x), 1)));

/** sign(x)·(e^|x| − 1), the inverse of {@link symlog}. */
export const symexp = (x: Tensor): Tensor => mul(sign(x), sub(exp(abs(x)), 1));

/**
 * Weights `[…, bins]` of the two bins next to symlog(x), x `[…, 1]`, such that their mean is symlog(x); beyond the last bin, all on it.
 * Written as a hat function of the distance to each bin, which needs no indices.
 */
export function twoHot(x: Tensor, bins: Bins): Tensor {
  const position = div(sub(clip(symlog(x), bins.low, bins.high), bins.low), spacing(bins));
  return relu(sub(1, abs(sub(position, numbers(bins)))));
}

/** The number `[…, 1]` that logits `[…, bins]` stand for: symexp of their mean bin. */
export function twoHotInverse(logits: Tensor, bins: Bins): Tensor {
  const centres = add(mul(numbers(bins), spacing(bins)), bins.low);
  return symexp(sum(mul(softmax(logits), centres), -1, true));
}

/** Cross-entropy `[…, 1]` in nats of logits `[…, bins]` to the two-hot encoding of `target` `[…, 1]`; both broadcast. */
export const softCrossEntropy = (logits: Tensor, target: Tensor, bins: Bins): Tensor =>
  neg(sum(mul(logSoftmax(logits), twoHot(target, bins)), -1, true));
