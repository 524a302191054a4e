import { withMinus } from "../numberText.ts";
import { drawBands } from "../report/bandChart.ts";
import { drawIntervals } from "../report/intervalChart.ts";
import { figureHtml, reportPage } from "../report/page.ts";
import type { Estimate } from "../statistics.ts";
import type { AggregateResult, Comparison } from "./comparison.ts";
import { comparisonTables, hasAggregateTable, methodNote } from "./comparisonTables.ts";

/** A comparison as one HTML file without any other: pictures first, then every number. */
export async function comparisonPage(comparison: Comparison, made: readonly string[] = []): Promise<string> {
  const { variants, tasks, results, metric, notes } = comparison;
  const runs = results.flatMap((result) => result.runs);
  const seeds = results.map(({ scores }) => scores.length);
  const fewest = Math.min(...seeds);
  const most = Math.max(...seeds);
  return reportPage({
    title: `${variants.length === 1 ? variants[0] : `${variants.length} methods`} on ${tasks.length === 1 ? tasks[0] : `${tasks.length} tasks`}`,
    subtitle: [`judged by ${metric}`, ...made],
    status: undefined,
    error: undefined,
    warnings: notes,
    tiles: [
      {
        label: "runs",
        value: `${runs.length}`,
        note: `${fewest === most ? fewest : `${fewest} to ${most}`} seeds each`,
      },
      { label: "methods", value: `${variants.length}`, note: "" },
      { label: "tasks", value: `${tasks.length}`, note: "" },
    ],
    charts: await figures(comparison),
    note: withMinus(methodNote(comparison)),
    tables: [
      ...comparisonTables(comparison).map((table) => ({
        ...table,
        rows: table.rows.map((row) => row.map(withMinus)),
        isOpen: true,
      })),
      {
        title: "All runs",
        header: ["method", "task", "seed", "score", "folder"],
        rows: results.flatMap(({ variant, task, seeds, scores, runs }) =>
          runs.map((dir, i) => [variant, task, `${seeds[i]}`, withMinus(`${scores[i]}`), dir]),
        ),
      },
    ],
  });
}

async function figures(comparison: Comparison): Promise<string[]> {
  const { variants, tasks, results, aggregates, improvements, metric, normalization, commonTasks } = comparison;
  const charts: string[] = [];
  const isLarge = () => charts.length === 0;
  const size = () => (isLarge() ? { width: 1000, height: 300 } : {});
  const curves = aggregates.filter(({ curve }) => curve !== undefined);
  if (hasAggregateTable(comparison)) {
    if (curves.length > 0 && commonTasks.length > 1) {
      const series = curves.map(({ variant, curve = [] }) => ({ label: variant, points: curve }));
      const svg = await drawBands({ series, xTitle: "step", yTitle: "IQM", x: [0, lastStep(series)], ...size() });
      charts.push(figureHtml(`Normalized ${metric} over training, all tasks`, svg, isLarge()));
    }
    const aggregate = async (title: string, of: (result: AggregateResult) => Estimate | undefined) => {
      const rows = aggregates.flatMap((result) => {
        const estimate = of(result);
        return estimate ? [{ label: result.variant, ...estimate }] : [];
      });
      charts.push(
        figureHtml(
          `${title}, all tasks`,
          await drawIntervals({ rows, colors: variants, xTitle: `normalized ${metric}` }),
        ),
      );
    };
    await aggregate("IQM (higher is better)", ({ iqm }) => iqm);
    await aggregate("Median (higher is better)", ({ median }) => median);
    await aggregate("Mean (higher is better)", ({ mean }) => mean);
    if (normalization) await aggregate("Optimality gap (lower is better)", ({ optimalityGap }) => optimalityGap);
  }
  for (const task of tasks) {
    const ofTask = results.filter((result) => result.task === task);
    const series = variants.map((variant) => ({
      label: variant,
      points: ofTask.find((result) => result.variant === variant)?.curve ?? [],
    }));
    const svg = await drawBands({
      series,
      xTitle: "step",
      yTitle: `IQM of ${metric}`,
      x: [0, lastStep(series)],
      ...size(),
    });
    charts.push(figureHtml(`${task} over training`, svg, isLarge()));
    const rows = ofTask.map(({ variant, iqm, scores }) => ({ label: variant, ...iqm, values: scores }));
    const intervals = await drawIntervals({
      rows,
      colors: variants,
      xTitle: `final ${metric}: IQM, interval and runs`,
    });
    charts.push(figureHtml(`${task} at the end`, intervals));
  }
  if (aggregates.length > 0) {
    const series = aggregates.map(({ variant, profile }) => ({ label: variant, points: profile }));
    const scores = `${normalization ? "normalized " : ""}${metric}`;
    const svg = await drawBands({
      series,
      xTitle: `${scores} τ`,
      yTitle: "share of runs that score above τ",
      y: [0, 1],
    });
    charts.push(figureHtml("Performance profile (higher is better)", svg));
  }
  if (improvements.length > 0) {
    const rows = improvements.map(({ variant, over, probability }) => ({
      label: `${variant} over ${over}`,
      ...probability,
    }));
    const svg = await drawIntervals({ rows, xTitle: "probability that a run scores higher", x: [0, 1], rule: 0.5 });
    charts.push(figureHtml("Probability of improvement", svg));
  }
  return charts;
}

const lastStep = (series: readonly { readonly points: readonly { readonly step: number }[] }[]): number =>
  Math.max(...series.map(({ points }) => points.at(-1)?.step ?? 0));
