import type { TopLevelSpec } from "vega-lite";
import { drawSpec } from "./chart.ts";
import { LIGHT, SERIES } from "./theme.ts";

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

export interface BarChartOptions {
  readonly bars: readonly Bar[];
  readonly xTitle: string;
  readonly yTitle: string;
  /** The vertical axis; from 0 to the highest bar if left out. */
  readonly y?: readonly [lowest: number, highest: number];
  /** Vertical lines that the bars are to be seen against: a floor. */
  readonly rules?: readonly { readonly value: number; readonly label: string }[];
  /** A straight line that the bars are to be seen against, by its ends. */
  readonly line?: readonly (readonly [x: number, y: number])[];
  readonly width?: number;
  readonly height?: number;
}

/** Bars over stretches of a horizontal axis (a histogram, a reliability diagram) as an SVG element for a page whose style sheet has `darkChartCss`. */
export async function drawBars(options: BarChartOptions): Promise<string> {
  const { bars, xTitle, yTitle, y, rules = [], line = [], width = 460, height = 240 } = options;
  const ends = [Math.min(...bars.map(({ from }) => from)), Math.max(...bars.map(({ to }) => to))];
  const across = (field: string) => ({
    field,
    type: "quantitative",
    axis: { title: xTitle },
    scale: { domain: ends, nice: false },
  });
  const up = (field: string) => ({
    field,
    type: "quantitative",
    axis: { title: yTitle },
    scale: y ? { domain: [...y], nice: false } : { nice: true },
  });
  const spec = {
    width,
    height,
    padding: { left: 4, right: 14, top: 4, bottom: 4 },
    layer: [
      {
        data: { values: bars.map((bar) => ({ ...bar, base: 0 })) },
        mark: { type: "rect", color: SERIES[0], opacity: 0.75 },
        encoding: { x: across("from"), x2: { field: "to" }, y: up("base"), y2: { field: "value" } },
      },
      {
        data: { values: line.map(([x, value]) => ({ x, value })) },
        mark: { type: "line", color: LIGHT.muted, strokeDash: [5, 3], strokeWidth: 1.5 },
        encoding: { x: across("x"), y: up("value") },
      },
      ...rules.map((rule) => ({
        data: { values: [rule] },
        layer: [
          {
            mark: { type: "rule", color: LIGHT.rule, strokeDash: [5, 3], strokeWidth: 1.5 },
            encoding: { x: across("value") },
          },
          {
            mark: { type: "text", color: LIGHT.rule, align: "left", dx: 5, y: 8, fontSize: 11, fontWeight: 600 },
            encoding: { x: across("value"), text: { field: "label" } },
          },
        ],
      })),
    ],
  };
  return drawSpec(spec as unknown as TopLevelSpec);
}
