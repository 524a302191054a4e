/** Fog and snow. */
import type { Random } from "@era/tensor";
import { clippedZoom, motionBlur } from "./blur.ts";
import { type Shape, toBytes, toUnit } from "./pixels.ts";

/** A fractal by the diamond-square algorithm, `[size, size]` from 0 to 1; the size is a power of two, edges meet. */
export function plasma(random: Random, size: number, decay: number): Float64Array {
  const heights = new Float64Array(size * size);
  const at = (y: number, x: number) => heights[((y + size) % size) * size + ((x + size) % size)] ?? 0;
  let wobble = 100;
  for (let step = size; step >= 2; step /= 2) {
    const half = step / 2;
    const set = (y: number, x: number, sum: number) => {
      heights[y * size + x] = sum / 4 + wobble * random.uniform(-wobble, wobble);
    };
    for (let y = half; y < size; y += step) {
      for (let x = half; x < size; x += step) {
        set(y, x, at(y - half, x - half) + at(y - half, x + half) + at(y + half, x - half) + at(y + half, x + half));
      }
    }
    const around = (y: number, x: number) => at(y - half, x) + at(y + half, x) + at(y, x - half) + at(y, x + half);
    for (let y = 0; y < size; y += step) for (let x = half; x < size; x += step) set(y, x, around(y, x));
    for (let y = half; y < size; y += step) for (let x = 0; x < size; x += step) set(y, x, around(y, x));
    wobble /= decay;
  }
  const low = heights.reduce((least, value) => Math.min(least, value));
  const high = heights.reduce((most, value) => Math.max(most, value));
  return heights.map((value) => (value - low) / (high - low));
}

export function fog(
  image: Uint8Array,
  [, height, width]: Shape,
  [strength, decay]: readonly [strength: number, decay: number],
  random: Random,
): Uint8Array {
  const size = 2 ** Math.ceil(Math.log2(Math.max(height, width, 2)));
  const cloud = plasma(random, size, decay);
  const unit = toUnit(image);
  const most = unit.reduce((high, value) => Math.max(high, value), 0);
  const area = height * width;
  return toBytes(
    unit.map((value, i) => {
      const pixel = i % area;
      const own = cloud[Math.floor(pixel / width) * size + (pixel % width)] ?? 0;
      return ((value + strength * own) * most) / (most + strength);
    }),
  );
}

export interface Snow {
  /** Of the noise that flakes are made of, and what it must exceed. */
  readonly mean: number;
  readonly deviation: number;
  readonly zoom: number;
  readonly threshold: number;
  /** Of the motion blur. */
  readonly radius: number;
  readonly sigma: number;
  /** How much of the image's own colours is left. */
  readonly share: number;
}

export function snow(image: Uint8Array, shape: Shape, level: Snow, random: Random): Uint8Array {
  const [channels, height, width] = shape;
  const { mean, deviation, zoom, threshold, radius, sigma, share } = level;
  const area = height * width;
  const noise = Float64Array.from({ length: area }, () => mean + deviation * random.normal());
  const flakes = clippedZoom(noise, [height, width], zoom).map((value) => (value < threshold ? 0 : value));
  const angle = random.uniform(-135, -45);
  const layer = toUnit(motionBlur(toBytes(flakes), [1, height, width], { radius, sigma, angle }));
  const unit = toUnit(image);
  const grey = (i: number) =>
    channels === 3
      ? 0.299 * (unit[i] ?? 0) + 0.587 * (unit[area + i] ?? 0) + 0.114 * (unit[2 * area + i] ?? 0)
      : (unit[i] ?? 0);
  return toBytes(
    unit.map((value, i) => {
      const pixel = i % area;
      const pale = share * value + (1 - share) * Math.max(value, grey(pixel) * 1.5 + 0.5);
      return pale + (layer[pixel] ?? 0) + (layer[area - 1 - pixel] ?? 0);
    }),
  );
}
