import { type BootstrapOptions, type Estimate, interquartileMean, mean } from "../statistics.ts";
import {
  aggregateIqm,
  aggregateMean,
  aggregateMedian,
  optimalityGap,
  performanceProfile,
  probabilityOfImprovement,
} from "./aggregates.ts";
import { type BandPoint, learningCurve } from "./learningCurve.ts";
import { type Normalization, normalized } from "./normalization.ts";
import type { RunGroup, RunTable } from "./runTable.ts";
import { type Strata, stratifiedBootstrap } from "./stratifiedBootstrap.ts";

/** One method's result on one task, in the task's own scores. */
export interface TaskResult {
  readonly variant: string;
  readonly task: string;
  /** Steps that the runs were trained for; several where that was allowed. */
  readonly budgets: readonly number[];
  readonly seeds: readonly unknown[];
  /** Each run's final score, in the order of `seeds`. */
  readonly scores: readonly number[];
  readonly runs: readonly string[];
  readonly iqm: Estimate;
  readonly mean: Estimate;
  readonly curve: readonly BandPoint[];
}

/** One method's result on all tasks together, on a common scale. */
export interface AggregateResult {
  readonly variant: string;
  readonly iqm: Estimate;
  readonly median: Estimate;
  readonly mean: Estimate;
  /** Only of normalized scores: raw ones have no 1 to fall short of. */
  readonly optimalityGap?: Estimate;
  /** Share of runs that score above a threshold (`step`). */
  readonly profile: readonly BandPoint[];
  /** Only where all tasks have the same budget. */
  readonly curve?: readonly BandPoint[];
}

/** How often a run of one method beats one of the other. */
export interface Improvement {
  readonly variant: string;
  readonly over: string;
  readonly probability: Estimate;
}

/** All that is known of how methods compare. */
export interface Comparison {
  readonly metric: string;
  readonly variants: readonly string[];
  readonly tasks: readonly string[];
  /** The tasks that every method was run on: what `aggregates` and `improvements` are about. */
  readonly commonTasks: readonly string[];
  readonly normalization: Normalization | null;
  readonly level: number;
  readonly resamples: number;
  readonly notes: readonly string[];
  readonly results: readonly TaskResult[];
  /** Empty where several tasks have no common scale. */
  readonly aggregates: readonly AggregateResult[];
  readonly improvements: readonly Improvement[];
}

export interface CompareOptions extends BootstrapOptions {
  readonly normalization?: Normalization | undefined;
}

/** Thresholds at which profiles are drawn. */
const THRESHOLDS = 101;

/** Compares methods run by run: every number with a stratified bootstrap interval over seeds. */
export function compareRuns(table: RunTable, options: CompareOptions = {}): Comparison {
  const { normalization, level = 0.95, resamples = 10_000, seed = 0 } = options;
  const bootstrap = { level, resamples, seed };
  // Curves and profiles have many points: fewer resamples each, as rliable has it.
  const pointwise = { ...bootstrap, resamples: Math.min(resamples, 2000) };
  const { variants, tasks, groups } = table;
  const groupOf = (variant: string, task: string) =>
    groups.find((group) => group.variant === variant && group.task === task);
  const commonTasks = tasks.filter((task) => variants.every((variant) => groupOf(variant, task)));
  const common = (variant: string) =>
    commonTasks.map((task) => groupOf(variant, task)).filter((group) => group !== undefined);
  const notes = [...table.notes];

  const scale = (score: number, task: string): number => {
    const range = normalization?.[task];
    return range ? normalized(score, range) : score;
  };
  const scores = (variant: string): Strata<number> =>
    common(variant).map(({ runs, task }) => runs.map(({ score }) => scale(score, task)));

  const hasScale = normalization !== undefined || commonTasks.length === 1;
  if (!hasScale && commonTasks.length > 1) {
    notes.push("Scores of several tasks have no common scale: --normalize gives them one, and with it aggregates.");
  }
  const budgets = new Set(groups.flatMap(({ runs }) => runs.map(({ budget }) => budget)));
  const thresholds = profileThresholds(variants.flatMap((variant) => scores(variant).flat()));
  const aggregate = (variant: string): AggregateResult => {
    const strata = scores(variant);
    const [iqm, median, average, gap] = stratifiedBootstrap(
      [strata],
      ([drawn = []]) => [aggregateIqm(drawn), aggregateMedian(drawn), aggregateMean(drawn), optimalityGap(drawn)],
      bootstrap,
    ) as [Estimate, Estimate, Estimate, Estimate];
    const profile = stratifiedBootstrap([strata], ([drawn = []]) => performanceProfile(drawn, thresholds), pointwise);
    return {
      variant,
      iqm,
      median,
      mean: average,
      ...(normalization && { optimalityGap: gap }),
      profile: profile.map((estimate, index) => ({ step: thresholds[index] ?? Number.NaN, ...estimate })),
      ...(budgets.size === 1 && { curve: learningCurve(common(variant), scale, pointwise) }),
    };
  };

  return {
    metric: table.metric,
    variants,
    tasks,
    commonTasks,
    normalization: normalization ?? null,
    level,
    resamples,
    notes,
    results: groups.map((group) => taskResult(group, bootstrap, pointwise)),
    aggregates: hasScale ? variants.map(aggregate) : [],
    improvements:
      commonTasks.length === 0
        ? []
        : pairs(variants).map(([variant, over]) => {
            const [probability] = stratifiedBootstrap(
              [scores(variant), scores(over)],
              ([a = [], b = []]) => [probabilityOfImprovement(a, b)],
              bootstrap,
            ) as [Estimate];
            return { variant, over, probability };
          }),
  };
}

function taskResult(group: RunGroup, bootstrap: BootstrapOptions, pointwise: BootstrapOptions): TaskResult {
  const { variant, task, runs } = group;
  const scores = runs.map(({ score }) => score);
  const [iqm, average] = stratifiedBootstrap(
    [[scores]],
    ([[drawn = []] = []]) => [interquartileMean(drawn), mean(drawn)],
    bootstrap,
  ) as [Estimate, Estimate];
  return {
    variant,
    task,
    budgets: [...new Set(runs.map(({ budget }) => budget))],
    seeds: runs.map(({ seed }) => seed),
    scores,
    runs: runs.map(({ dir }) => dir),
    iqm,
    mean: average,
    curve: learningCurve([group], (score) => score, pointwise),
  };
}

/** Evenly from the lowest to the highest score, both ends included. */
function profileThresholds(scores: readonly number[]): number[] {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  return Array.from({ length: THRESHOLDS }, (_, index) => low + ((high - low) * index) / (THRESHOLDS - 1));
}

/** Every two, the earlier one first. */
const pairs = <T>(items: readonly T[]): [T, T][] =>
  items.flatMap((first, index) => items.slice(index + 1).map((second): [T, T] => [first, second]));
