import { writeFileAtomic } from "../atomicFile.ts";
import type { MetricsRow } from "../metrics.ts";
import { formatDuration, formatNumber, withMinus } from "../numberText.ts";
import { type RunFolder, type RunRecord, runMetrics, runPath, runSummary } from "../runFolder.ts";
import type { Summary } from "../summary.ts";
import { type Curve, drawChart } from "./chart.ts";
import { metricCurve } from "./curve.ts";
import { escapeHtml, reportPage } from "./page.ts";
import { defaultPanels, type Panel, seriesLabels } from "./panels.ts";

export interface ReportOptions {
  /** By default the kind of training and what it trained on. */
  readonly title?: string;
  /** By default a panel for each thing that was measured. The first is the largest. */
  readonly panels?: readonly Panel[];
}

/**
 * Writes a run's report.html from what is in its folder: one file without any other, to be opened, mailed or published.
 *
 * @returns its path
 */
export async function writeReport(run: RunFolder, options: ReportOptions = {}): Promise<string> {
  const path = runPath(run, "report.html");
  writeFileAtomic(path, await renderReport(run.record, runMetrics(run), runSummary(run), options));
  return path;
}

/** The report as HTML, from a run's parts. */
export async function renderReport(
  record: RunRecord,
  rows: readonly MetricsRow[],
  summary: Summary | undefined,
  { title = defaultTitle(record), panels = defaultPanels(rows, summary?.entropy?.floor) }: ReportOptions = {},
): Promise<string> {
  const charts: string[] = [];
  for (const panel of panels) {
    const chart = await renderPanel(panel, rows, charts.length === 0);
    if (chart !== "") charts.push(chart);
  }
  const [first] = record.sessions;
  return reportPage({
    title,
    subtitle: [first?.startedAt.slice(0, 16).replace("T", " ").concat(" UTC"), first?.processor, `Node ${first?.node}`],
    status: summary?.status,
    error: summary?.error,
    tiles: summary === undefined ? [] : summaryTiles(summary),
    charts: charts.length === 0 ? ["<p>No metrics were logged.</p>"] : charts,
    note: "Long curves show the mean of neighbouring measurements; the band goes from the lowest to the highest of them.",
    tables: [
      { title: "Configuration", rows: flatten(record.config) },
      ...record.sessions.map(({ command, git, packages, fromStep, ...session }, index) => ({
        title: index === 0 ? "Where it ran" : `Resumed at step ${fromStep.toLocaleString("en-US")}`,
        rows: flatten({
          command: command.join(" "),
          git: git && `${git.revision}${git.changed ? " (with changes)" : ""}`,
          ...session,
          ...packages,
        }),
      })),
      ...(summary === undefined ? [] : [{ title: "Summary", rows: flatten(summary) }]),
    ],
  });
}

async function renderPanel({ title, series, rules, unit }: Panel, rows: readonly MetricsRow[], isLarge: boolean) {
  const labels = seriesLabels(series);
  const curves = series
    .map((name, index): Curve => ({ label: labels[index] ?? name, points: metricCurve(rows, name) }))
    .filter(({ points }) => points.length > 0);
  if (curves.length === 0) return "";
  const last = rows.at(-1)?.step ?? 0;
  const svg = await drawChart({
    curves,
    ...(rules ? { rules } : {}),
    xTitle: "step",
    // The same in every chart, so that one can be seen against the other.
    ...(last > 0 ? { steps: [0, last] } : {}),
    width: isLarge ? 1000 : 460,
    height: isLarge ? 300 : 200,
  });
  const note = unit === undefined ? "" : ` <small>${escapeHtml(unit)}</small>`;
  return `<figure${isLarge ? ' class="large"' : ""}><figcaption>${escapeHtml(title)}${note}</figcaption>${svg}</figure>`;
}

function defaultTitle({ kind, config }: RunRecord): string {
  const subject = config.env ?? config.data ?? config.task ?? config.model;
  return typeof subject === "string" ? `${kind} on ${subject}` : kind;
}

/** The numbers that one looks for first. */
function summaryTiles({ score, entropy, steps, stepsPerSecond, wallTime }: Summary) {
  const show = (value: number | null) => (value === null ? "not measured" : withMinus(formatNumber(value)));
  const best =
    score.bestStep === null ? "" : `best ${show(score.best)} at step ${score.bestStep.toLocaleString("en-US")}`;
  const tiles: { label: string; value: string; note: string; isGood?: boolean }[] = [
    {
      label: score.metric.replace("eval/", "final evaluation ").replace("/", " "),
      value: show(score.final),
      note: best,
    },
  ];
  if (entropy) {
    tiles.push({
      label: "lowest entropy",
      value: entropy.min === null ? "not measured" : withMinus(`${entropy.min.toFixed(2)} nat`),
      note: withMinus(`floor ${entropy.floor.toFixed(2)}, target ${entropy.target.toFixed(2)}`),
      ...(entropy.min === null ? {} : { isGood: entropy.min >= entropy.floor }),
    });
  }
  tiles.push({
    label: "steps",
    value: steps.toLocaleString("en-US"),
    note: `${formatNumber(stepsPerSecond)} per second`,
  });
  tiles.push({ label: "training time", value: formatDuration(wallTime), note: "" });
  return tiles;
}

/** Nested settings as rows: `entropy.perDim`. */
function flatten(values: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] => {
    if (value === undefined) return [];
    const name = `${prefix}${key}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return flatten(value as Record<string, unknown>, `${name}.`);
    }
    return [[name, Array.isArray(value) ? value.join(", ") : String(value ?? "none")]];
  });
}
