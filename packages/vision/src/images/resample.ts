/** Images resized as Pillow does it: filters as wide as what they reduce, one axis after the other. */

export type Filter = "box" | "linear" | "cubic";

/** Each filter's reach and its shape; the cubic is Keys' with a = −1/2. */
const filters: Readonly<Record<Filter, { readonly support: number; readonly at: (x: number) => number }>> = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  linear: { support: 1, at: (x) => Math.max(1 - Math.abs(x), 0) },
  cubic: {
    support: 2,
    at: (x) => {
      const t = Math.abs(x);
      if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
      return t < 2 ? ((2.5 - 0.5 * t) * t - 4) * t + 2 : 0;
    },
  },
};

/** What a place of a resized axis is made of: neighbouring places from `start` on, with weights of sum 1. */
export interface Taps {
  readonly start: number;
  readonly weights: readonly number[];
}

/** The places of an axis of `size`, resized to `target`. */
export function resampledAxis(size: number, target: number, filter: Filter): readonly Taps[] {
  const scale = size / target;
  const width = Math.max(scale, 1);
  const { support, at } = filters[filter];
  const reach = support * width;
  return Array.from({ length: target }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach + 0.5), size);
    const weights = Array.from({ length: end - start }, (_, j) => at((start + j - centre + 0.5) / width));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { start, weights: weights.map((weight) => weight / total) };
  });
}

const byte = (value: number): number => Math.min(Math.max(Math.round(value), 0), 255);

/** An image of bytes `[channels, height, width]`, resized; rounded after each axis. */
export function resampled(
  image: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  [tall, wide]: readonly [height: number, width: number],
  filter: Filter,
): Uint8Array {
  const [rows, columns] = [resampledAxis(height, tall, filter), resampledAxis(width, wide, filter)];
  const across = new Uint8Array(channels * height * wide);
  for (let row = 0; row < channels * height; row++) {
    for (const [x, { start, weights }] of columns.entries()) {
      let sum = 0;
      for (let j = 0; j < weights.length; j++) sum += (weights[j] ?? 0) * (image[row * width + start + j] ?? 0);
      across[row * wide + x] = byte(sum);
    }
  }
  const result = new Uint8Array(channels * tall * wide);
  for (let channel = 0; channel < channels; channel++) {
    for (const [y, { start, weights }] of rows.entries()) {
      for (let x = 0; x < wide; x++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++) {
          sum += (weights[j] ?? 0) * (across[(channel * height + start + j) * wide + x] ?? 0);
        }
        result[(channel * tall + y) * wide + x] = byte(sum);
      }
    }
  }
  return result;
}
