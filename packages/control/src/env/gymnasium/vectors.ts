import type { Random } from "@era/tensor";

/** Σ x² of all elements. */
export function sumOfSquares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    sum += value * value;
  }
  return sum;
}

/** Σ clip(x, low, high)² of all elements. */
export function sumOfSquaresClipped(values: ArrayLike<number>, low: number, high: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = Math.min(Math.max(values[i] ?? 0, low), high);
    sum += value * value;
  }
  return sum;
}

/** Copies `source` from element `start` on to `out` at `offset`; returns where the copy ends in `out`. */
export function append(out: Float64Array, offset: number, source: Float64Array, start = 0): number {
  for (let i = start; i < source.length; i++) out[offset++] = source[i] ?? 0;
  return offset;
}

/** As {@link append}, with each element clipped to `[low, high]`. */
export function appendClipped(
  out: Float64Array,
  offset: number,
  source: Float64Array,
  low: number,
  high: number,
  start = 0,
): number {
  for (let i = start; i < source.length; i++) out[offset++] = Math.min(Math.max(source[i] ?? 0, low), high);
  return offset;
}

/** Adds uniform noise from `[-scale, scale)` to each element. */
export function addUniform(random: Random, values: Float64Array, scale: number): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + random.uniform(-scale, scale);
}

/** Adds normal noise of standard deviation `scale` to each element. */
export function addNormal(random: Random, values: Float64Array, scale: number): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + scale * random.normal();
}
