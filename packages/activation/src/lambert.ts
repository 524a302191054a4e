import type { Ops } from "./ops.ts";

/** 1/e as the nearest float64 and the remainder, so that x + 1/e is exact near the branch point. */
const INVERSE_E = 0.36787944117144233;
const INVERSE_E_REMAINDER = -1.2428753672788363e-17;

/**
 * The second real branch of Lambert's W, `W₋₁(x) ≤ −1` with `W·e^W = x`, for x in [−1/e, 0) to 1e-14 relative, the branch
 * point included (the float64 nearest to −1/e counts as it). −∞ at 0; NaN outside [−1/e, 0].
 */
export function lambertWm1(x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === -INVERSE_E) return -1; // the nearest float64 lies just outside
  // W = −1 − v where v − log(1 + v) = u = −1 − log(−x) ≥ 0: a well-conditioned equation, convex in v.
  const fromBranch = x + INVERSE_E + INVERSE_E_REMAINDER;
  if (!(fromBranch >= 0 && x < 0)) return Number.NaN;
  const u = x < -0.25 ? -Math.log1p(-Math.E * fromBranch) : -1 - Math.log(-x);
  let v = Math.sqrt(2 * u) + 0.75 * u;
  for (let i = 0; i < 50; i++) {
    const step = ((v - Math.log1p(v) - u) * (1 + v)) / v;
    v -= step;
    if (Math.abs(step) <= 1e-15 * (1 + v)) break;
  }
  return -1 - v;
}

/** `u = −1 − log h` and the paper's approximation of −W₋₁(−h): `1 + √(2u) + ¾u`. */
function paperApproximation<T>(ops: Ops<T>, h: T): { readonly u: T; readonly approximation: T } {
  const u = ops.sub(-1, ops.log(h));
  return { u, approximation: ops.add(ops.add(ops.sqrt(ops.mul(2, u)), 1), ops.mul(0.75, u)) };
}

/**
 * The paper's approximate inverse of `h(z) = −z·e^z` on z ≤ −1: `z ≈ −1 − √(2u) − ¾u`, `u = −1 − log h` (official
 * timm/models/resnet.py, ERA.forward).
 * @param h in (0, 1/e), any shape
 */
export function paperInverse<T>(ops: Ops<T>, h: T): T {
  return ops.mul(-1, paperApproximation(ops, h).approximation);
}

/**
 * The exact inverse of `h(z) = −z·e^z` on z ≤ −1: `z = W₋₁(−h)`, with its exact first derivative.
 *
 * With s = −z the equation is `s − log s = 1 + u`, for which Newton's step is `s ← s·(log s + u)/(s − 1)`: two steps from the
 * paper's approximation leave a relative error below 1e-8 for h ≤ log(4)/4. Near h = 1/e, where s − 1 vanishes, precision is lost.
 *
 * @param h in (0, 1/e), any shape
 */
export function lambertInverse<T>(ops: Ops<T>, h: T): T {
  const { u, approximation } = paperApproximation(ops, h);
  const newton = (s: T) => ops.div(ops.mul(s, ops.add(ops.log(s), u)), ops.sub(s, 1));
  const s = newton(newton(approximation));
  const slope = ops.div(s, ops.mul(h, ops.sub(s, 1))); // dz/dh = −1/(e^z·(1 + z)), with e^z = h/s
  return ops.withDerivatives(ops.mul(-1, s), [[h, slope]]);
}
