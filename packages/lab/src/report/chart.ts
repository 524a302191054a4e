import type { TopLevelSpec } from "vega-lite";
import { binCurve, type CurvePoint } from "./curve.ts";
import { darkChartCss, FONT, LIGHT, SERIES } from "./theme.ts";

export interface Curve {
  readonly label: string;
  readonly points: readonly CurvePoint[];
}

/** A horizontal line that the curves are to be seen against: an entropy floor, a random policy's return. */
export interface Rule {
  readonly value: number;
  readonly label: string;
}

export interface ChartOptions {
  readonly curves: readonly Curve[];
  readonly rules?: readonly Rule[];
  /** Above the chart, for a picture that stands alone. */
  readonly title?: string;
  readonly xTitle?: string;
  readonly yTitle?: string;
  /** The steps from left to right; by default from the first to the last of the curves. */
  readonly steps?: readonly [first: number, last: number];
  /** Pixels of the plot itself, without axes and title. */
  readonly width?: number;
  readonly height?: number;
}

/** A curve with more points is drawn as mean and range. */
const MOST_POINTS = 150;
/** A curve with at most this many points shows each of them. */
const MOST_DOTS = 40;

/** A chart as a standalone SVG picture, light or dark as its reader prefers. See {@link drawChart}. */
export async function curveSvg(options: ChartOptions): Promise<string> {
  const svg = await drawChart(options);
  return svg.replace(/<svg[^>]*>/, (tag) => `${tag}<style>${darkChartCss()}</style>`);
}

/**
 * A chart as an SVG element, for a page whose style sheet has {@link darkChartCss}. Long curves are drawn as their
 * mean, with a band from the lowest to the highest value. Drawn by Vega-Lite, without a browser.
 */
export async function drawChart(options: ChartOptions): Promise<string> {
  return drawSpec(chartSpec(options));
}

/** Any Vega-Lite chart as an SVG element, in the style of reports. */
export async function drawSpec(spec: TopLevelSpec): Promise<string> {
  // Vega is large: it is loaded when a chart is drawn, not when a command starts.
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const styled = { ...spec, config: chartConfig } as TopLevelSpec;
  const view = new vega.View(vega.parse(compile(styled).spec), { renderer: "none", logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function chartSpec({
  curves,
  rules = [],
  title,
  xTitle,
  yTitle,
  steps,
  width = 520,
  height = 220,
}: ChartOptions): TopLevelSpec {
  const labels = curves.map((curve) => curve.label);
  const bins = curves.flatMap(({ label, points }) => binCurve(points, MOST_POINTS).map((bin) => ({ label, ...bin })));
  // Vega, which has no fonts here, takes a letter for 9 pixels: as many labels a row as then fit.
  const columns = Math.max(1, Math.floor(width / (9 * Math.max(...labels.map(({ length }) => length)) + 40)));
  const dotted = new Set(curves.filter(({ points }) => points.length <= MOST_DOTS).map((curve) => curve.label));
  const ranged = new Set(curves.filter(({ points }) => points.length > MOST_POINTS).map((curve) => curve.label));
  const step = {
    field: "step",
    type: "quantitative",
    axis: { title: xTitle ?? null },
    scale: { nice: false, zero: false, ...(steps ? { domain: [...steps] } : {}) },
  } as const;
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain: labels, range: labels.map((_, index) => SERIES[index % SERIES.length] ?? LIGHT.text) },
    legend:
      labels.length > 1
        ? {
            title: null,
            orient: "top",
            columns,
            labelLimit: 0,
            symbolType: "stroke",
            symbolStrokeWidth: 3,
            symbolOpacity: 1,
          }
        : null,
  } as const;
  // Below a rule there is room for its label: what stays above it never runs through the words.
  const scale = { zero: false, nice: true, ...(rules.length > 0 ? { padding: 16 } : {}) } as const;
  const y = (field: string) => ({ field, type: "quantitative", axis: { title: yTitle ?? null }, scale }) as const;

  return {
    ...(title === undefined ? {} : { title }),
    width,
    height,
    padding: { left: 4, right: 14, top: 4, bottom: 4 },
    data: { values: bins },
    layer: [
      {
        transform: [{ filter: { field: "label", oneOf: [...ranged] } }],
        mark: { type: "area", opacity: 0.18 },
        encoding: { x: step, y: y("low"), y2: { field: "high" }, color },
      },
      { mark: { type: "line", strokeWidth: 2, strokeJoin: "round" }, encoding: { x: step, y: y("mean"), color } },
      {
        transform: [{ filter: { field: "label", oneOf: [...dotted] } }],
        mark: { type: "point", filled: true, size: 28, opacity: 1 },
        encoding: { x: step, y: y("mean"), color },
      },
      ...rules.map((rule) => ({
        data: { values: [rule] },
        layer: [
          {
            mark: { type: "rule", color: LIGHT.rule, strokeDash: [5, 3], strokeWidth: 1.5 },
            encoding: { y: y("value") },
          },
          {
            mark: {
              type: "text",
              color: LIGHT.rule,
              align: "right",
              baseline: "top",
              dy: 4,
              x: "width",
              fontSize: 11,
              fontWeight: 600,
            },
            encoding: { y: y("value"), text: { field: "label" } },
          },
        ],
      })),
    ],
  } as TopLevelSpec;
}

const chartConfig = {
  aria: false,
  background: "transparent",
  font: FONT,
  view: { stroke: null },
  title: { color: LIGHT.text, fontSize: 15, fontWeight: 600, anchor: "start", offset: 12 },
  axis: {
    labelColor: LIGHT.muted,
    titleColor: LIGHT.muted,
    titleFontWeight: 400,
    labelFontSize: 11,
    titleFontSize: 11,
    gridColor: LIGHT.grid,
    domainColor: LIGHT.axis,
    tickColor: LIGHT.axis,
    tickSize: 4,
    labelPadding: 5,
    labelFlush: false,
    titlePadding: 8,
    tickCount: 5,
    // 20k and 1.5M, but 0.25 and not 250m.
    labelExpr: "abs(datum.value) >= 1000 ? format(datum.value, '~s') : format(datum.value, '~g')",
  },
  axisX: { grid: false, tickCount: 6 },
  axisY: { domain: false, ticks: false },
  legend: { labelColor: LIGHT.muted, labelFontSize: 11, symbolSize: 160, offset: 6 },
};
