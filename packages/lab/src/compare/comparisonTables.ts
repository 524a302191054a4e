import { formatNumber } from "../numberText.ts";
import type { PageTable } from "../report/page.ts";
import type { Estimate } from "../statistics.ts";
import type { AggregateResult, Comparison, TaskResult } from "./comparison.ts";

/** A table whose header is there. */
export type ResultTable = PageTable & { readonly header: readonly string[] };

/** A comparison in tables: what is said of all tasks first, then each task. */
export function comparisonTables(comparison: Comparison): ResultTable[] {
  const { tasks, results, normalization, commonTasks, improvements, metric } = comparison;
  const interval = intervalTitle(comparison);
  const tables: ResultTable[] = [];
  if (hasAggregateTable(comparison)) {
    const gap = normalization !== null;
    tables.push({
      title: `All ${commonTasks.length === 1 ? "runs" : `${commonTasks.length} tasks`}, normalized ${metric}`,
      header: ["", "IQM", interval, "median", interval, "mean", interval, ...(gap ? ["optimality gap", interval] : [])],
      rows: comparison.aggregates.map((aggregate) => aggregateRow(aggregate)),
    });
  }
  for (const task of tasks) {
    const ofTask = results.filter((result) => result.task === task);
    tables.push({
      title: `${task}, final ${metric}${budgetText(ofTask)}`,
      header: ["", "IQM", interval, "mean", interval, "runs"],
      rows: ofTask.map(({ variant, iqm, mean, scores }) => [
        variant,
        ...cells(iqm, formatNumber),
        ...cells(mean, formatNumber),
        `${scores.length}`,
      ]),
    });
  }
  if (improvements.length > 0) {
    tables.push({
      title: `Probability that a run of the one scores higher than one of the other${commonTasks.length > 1 ? `, mean of ${commonTasks.length} tasks` : ""}`,
      header: ["", "probability", interval],
      rows: improvements.map(({ variant, over, probability }) => [
        `${variant} over ${over}`,
        ...cells(probability, (value) => value.toFixed(2)),
      ]),
    });
  }
  return tables;
}

/** Whether there is something to say beyond a single task's own table. */
export const hasAggregateTable = ({ aggregates, normalization }: Comparison): boolean =>
  aggregates.length > 0 && normalization !== null;

/** "95 % interval". */
export const intervalTitle = ({ level }: Comparison): string => `${Number((level * 100).toFixed(3))} % interval`;

/** Where the numbers come from, in one sentence. */
export function methodNote(comparison: Comparison): string {
  const { resamples, normalization, level } = comparison;
  const scale =
    normalization === null
      ? ""
      : ` Normalized: ${Object.entries(normalization)
          .map(([task, { random, best }]) => `${task} 0 at ${formatNumber(random)}, 1 at ${formatNumber(best)}`)
          .join("; ")}.`;
  return `IQM: mean of the middle half of all runs. Intervals: stratified bootstrap over seeds, ${Number((level * 100).toFixed(3))} % of ${resamples.toLocaleString("en-US")} resamples (Agarwal et al. 2021); curves and profiles pointwise.${scale}`;
}

function aggregateRow({ variant, iqm, median, mean, optimalityGap }: AggregateResult): string[] {
  const estimates = [iqm, median, mean, ...(optimalityGap ? [optimalityGap] : [])];
  return [variant, ...estimates.flatMap((estimate) => cells(estimate, (value) => value.toFixed(3)))];
}

function budgetText(results: readonly TaskResult[]): string {
  const budgets = [...new Set(results.flatMap((result) => result.budgets))];
  return ` after ${budgets.map((budget) => budget.toLocaleString("en-US")).join(" or ")} steps`;
}

function cells({ value, low, high }: Estimate, format: (value: number) => string): [string, string] {
  return [format(value), Number.isFinite(low) ? `[${format(low)}, ${format(high)}]` : "—"];
}

/** A table for a terminal. */
export function textTable({ title, header, rows }: ResultTable): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [title, ...all.map((row) => `  ${line(row)}`)].join("\n");
}

/** A table in Markdown. */
export function markdownTable({ title, header, rows }: ResultTable): string {
  const line = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `| ${header.map((_, column) => (column === 0 ? "---" : "---:")).join(" | ")} |`;
  return [`**${title}**`, "", line(header), rule, ...rows.map(line)].join("\n");
}
