import type { Ops } from "./ops.ts";

/** Smallest `1 − y²` that is told apart from 0; the official sampler's clamp of the probability to [1e-6, 1 − 1e-6]. */
const SMALLEST_COMPLEMENT = 4e-6;

/**
 * Minimax polynomial of erf⁻¹(y)/y in log(1 − y²) over [log 4e-6, 0]; made by scripts/coefficients.py. The ratio is analytic
 * in that variable, so one polynomial of degree 9 serves the centre and both tails (2.2e-6 relative, 4e-6 in float32).
 */
const RATIO = [
  0.886228426422, -0.232026858102, 0.0114448414165, 0.00213873896673, -0.000292680549337, -0.00011999083341,
  -1.60330890333e-5, -1.13122000706e-6, -4.23080984035e-8, -6.6291886324e-10,
];

/**
 * The inverse error function, element by element, to 4e-6 relative for |y| ≤ 1 − 2e-6 and constant (±3.361, that is 4.753
 * standard deviations) beyond, up to and including ±1. Its gradient is not meant to
 * be used: callers attach the exact one with {@link Ops.withDerivatives}.
 */
export function inverseErf<T>(ops: Ops<T>, y: T): T {
  const complement = ops.clip(ops.sub(1, ops.mul(y, y)), SMALLEST_COMPLEMENT, 1);
  return ops.mul(y, ops.polynomial(ops.log(complement), RATIO));
}
