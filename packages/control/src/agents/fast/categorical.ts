/**
 * Values as categorical distributions over equally spaced returns, the atoms (C51: Bellemare et al. 2017), as FastTD3 and FastSAC learn
 * them (official fast_td3.py, DistributionalQNetwork).
 */
import {
  add,
  cast,
  clip,
  constant,
  div,
  floor,
  logSoftmax,
  mul,
  neg,
  stopGradient,
  sub,
  sum,
  type Tensor,
  takeAlong,
  vjp,
} from "@era/tensor";

export interface Support {
  /** At least 2. */
  readonly atoms: number;
  /** The returns that the first and the last atom stand for. */
  readonly low: number;
  readonly high: number;
}

const spacing = ({ atoms, low, high }: Support): number => (high - low) / (atoms - 1);

/** The returns that the atoms stand for, `[atoms]`. */
export function atomValues(support: Support): Tensor {
  const { atoms, low } = support;
  return constant(
    Array.from({ length: atoms }, (_, i) => low + i * spacing(support)),
    [atoms],
  );
}

/** The mean `[…, 1]` of distributions `[…, atoms]`. */
export const expectation = (probabilities: Tensor, support: Support): Tensor =>
  sum(mul(probabilities, atomValues(support)), -1, true);

/**
 * The returns `[batch, atoms]` that the atoms of the next state become: r + γ·z, cut off at the support's ends.
 * @param rewards `[batch, 1]`
 * @param discounts `[batch, 1]`, 0 where nothing follows
 */
export const shiftedAtoms = (rewards: Tensor, discounts: Tensor, support: Support): Tensor =>
  clip(add(rewards, mul(discounts, atomValues(support))), support.low, support.high);

/**
 * Distributions `[batch, atoms]` over the support that put each probability, now at the return `shifted` `[batch, atoms]`, on the two
 * atoms beside it, so that the mean stays. This is the transpose of linear interpolation at `shifted`, and written so: its gradient is the
 * scattering sum. Nothing is differentiated through it.
 */
export function project(probabilities: Tensor, shifted: Tensor, support: Support): Tensor {
  const last = support.atoms - 1;
  const position = clip(div(sub(shifted, support.low), spacing(support)), 0, last);
  // The last atom is the upper one of the last pair.
  const lower = clip(floor(position), 0, last - 1);
  const fraction = sub(position, lower);
  const below = cast(lower, "int64");
  const above = cast(add(lower, 1), "int64");
  const table = stopGradient(probabilities);
  const interpolated = add(mul(takeAlong(table, below), sub(1, fraction)), mul(takeAlong(table, above), fraction));
  const [projected] = vjp([interpolated], [probabilities], [table]) as [Tensor];
  return stopGradient(projected);
}

/** Cross-entropy `[…, 1]` in nats of logits `[…, atoms]` to target distributions `[…, atoms]`; both broadcast. */
export const crossEntropy = (logits: Tensor, target: Tensor): Tensor =>
  neg(sum(mul(target, logSoftmax(logits)), -1, true));
