import type { LocationScale } from "./distribution.ts";
import type { ResolvedGaussian } from "./gaussianSpec.ts";
import type { Operand, Ops } from "./ops.ts";

/** A Gaussian head's raw network outputs. */
export interface RawGaussian<T> {
  /** μ̂ `[…, D]` */
  readonly mean: T;
  /** ŝ `[…, D]` */
  readonly logStd: T;
}

/**
 * The bounded Gaussian activation (paper, continuous control; official jaxrl/networks/policies.py, NormalTanhPolicy):
 *
 * `log σ_i = max(logStdMax + k·softmax(ŝ)_i, logStdMin)`, `k = H₀ + δ − D·c − D·logStdMax ≤ 0`, c = ½·log(2πe),
 *
 * so that before clipping `Σ log σ_i + D·c`, the Gaussian's entropy, is H₀ + δ whatever the network says. The location is tanh(μ̂)
 * (truncated), μ̂, or `meanBound·tanh(μ̂/meanBound)` (squashed). Feed the result to `truncatedNormal` or `tanhNormal`.
 *
 * Permutation-equivariant over dimensions. No gradient reaches a dimension's ŝ through its own clip.
 *
 * @param gaussian from {@link resolveGaussian}
 * @param raw both `[…, D]`
 * @param learnedDelta δ̂ in nats `[1]` (or any shape that broadcasts), for a spec with `delta: "learned"`. It is clipped to
 *   [0, maxDelta] and receives no gradient from here: {@link deltaLoss} alone trains it.
 * @returns location and logStd `[…, D]`
 * @throws if a learned δ is missing, or given where the spec does not ask for one.
 */
export function boundedGaussian<T>(
  ops: Ops<T>,
  gaussian: ResolvedGaussian,
  raw: RawGaussian<T>,
  learnedDelta?: T,
): LocationScale<T> {
  const { kind, logStdMin, logStdMax, meanBound, maxDelta } = gaussian;
  if (gaussian.learnsDelta !== (learnedDelta !== undefined)) {
    const problem = gaussian.learnsDelta
      ? "needs its learned delta as last argument"
      : "has a constant delta, not a learned one";
    throw new Error(`boundedGaussian: the spec ${problem}`);
  }
  // k = H₀ + δ − D·c − D·logStdMax, and maxDelta is the δ at which it vanishes.
  const k: Operand<T> =
    learnedDelta === undefined
      ? gaussian.delta - maxDelta
      : ops.sub(ops.stopGradient(ops.clip(learnedDelta, 0, maxDelta)), maxDelta);
  const logStd = ops.add(ops.mul(ops.softmax(raw.logStd), k), logStdMax);
  return {
    location: boundedLocation(ops, raw.mean, kind === "truncated" ? 1 : meanBound),
    logStd: ops.clip(logStd, logStdMin, Number.POSITIVE_INFINITY),
  };
}

/** `bound·tanh(x/bound)`: the identity near 0, within ±bound everywhere. */
function boundedLocation<T>(ops: Ops<T>, x: T, bound: number): T {
  if (bound === Number.POSITIVE_INFINITY) return x;
  return bound === 1 ? ops.tanh(x) : ops.mul(bound, ops.tanh(ops.div(x, bound)));
}

/**
 * The loss of the learned δ̂ (paper): `δ̂·(H[π(·|s)] − H₀)` for each state, whose mean is to be descended. δ̂ grows while the policy's entropy is
 * below the target and shrinks while it is above. Keep δ̂ itself in [0, maxDelta] after each step, or it goes on growing out of reach.
 *
 * @param learnedDelta δ̂ `[1]`
 * @param entropy the exact entropy of the policy at each state `[…, 1]`, all dimensions together; no gradient reaches it
 * @returns `[…, 1]`
 */
export function deltaLoss<T>(ops: Ops<T>, gaussian: ResolvedGaussian, learnedDelta: T, entropy: T): T {
  return ops.mul(learnedDelta, ops.sub(ops.stopGradient(entropy), gaussian.target));
}
