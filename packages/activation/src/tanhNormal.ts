import type { LocationScale } from "./distribution.ts";
import { STANDARD_NORMAL_ENTROPY } from "./distribution.ts";
import type { Ops } from "./ops.ts";
import type { NormalQuadrature } from "./quadrature.ts";
import { normalQuadrature } from "./quadrature.ts";

const DEFAULT_RULE = normalQuadrature(16, 5.5);

/** The product of independent distributions of `tanh(x)`, x normal: the squashed Gaussian policy of SAC, on (−1, 1). */
export interface TanhNormal<T> {
  /**
   * A sample `tanh(m + σ·noise)` `[…, D]` from standard normal `noise` of that shape, and its log-density in nats `[…, 1]`.
   * The density is computed from the noise, so it stays exact and finite where tanh rounds to ±1.
   */
  sample(noise: T): { readonly action: T; readonly logProb: T };
  /**
   * Log-density in nats of actions `[…, D]`, summed over dimensions: `[…, 1]`. Actions are clipped to ±(1 − 1e-6), beyond
   * which float32 does not tell what was sampled; where the sample's noise is at hand, `sample` is exact.
   */
  logProb(action: T): T;
  /**
   * Differential entropy in nats, summed over dimensions: `[…, 1]`. By quadrature over the underlying normal, 8 operations
   * for each pair of nodes; the default rule (16 pairs) errs by less than 1e-6 per dimension for σ ≤ 1, 1e-3 for σ ≤ 4 and
   * 0.02 for σ ≤ e², up to which float32 stays finite. Unbounded below as |location| grows.
   */
  entropy(rule?: NormalQuadrature): T;
  /** `tanh(location)` `[…, D]`: the action for evaluation (not the density's maximum, which may lie elsewhere). */
  mode(): T;
}

/** log(1 − tanh²(x)) = 2·(log 2 − |x| − log(1 + e^(−2|x|))), without overflow or cancellation; `action` is tanh(x). */
function logSlopeOfTanh<T>(ops: Ops<T>, x: T, action: T): T {
  const twice = ops.sub(ops.mul(2, x), ops.mul(4, ops.clip(x, 0, Number.POSITIVE_INFINITY))); // −2|x|
  const value = ops.sub(twice, ops.mul(2, ops.log(ops.add(1, ops.exp(twice)))));
  return ops.withDerivatives(ops.add(value, 2 * Math.LN2), [[x, ops.mul(-2, action)]]);
}

/** The tanh-squashed normal with the given location and logStd of the underlying normal (Haarnoja et al. 2018, appendix C). */
export function tanhNormal<T>(ops: Ops<T>, { location, logStd }: LocationScale<T>): TanhNormal<T> {
  const std = ops.exp(logStd);
  const density = (noise: T, x: T, action: T) => {
    const normal = ops.add(ops.mul(ops.mul(noise, noise), 0.5), logStd);
    const logs = ops.add(ops.add(normal, logSlopeOfTanh(ops, x, action)), 0.5 * Math.log(2 * Math.PI));
    return ops.sum(ops.mul(-1, logs));
  };
  return {
    sample(noise) {
      const x = ops.add(location, ops.mul(std, noise));
      const action = ops.tanh(x);
      return { action, logProb: density(noise, x, action) };
    },

    logProb(action) {
      const inside = ops.clip(action, -1 + 1e-6, 1 - 1e-6);
      const x = ops.mul(0.5, ops.log(ops.div(ops.add(1, inside), ops.sub(1, inside))));
      return density(ops.div(ops.sub(x, location), std), x, inside);
    },

    entropy(rule = DEFAULT_RULE) {
      // H = H[N(m, σ)] + E[log(1 − tanh²(m + σε))]. The rule's nodes come in pairs ±ε, and with r = |m|, d = σε:
      // cosh(r + d)·cosh(r − d) = ¼·e^(2r + 2d)·(e + q)·(1 + e·q), where e = e^(−2d), q = e^(−2r); no factor overflows.
      const distance = ops.sub(ops.mul(2, ops.clip(location, 0, Number.POSITIVE_INFINITY)), location);
      const q = ops.exp(ops.mul(-2, distance));
      const logCosh = rule.pairs.map(([node, weight]) => {
        const e = ops.exp(ops.mul(-2 * node, std));
        return ops.mul(weight, ops.log(ops.mul(ops.add(e, q), ops.add(1, ops.mul(e, q)))));
      });
      const total = logCosh.reduce((sum, term) => ops.add(sum, term));
      const linear = ops.add(distance, ops.mul(rule.meanDistance, std));
      const expectation = ops.mul(-2, ops.add(total, linear)); // of log(1 − tanh²), less the constant 2·log 2
      return ops.sum(ops.add(ops.add(logStd, STANDARD_NORMAL_ENTROPY + 2 * Math.LN2), expectation));
    },

    mode: () => ops.tanh(location),
  };
}
