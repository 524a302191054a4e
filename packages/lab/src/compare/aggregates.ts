/** What a method's scores on several tasks come to (Agarwal et al. 2021, arXiv 2108.13264; as by the Python package rliable). */
import { interquartileMean, mean, median } from "../statistics.ts";
import type { Strata } from "./stratifiedBootstrap.ts";

/** The mean of the middle half of all runs of all tasks together. */
export const aggregateIqm = (scores: Strata<number>): number => interquartileMean(scores.flat());

/** The mean of the tasks' means. */
export const aggregateMean = (scores: Strata<number>): number => mean(scores.map(mean));

/** The median of the tasks' means. */
export const aggregateMedian = (scores: Strata<number>): number => median(scores.map(mean));

/** By how much runs fall short of `target` on average; what lies above it makes up for nothing. */
export const optimalityGap = (scores: Strata<number>, target = 1): number =>
  target - mean(scores.flat().map((score) => Math.min(score, target)));

/** The run-score distribution: for each threshold, the share of all runs with a higher score. */
export function performanceProfile(scores: Strata<number>, thresholds: readonly number[]): number[] {
  const all = scores.flat();
  return thresholds.map((threshold) => all.filter((score) => score > threshold).length / all.length);
}

/**
 * The probability that a run of the first method scores higher than one of the second, ties counted half: the
 * Mann–Whitney statistic over the number of pairs, averaged over tasks.
 *
 * @param first and `second`: the same tasks in the same order
 */
export function probabilityOfImprovement(first: Strata<number>, second: Strata<number>): number {
  return mean(first.map((runs, task) => mannWhitney(runs, second[task] ?? [])));
}

function mannWhitney(first: readonly number[], second: readonly number[]): number {
  let wins = 0;
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (first.length * second.length);
}
