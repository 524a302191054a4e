import type { TopLevelSpec } from "vega-lite";
import { seriesScales } from "./bandChart.ts";
import { drawSpec } from "./chart.ts";
import { LIGHT } from "./theme.ts";

/** An estimate in a row of its own. */
export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Single measurements behind it, drawn as faint dots. */
  readonly values?: readonly number[];
}

export interface IntervalChartOptions {
  readonly rows: readonly IntervalRow[];
  readonly xTitle: string;
  /** The names in the order of their colours; all rows in one colour if left out. */
  readonly colors?: readonly string[];
  /** The horizontal axis; as the intervals need it if left out. */
  readonly x?: readonly [lowest: number, highest: number];
  /** A vertical line to see the intervals against. */
  readonly rule?: number;
  readonly width?: number;
}

const ROW_HEIGHT = 34;

/** Estimates with their intervals, one below the other, as an SVG element for a page whose style sheet has `darkChartCss`. */
export async function drawIntervals({
  rows,
  xTitle,
  colors,
  x,
  rule,
  width = 460,
}: IntervalChartOptions): Promise<string> {
  const labels = rows.map(({ label }) => label);
  const domain = [...(colors ?? labels)];
  const range = colors ? seriesScales(colors).color : labels.map(() => seriesScales([""]).color[0]);
  const color = { field: "label", type: "nominal", scale: { domain, range }, legend: null };
  const down = {
    field: "label",
    type: "nominal",
    sort: labels,
    axis: { title: null, labelExpr: "datum.label", labelLimit: 400, domain: false, ticks: false, labelFontSize: 12 },
  };
  const across = (field: string) => ({
    field,
    type: "quantitative",
    axis: { title: xTitle, grid: true },
    scale: x ? { domain: [...x], nice: false } : { zero: false, nice: true },
  });
  const drawn = rows.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const dots = rows.flatMap(({ label, values = [] }) => values.map((value) => ({ label, value })));
  const spec = {
    width,
    height: ROW_HEIGHT * rows.length,
    padding: { left: 4, right: 14, top: 4, bottom: 4 },
    layer: [
      ...(rule === undefined
        ? []
        : [
            {
              data: { values: [{ value: rule }] },
              mark: { type: "rule", color: LIGHT.rule, strokeDash: [5, 3], strokeWidth: 1.5 },
              encoding: { x: across("value") },
            },
          ]),
      {
        data: { values: drawn },
        mark: { type: "bar", height: 12, opacity: 0.35, cornerRadius: 2 },
        encoding: { x: across("low"), x2: { field: "high" }, y: down, color },
      },
      {
        data: { values: dots },
        mark: { type: "point", filled: true, size: 22, opacity: 0.8 },
        encoding: { x: across("value"), y: down, color },
      },
      {
        data: { values: rows.map(({ label, value }) => ({ label, value })) },
        mark: { type: "tick", thickness: 3, height: 20 },
        encoding: { x: across("value"), y: down, color },
      },
    ],
  };
  return drawSpec(spec as unknown as TopLevelSpec);
}
