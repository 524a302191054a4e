/** Chebyshev series of (x + 3)·exp(x²)·erfc(x) in y = (x − 3)/(x + 3) ∈ [−5/7, 1]; made by scripts/coefficients.py. */
export const SCALED_ERFC: readonly number[] = [
  1.1524464011975497, -0.7520774257150896, 0.20027266807544394, -0.04260547909736576, 0.0068295045686714816,
  -0.0006913182204502768, 5.638199110659617e-6, 1.1014269903565408e-5, -1.3559965891164476e-6, -1.018301676780893e-7,
  3.9064296956969565e-8, -7.440460510579278e-12, -1.0252307411489935e-9, 3.839894117956319e-11, 2.914923574058876e-11,
  -1.5757236804853054e-12, -9.359859669085587e-13, 4.562360319449311e-14, 3.349998418368675e-14, -7.449265813067367e-16,
  -1.2812871446025388e-15, -2.838815734098508e-17, 4.9520286791926006e-17, 4.172132918639639e-18,
];

/** exp(x²)·erfc(x) for x ≥ 1/2. */
function scaledErfc(x: number): number {
  const y = (((x - 3) / (x + 3) + 5 / 7) * 7) / 6 - 1;
  let previous = 0;
  let current = 0;
  for (let i = SCALED_ERFC.length - 1; i > 0; i--) {
    [previous, current] = [current, 2 * y * current - previous + (SCALED_ERFC[i] ?? 0)];
  }
  return (y * current - previous + (SCALED_ERFC[0] ?? 0)) / (x + 3);
}

/** exp(−x²) to full relative precision: x² is split so that the rounding of the square does not reach the exponent. */
function gaussian(x: number): number {
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

/** The Maclaurin series of erf, for |x| < 1/2. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** The error function `2/√π ∫₀ˣ exp(−t²) dt`, to about 1e-15 relative. */
export function erf(x: number): number {
  if (Math.abs(x) < 0.5) return erfSeries(x);
  return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
}

/** The complementary error function `1 − erf(x)`, to about 1e-15 relative, in the upper tail too (until it underflows). */
export function erfc(x: number): number {
  if (Math.abs(x) < 0.5) return 1 - erfSeries(x);
  if (x > 0) return x < 40 ? gaussian(x) * scaledErfc(x) : 0;
  return x < 0 ? 2 - erfc(-x) : Number.NaN;
}

/** The standard normal distribution function `Φ(x)`, to about 1e-15 relative, in the lower tail too. */
export function normalCdf(x: number): number {
  return erfc(-x * Math.SQRT1_2) / 2;
}

/**
 * The standard normal quantile `Φ⁻¹(p)` for p in [0, 1] (`∓∞` at the ends), to about 1e-15 of the distance from the median.
 * Newton's iteration on log erfc, which is concave, so that it converges from any start. NaN outside [0, 1].
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // Near the median the complement 2p hides the digits of p − ½, which is exact there; so solve erf(t) = 2(p − ½) instead.
  const central = Math.abs(p - 0.5) < 0.2;
  const target = central ? 2 * Math.abs(p - 0.5) : Math.log(2 * Math.min(p, 1 - p));
  let t = central ? target : Math.sqrt(-target);
  for (let i = 0; i < 50; i++) {
    const scaled = t < 0.5 ? erfc(t) / gaussian(t) : scaledErfc(t);
    const step =
      (Math.sqrt(Math.PI) / 2) *
      (central ? (erf(t) - target) / gaussian(t) : (target + t * t - Math.log(scaled)) * scaled);
    t -= step;
    if (Math.abs(step) <= 1e-16 * Math.abs(t)) break;
  }
  return p < 0.5 ? -Math.SQRT2 * t : Math.SQRT2 * t;
}
