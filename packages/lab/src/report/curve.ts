import type { MetricsRow } from "../metrics.ts";

/** A measurement at a training step. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/**
 * What a chart draws at one place: a single measurement, or the mean and the range of several that lie too close
 * together.
 */
export interface CurveBin {
  readonly step: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The measurements of one metric, in the order of the log. */
export function metricCurve(rows: readonly MetricsRow[], name: string): CurvePoint[] {
  return rows.flatMap(({ step, metrics }) => {
    const value = metrics[name];
    return value === undefined ? [] : [{ step, value }];
  });
}

/**
 * A curve with at most `most` points for drawing: equal stretches of steps, each with its mean, lowest and highest
 * value, so that nothing extreme is lost. A shorter curve stays as it is; one not much longer gets stretches of four
 * measurements or more, to be smooth as well.
 */
export function binCurve(points: readonly CurvePoint[], most: number): CurveBin[] {
  if (points.length <= most) return points.map(({ step, value }) => ({ step, mean: value, low: value, high: value }));
  const first = points[0]?.step ?? 0;
  const count = Math.min(most, Math.floor(points.length / 4));
  const stretch = ((points.at(-1)?.step ?? 0) - first) / count;
  const bins = new Map<number, CurvePoint[]>();
  for (const point of points) {
    const index = stretch === 0 ? 0 : Math.min(count - 1, Math.floor((point.step - first) / stretch));
    const bin = bins.get(index);
    if (bin) bin.push(point);
    else bins.set(index, [point]);
  }
  return [...bins.values()].map((bin) => {
    let [steps, values, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { step, value } of bin) {
      steps += step;
      values += value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return { step: steps / bin.length, mean: values / bin.length, low, high };
  });
}
