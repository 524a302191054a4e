import { type BootstrapOptions, interquartileMean, mean } from "../statistics.ts";
import type { RunGroup, ScoredRun } from "./runTable.ts";
import { type Strata, stratifiedBootstrap } from "./stratifiedBootstrap.ts";

/** A point of a curve with its interval. */
export interface BandPoint {
  readonly step: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const MOST_BINS = 50;

/**
 * The interquartile mean of runs at each stage of training, with pointwise stratified bootstrap intervals. The budget
 * is cut into equal stretches, as many as the run with the fewest measurements has (at most 50); a run's value there is
 * the mean of its measurements, and the curve ends where a run has none.
 *
 * @param groups one method's runs on each task
 * @param scale a run's score on the scale common to all tasks
 */
export function learningCurve(
  groups: readonly RunGroup[],
  scale: (score: number, task: string) => number,
  options: BootstrapOptions = {},
): BandPoint[] {
  const runs = groups.flatMap((group) => group.runs);
  const budget = Math.max(...runs.map((run) => run.budget));
  const count = Math.max(1, Math.min(MOST_BINS, ...runs.map((run) => binsOf(run, budget))));
  const strata = groups.map((group) => group.runs.map((run) => binnedRun(run, budget, count, scale)));
  const length = strata.flat().reduce((least, bins) => Math.min(least, bins.length), count);
  const bins = Array.from({ length }, (_, bin) => bin);
  const iqms = ([curves = []]: readonly Strata<readonly number[]>[]) => {
    const all = curves.flat();
    return bins.map((bin) => interquartileMean(all.map((curve) => curve[bin] ?? Number.NaN)));
  };
  const estimates = stratifiedBootstrap([strata], iqms, { resamples: 2000, ...options });
  return estimates.map((estimate, bin) => ({ step: ((bin + 1) * budget) / count, ...estimate }));
}

/** How many stretches of the budget a run's measurements fill, each with one. */
function binsOf({ curve }: ScoredRun, budget: number): number {
  const last = curve.at(-1)?.step ?? 0;
  return last === 0 ? 1 : Math.floor((curve.length * budget) / last);
}

/** A run's mean in each stretch, up to the first without a measurement. */
function binnedRun(
  { curve, task }: ScoredRun,
  budget: number,
  count: number,
  scale: (score: number, task: string) => number,
): number[] {
  const values: number[][] = Array.from({ length: count }, () => []);
  for (const { step, value } of curve) {
    // A measurement at a stretch's end belongs to it.
    values[Math.min(count, Math.max(1, Math.ceil((step * count) / budget))) - 1]?.push(scale(value, task));
  }
  const end = values.findIndex((stretch) => stretch.length === 0);
  return values.slice(0, end < 0 ? count : end).map(mean);
}
