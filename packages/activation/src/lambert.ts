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
 * The exact inverse of `h(z) = −z·e^z` on z ≤ −1 for h up to the softmax activation's largest term: `z = W₋₁(−h)`, with its exact first derivative.
 *
 * With s = −z the equation is `s − log s = 1 + u`, for which Newton's step is `s ← s·(log s + u)/(s − 1)`: two steps from the
 * paper's approximation leave a relative error below 1e-8 for h ≤ log(4)/4. Nearer to 1/e, where s − 1 vanishes, precision is lost: see {@link lambertInverse}.
 *
 * @param h in (0, log(4)/4], any shape
 */
export function lambertInverseOfTerms<T>(ops: Ops<T>, h: T): T {
  const s = negatedFarFromBranch(ops, h);
  const slope = ops.div(s, ops.mul(h, ops.sub(s, 1))); // dz/dh = −1/(e^z·(1 + z)), with e^z = h/s
  return ops.withDerivatives(ops.mul(-1, s), [[h, slope]]);
}

function negatedFarFromBranch<T>(ops: Ops<T>, h: T): T {
  const { u, approximation } = paperApproximation(ops, h);
  const newton = (s: T) => ops.div(ops.mul(s, ops.add(ops.log(s), u)), ops.sub(s, 1));
  return newton(newton(approximation));
}

/** Float32's nearest to 1/e, and how much larger it is than 1/e: `h − NEAR_E` is exact for h around it, in float32 and float64 alike. */
const NEAR_E = Math.fround(INVERSE_E);
const NEAR_E_EXCESS = NEAR_E - INVERSE_E - INVERSE_E_REMAINDER;

/** s − 1 in powers of r = √(2u): the inverse of `v − log(1 + v) = r²/2` (Corless et al. 1996, section 4, in these variables). */
const BRANCH_SERIES = [0, 1, 1 / 3, 1 / 36, -1 / 270, 1 / 4320, 1 / 17010, -139 / 5443200, 1 / 204120];

/**
 * The exact inverse of `h(z) = −z·e^z` on z ≤ −1 over its whole range, `z = W₋₁(−h)`, with its exact first derivative: within 1e-6 relative in float32
 * and 1e-8 in float64, at both ends too.
 *
 * @param h in [0, 1/e], any shape; −∞ at 0, −1 at 1/e and for what rounding leaves above it; NaN stays NaN. The derivative is unbounded at both ends; there it is that of
 *   a point nearby.
 */
export function lambertInverse<T>(ops: Ops<T>, h: T): T {
  // Each branch is given arguments that it is finite at, because a gradient may not meet 0 times infinity.
  const isNear = ops.less(0.3, h);
  const s = negatedFarFromBranch(ops, ops.where(ops.less(0, h), ops.where(isNear, 0.3, h), 0.3));
  // 1 − e·h without cancellation, from which u = −log(e·h) keeps its relative precision down to 0.
  const distance = ops.clip(ops.mul(-Math.E, ops.add(ops.sub(h, NEAR_E), NEAR_E_EXCESS)), 0, 1 - 0.3 * Math.E);
  const u = ops.mul(distance, ops.polynomial(distance, LOG_SERIES));
  const r = ops.sqrt(ops.mul(2, u));
  const near = ops.add(ops.polynomial(r, BRANCH_SERIES), 1);
  const negated = ops.where(isNear, near, s);
  const excess = ops.clip(ops.sub(negated, 1), 1e-6, Number.POSITIVE_INFINITY);
  const slope = ops.div(negated, ops.mul(ops.where(ops.less(0, h), h, 1e-30), excess));
  const value = ops.where(ops.less(0, h), ops.mul(-1, negated), Number.NEGATIVE_INFINITY);
  // The summand is 0 but for a NaN.
  return ops.withDerivatives(ops.add(value, ops.mul(0, h)), [[h, slope]]);
}

/** −log(1 − x)/x = 1 + x/2 + x²/3 + …: enough terms for 1e-10 at x = 1 − 0.3·e. */
const LOG_SERIES = Array.from({ length: 14 }, (_, i) => 1 / (i + 1));
