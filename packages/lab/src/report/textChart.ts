/** Curves as text, for a terminal. */
import { formatNumber } from "../numberText.ts";
import type { Curve, Rule } from "./chart.ts";
import { binCurve } from "./curve.ts";

export interface TextChartOptions {
  readonly curves: readonly Curve[];
  /** Columns and rows of the plot itself, without axis and legend. */
  readonly width?: number;
  readonly height?: number;
  /** The lowest value of the axis; by default the lowest of the curves. */
  readonly low?: number;
  /** Lines across the plot, with their values on the axis. */
  readonly rules?: readonly Pick<Rule, "value">[];
}

/** Each curve's mark; where curves meet, the later one's is seen. */
const MARKS = "*o+x#@";

/**
 * Curves over steps as lines of text: the means of equal stretches of steps, a column each. Empty where nothing was measured.
 */
export function textChart({ curves, width = 64, height = 12, low: lowest, rules = [] }: TextChartOptions): string[] {
  const drawn = curves.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return [];
  const values = [...drawn.flatMap(({ points }) => points), ...rules].map(({ value }) => value);
  const steps = drawn.flatMap(({ points }) => points.map(({ step }) => step));
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const low = lowest ?? Math.min(...values);
  const high = Math.max(...values, low);
  const place = (value: number, from: number, to: number, count: number) =>
    to === from ? 0 : Math.min(count - 1, Math.max(0, Math.round(((value - from) / (to - from)) * (count - 1))));
  const cells = Array.from({ length: height }, () => Array<string>(width).fill(" "));
  const labels = new Map([
    [0, formatNumber(high)],
    [height - 1, formatNumber(low)],
  ]);
  for (const { value } of rules) {
    const row = height - 1 - place(value, low, high, height);
    cells[row]?.fill("-");
    labels.set(row, formatNumber(value));
  }
  for (const [index, { points }] of drawn.entries()) {
    for (const { step, mean } of binCurve(points, width)) {
      const row = cells[height - 1 - place(mean, low, high, height)];
      if (row) row[place(step, first, last, width)] = MARKS[index % MARKS.length] ?? "*";
    }
  }
  const margin = Math.max(...[...labels.values()].map(({ length }) => length));
  const range = `${first}`.padEnd(width - `${last}`.length) + last;
  return [
    drawn.map(({ label }, index) => `${MARKS[index % MARKS.length]} ${label}`).join("   "),
    ...cells.map((row, i) => `${(labels.get(i) ?? "").padStart(margin)} |${row.join("")}`.trimEnd()),
    `${" ".repeat(margin)} +${"-".repeat(width)}`,
    `${" ".repeat(margin)}  ${range}`,
  ];
}
