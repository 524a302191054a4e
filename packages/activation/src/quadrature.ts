/** A symmetric rule for expectations over a standard normal: `E[f(ε)] ≈ Σ weight·(f(node) + f(−node))`. */
export interface NormalQuadrature {
  /** `[node, weight]` with node > 0; the weights add up to ½. */
  readonly pairs: readonly (readonly [node: number, weight: number])[];
  /** The rule's E|ε|. */
  readonly meanDistance: number;
}

/**
 * The midpoint rule on [−range, range] with normal weights, normalized. For the functions integrated here, analytic around the
 * real line, its error falls exponentially with both the range and the number of nodes, and for wide policies it is far ahead
 * of a Gauss–Hermite rule of the same size (σ = 7.4, 32 nodes: 0.01 nat against 0.08; σ = 1: both below 1e-6).
 */
export function normalQuadrature(pairs: number, range: number): NormalQuadrature {
  const nodes = Array.from({ length: pairs }, (_, i) => ((i + 0.5) * range) / pairs);
  const densities = nodes.map((x) => Math.exp(-0.5 * x * x));
  const total = 2 * densities.reduce((sum, density) => sum + density, 0);
  const rule = nodes.map((x, i) => [x, (densities[i] ?? 0) / total] as const);
  return { pairs: rule, meanDistance: rule.reduce((sum, [x, weight]) => sum + 2 * weight * x, 0) };
}

/**
 * A bound in nats on the error of the squashed normal's entropy by a rule of {@link normalQuadrature}, for |location| ≤ `meanBound` and scales
 * up to `std`: the discretization error of the midpoint rule for a function analytic in a strip (Trefethen & Weideman 2014, theorem 5.1)
 * plus the tails that the rule leaves out (THEORY.md, lemma 4). Rounding is not in it.
 *
 * @param pairs, range of the rule
 */
export function squashedEntropyError(pairs: number, range: number, meanBound: number, std: number): number {
  const step = range / pairs;
  // log cosh is analytic where |imaginary part| < π/2; a strip somewhat narrower balances the bound's two factors.
  const strip = Math.min(1.47 / std, (2 * Math.PI) / step);
  const largest = meanBound + std * Math.sqrt(2 / Math.PI) - Math.log(Math.cos(strip * std)) + Math.PI / 2;
  const logRatio = 0.5 * strip * strip - (2 * Math.PI * strip) / step;
  const discretization = (2 * largest * Math.exp(logRatio)) / (1 - Math.exp((-2 * Math.PI * strip) / step));
  const edge = range - step;
  const density = Math.exp(-0.5 * edge * edge) / Math.sqrt(2 * Math.PI);
  const tails = 2 * density * (meanBound / edge + std);
  // Twice, for log(1 − tanh²) = −2·log cosh, and twice for the weights' normalization, which errs likewise.
  return 4 * (discretization + tails);
}
