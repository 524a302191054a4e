import type { TopLevelSpec } from "vega-lite";
import { drawSpec } from "./chart.ts";
import { LIGHT, SERIES } from "./theme.ts";

/** A line with the band of its uncertainty. */
export interface BandSeries {
  readonly label: string;
  readonly points: readonly {
    readonly step: number;
    readonly value: number;
    readonly low: number;
    readonly high: number;
  }[];
}

export interface BandChartOptions {
  readonly series: readonly BandSeries[];
  readonly xTitle: string;
  readonly yTitle: string;
  /** The horizontal axis from left to right; from the first to the last point if left out. */
  readonly x?: readonly [first: number, last: number];
  /** The vertical axis; as the bands need it if left out. */
  readonly y?: readonly [lowest: number, highest: number];
  readonly width?: number;
  readonly height?: number;
}

/** Dashes tell series apart beyond as many as there are colours. */
const DASHES = [[], [6, 3], [2, 2]];

/** The colours and dashes of series by their names, the same in every chart that is given the same names. */
export function seriesScales(labels: readonly string[]) {
  return {
    color: labels.map((_, index) => SERIES[index % SERIES.length] ?? LIGHT.text),
    dash: labels.map((_, index) => DASHES[Math.floor(index / SERIES.length) % DASHES.length] ?? []),
  };
}

/** Lines with bands as an SVG element for a page whose style sheet has `darkChartCss`. */
export async function drawBands({
  series,
  xTitle,
  yTitle,
  x,
  y,
  width = 460,
  height = 220,
}: BandChartOptions): Promise<string> {
  const labels = series.map(({ label }) => label);
  const scales = seriesScales(labels);
  const values = series.flatMap(({ label, points }) =>
    points.map(({ step, value, low, high }) => ({
      label,
      step,
      value,
      // A single run has no band.
      low: Number.isFinite(low) ? low : value,
      high: Number.isFinite(high) ? high : value,
    })),
  );
  const columns = Math.max(1, Math.floor(width / (9 * Math.max(...labels.map(({ length }) => length)) + 40)));
  const legend = {
    title: null,
    orient: "top",
    columns,
    labelLimit: 0,
    symbolType: "stroke",
    symbolStrokeWidth: 3,
    symbolOpacity: 1,
  };
  const color = { field: "label", type: "nominal", scale: { domain: labels, range: scales.color }, legend };
  const dash = { field: "label", type: "nominal", scale: { domain: labels, range: scales.dash }, legend };
  const across = {
    field: "step",
    type: "quantitative",
    axis: { title: xTitle },
    scale: { nice: false, zero: false, ...(x ? { domain: [...x] } : {}) },
  };
  const up = (field: string) => ({
    field,
    type: "quantitative",
    axis: { title: yTitle },
    scale: y ? { domain: [...y], nice: false } : { zero: false, nice: true },
  });
  const spec = {
    width,
    height,
    padding: { left: 4, right: 14, top: 4, bottom: 4 },
    data: { values },
    layer: [
      {
        mark: { type: "area", opacity: 0.18 },
        encoding: { x: across, y: up("low"), y2: { field: "high" }, color },
      },
      {
        mark: { type: "line", strokeWidth: 2, strokeJoin: "round" },
        encoding: { x: across, y: up("value"), color, strokeDash: dash },
      },
    ],
  };
  return drawSpec(spec as TopLevelSpec);
}
