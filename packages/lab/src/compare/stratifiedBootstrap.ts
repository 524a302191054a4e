import { Random } from "@era/tensor";
import { type BootstrapOptions, type Estimate, quantile } from "../statistics.ts";

/** The runs of each task: `strata[task][run]`. Tasks may have different numbers of runs. */
export type Strata<T> = readonly (readonly T[])[];

/** Draws as many runs of each task as it has, with replacement. @param integer a whole number from 0 to n − 1 */
export function resampleStrata<T>(strata: Strata<T>, integer: (n: number) => number): T[][] {
  // The index is in range: T stays T.
  return strata.map((runs) => runs.map(() => runs[integer(runs.length)] as T));
}

/**
 * Statistics of the runs of one or several methods, with stratified bootstrap percentile intervals: runs are drawn
 * anew within each task and method, tasks stay as they are, so that the interval says how much other seeds would have
 * changed the result (Agarwal et al. 2021, arXiv 2108.13264, section 4.1). Where every task has one run only there is
 * nothing to draw, and the intervals are NaN.
 *
 * @param groups each method's runs
 * @param statistics any number of statistics of such groups, always in the same order
 */
export function stratifiedBootstrap<T>(
  groups: readonly Strata<T>[],
  statistics: (groups: readonly Strata<T>[]) => readonly number[],
  { level = 0.95, resamples = 10_000, seed = 0 }: BootstrapOptions = {},
): Estimate[] {
  const values = statistics(groups);
  if (groups.every((strata) => strata.every((runs) => runs.length < 2))) {
    return values.map((value) => ({ value, low: Number.NaN, high: Number.NaN }));
  }
  const random = new Random(seed);
  const drawn = values.map(() => new Float64Array(resamples));
  for (let index = 0; index < resamples; index++) {
    const resampled = groups.map((strata) => resampleStrata(strata, (n) => random.integer(n)));
    for (const [which, value] of statistics(resampled).entries()) {
      const column = drawn[which];
      if (column) column[index] = value;
    }
  }
  return values.map((value, which) => {
    const sorted = drawn[which]?.sort() ?? new Float64Array();
    return { value, low: quantile(sorted, (1 - level) / 2), high: quantile(sorted, (1 + level) / 2) };
  });
}
