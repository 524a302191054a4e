import type { LocationScale } from "./distribution.ts";
import { STANDARD_NORMAL_ENTROPY } from "./distribution.ts";
import { inverseErf } from "./inverseErf.ts";
import type { Ops } from "./ops.ts";

/**
 * A product of independent normals, each truncated to the same interval. Per dimension, with location m and scale σ, the
 * density is `φ((x − m)/σ) / (σ·(Φ(b) − Φ(a)))` on [low, high], where `a = (low − m)/σ`, `b = (high − m)/σ`.
 */
export interface TruncatedNormal<T> {
  /**
   * A sample by inverse CDF. `uniform` has the location's shape `[…, D]` and values in [0, 1], ends included. The result lies
   * in [low, high] and carries the exact derivatives with respect to location and logStd (reparametrized: `uniform` fixed).
   * As in the official sampler, no sample is further than 4.75 scales from the location.
   */
  sample(uniform: T): T;
  /** Log-density in nats of `x` `[…, D]` in [low, high], summed over dimensions: `[…, 1]`. Not clamped. */
  logProb(x: T): T;
  /** Exact differential entropy in nats, summed over dimensions: `[…, 1]`. At most `D·log(high − low)`. */
  entropy(): T;
  /** The mean `[…, D]`. */
  mean(): T;
  /** The most likely point `[…, D]`, which is the location. */
  mode(): T;
}

/** The interval that a distribution is truncated to, the same for every dimension. */
export interface Support {
  readonly low: number;
  readonly high: number;
}

/**
 * The truncated normal policy of the official SAC-ERA (jaxrl/networks/policies.py, TruncatedNormal; sampling by inverse CDF).
 *
 * The location must lie in the support: then `a ≤ 0 ≤ b`, the interval's probability never cancels to 0 and no clamp is
 * needed. With a support of width 2 and logStd in [−20, 2], every result is finite in float32.
 *
 * The methods share their common terms, which are computed here: 9 operations. A sample adds 11, the polynomial among them, and
 * 17 more where its derivatives are used.
 *
 * Differences to the official code, all below its own rounding except the last: the location and the interval's ends are not
 * moved inwards by 1e-6; its two clamps of the probability are one; its clamp of each dimension's log-density to [−20, 20] is
 * left out, since it makes the density inexact.
 */
export function truncatedNormal<T>(
  ops: Ops<T>,
  { location, logStd }: LocationScale<T>,
  { low, high }: Support = { low: -1, high: 1 },
): TruncatedNormal<T> {
  // Distances are measured in units of σ√2, in which Φ is erf: α = a/√2, β = b/√2.
  const unit = ops.mul(Math.SQRT2, ops.exp(logStd));
  const alpha = ops.div(ops.sub(low, location), unit);
  const beta = ops.div(ops.sub(high, location), unit);
  const erfAlpha = ops.erf(alpha);
  const mass = ops.sub(ops.erf(beta), erfAlpha); // twice the interval's probability
  const logNormalizer = () => ops.log(ops.mul(unit, mass)); // log of 2√2·σ·(Φ(b) − Φ(a))
  const density = (x: T) => ops.exp(ops.mul(x, ops.mul(-1, x)));

  return {
    sample(uniform) {
      const t = inverseErf(ops, ops.add(erfAlpha, ops.mul(uniform, mass)));
      const value = ops.clip(ops.add(location, ops.mul(unit, t)), low, high);
      // Implicit differentiation of CDF(x; m, σ) = u: with ωₐ = (1 − u)·φ(a)/φ(z) and ω_b = u·φ(b)/φ(z),
      // ∂x/∂m = 1 − ωₐ − ω_b and ∂x/∂log σ = σ·(z − a·ωₐ − b·ω_b).
      const square = ops.mul(t, t);
      const weightLow = ops.mul(ops.sub(1, uniform), ops.exp(ops.sub(square, ops.mul(alpha, alpha))));
      const weightHigh = ops.mul(uniform, ops.exp(ops.sub(square, ops.mul(beta, beta))));
      const byLocation = ops.sub(ops.sub(1, weightLow), weightHigh);
      const pull = ops.add(ops.mul(alpha, weightLow), ops.mul(beta, weightHigh));
      const byLogStd = ops.mul(unit, ops.sub(t, pull));
      return ops.withDerivatives(value, [
        [location, byLocation],
        [logStd, byLogStd],
      ]);
    },

    logProb(x) {
      const t = ops.div(ops.sub(x, location), unit);
      return ops.sum(ops.sub(Math.log(2 / Math.sqrt(Math.PI)), ops.add(ops.mul(t, t), logNormalizer())));
    },

    entropy() {
      const edges = ops.sub(ops.mul(alpha, density(alpha)), ops.mul(beta, density(beta)));
      const shape = ops.div(edges, ops.mul(Math.sqrt(Math.PI), mass));
      const constant = STANDARD_NORMAL_ENTROPY - Math.log(2 * Math.SQRT2);
      return ops.sum(ops.add(ops.add(logNormalizer(), constant), shape));
    },

    mean() {
      const shift = ops.div(ops.sub(density(alpha), density(beta)), ops.mul(Math.sqrt(Math.PI), mass));
      return ops.add(location, ops.mul(unit, shift));
    },

    mode: () => location,
  };
}
