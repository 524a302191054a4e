import { type NormalQuadrature, normalQuadrature, squashedEntropyError } from "./quadrature.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { tanhNormal } from "./tanhNormal.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

/** One dimension of a bounded Gaussian policy at its worst location: its entropy in nats as a function of log σ, and a bound on the error of that. */
export interface WorstDimension {
  entropy(logStd: number): number;
  readonly error: number;
}

/**
 * The entropy in nats of one dimension of a bounded Gaussian policy, as a function of log σ, at the location where it is
 * smallest: |m| = 1 for the normal truncated to [−1, 1], |m| = meanBound for the squashed one. Concave; the truncated one increases
 * (THEORY.md, lemmas 1 to 3).
 */
export function worstDimension(
  kind: "truncated" | "squashed",
  meanBound: number,
  { logStdMin, logStdMax }: LogStdRange,
): WorstDimension {
  const fine = fineRule(meanBound, logStdMax);
  const entropy = (logStd: NdArray) =>
    kind === "truncated"
      ? truncatedNormal(referenceOps, { location: ndArray([1]), logStd }).entropy()
      : tanhNormal(referenceOps, { location: ndArray([meanBound]), logStd }).entropy(fine.rule);
  const magnitude = 1 + Math.max(Math.abs(logStdMin), Math.abs(logStdMax)) + (kind === "squashed" ? meanBound : 0);
  return {
    entropy: (logStd) => entropy(ndArray([logStd])).data[0] ?? Number.NaN,
    // Rounding: a few hundred operations on numbers of that magnitude.
    error: (kind === "squashed" ? fine.error : 0) + 5e-14 * magnitude,
  };
}

/**
 * A quadrature rule under which a squashed normal's entropy is within 1e-10 nat for |location| ≤ `meanBound` and log σ ≤ `logStdMax`, or the finest
 * in stock (1e-8 nat up to σ = e²), with the bound on its error in nats ({@link squashedEntropyError}).
 */
export function fineRule(
  meanBound: number,
  logStdMax: number,
): { readonly rule: NormalQuadrature; readonly error: number } {
  const range = 9;
  const errors = [36, 60, 100, 180].map((pairs) => ({
    pairs,
    error: squashedEntropyError(pairs, range, meanBound, Math.exp(logStdMax)),
  }));
  const { pairs, error } = errors.find(({ error }) => error < 1e-10) ?? {
    pairs: 180,
    error: errors.at(-1)?.error ?? Number.NaN,
  };
  return { rule: normalQuadrature(pairs, range), error };
}

/** The range that a bounded Gaussian's log σ is kept in. */
export interface LogStdRange {
  readonly logStdMin: number;
  readonly logStdMax: number;
}

/**
 * The infimum of `Σ f(log σ_i)` over everything the bounded Gaussian activation can output, as a function of the budget:
 * `log σ_i = max(logStdMax − x_i, logStdMin)` with `x = budget·softmax(ŝ)`, that is x_i > 0, Σ x_i = budget = −k.
 *
 * For a concave f it lies at a vertex of the allocations: some dimensions clipped, one that takes the rest of the budget (or none, where a
 * clipped one wastes it), the others free. The number of clipped dimensions enters linearly, so its two ends suffice (THEORY.md,
 * proposition 2).
 *
 * @param f concave
 */
export function allocationFloor(
  f: (logStd: number) => number,
  actionDim: number,
  { logStdMin, logStdMax }: LogStdRange,
): (budget: number) => number {
  const depth = logStdMax - logStdMin;
  const free = f(logStdMax);
  const clipped = f(logStdMin);
  const withClipped = (count: number) => count * clipped + (actionDim - count) * free;
  return (budget) => {
    const most = Math.min(Math.floor(budget / depth), actionDim);
    const candidates: number[] = [];
    if (most > 0) candidates.push(withClipped(1), withClipped(most));
    if (most < actionDim) candidates.push(withClipped(most) - free + f(logStdMax - (budget - most * depth)));
    return Math.min(...candidates);
  };
}

/** The log σ in the range at which the concave f is largest, by ternary search. */
export function bestLogStd(f: (logStd: number) => number, { logStdMin, logStdMax }: LogStdRange): number {
  let [low, high] = [logStdMin, logStdMax];
  while (high - low > 1e-9) {
    const third = (high - low) / 3;
    if (f(low + third) < f(high - third)) low += third;
    else high -= third;
  }
  // At an end of the range, the end itself.
  const middle = (low + high) / 2;
  return [logStdMin, logStdMax].find((end) => Math.abs(end - middle) < 2e-9) ?? middle;
}
