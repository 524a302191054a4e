/** Changes of training images at random. An image is planes `[channels, height, width]`, 0 to 255, changed in place where nothing is returned. */
import type { Random } from "@era/tensor";
import { resampledAxis } from "../images/resample.ts";

type Shape = readonly [channels: number, height: number, width: number];

/** A rectangle of an image, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Tries to find a box before giving up, as torchvision and timm. */
const attempts = 10;

const logUniform = (random: Random, low: number, high: number): number =>
  Math.exp(random.uniform(Math.log(low), Math.log(high)));

/** Width to height of random resized crops, as torchvision and timm. */
const cropRatios = [3 / 4, 4 / 3] as const;

/**
 * The box of a random resized crop (Szegedy et al. 2015): 8 to 100 % of the image, its sides in a ratio of 3 to 4 up to 4 to 3; where none is found
 * that fits, the largest one in the middle.
 */
export function resizedCropBox(random: Random, [, height, width]: Shape): Box {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = height * width * random.uniform(0.08, 1);
    const ratio = logUniform(random, ...cropRatios);
    const box = { height: Math.round(Math.sqrt(area / ratio)), width: Math.round(Math.sqrt(area * ratio)) };
    if (box.height < 1 || box.width < 1 || box.height > height || box.width > width) continue;
    return { ...box, top: random.integer(height - box.height + 1), left: random.integer(width - box.width + 1) };
  }
  const [low, high] = cropRatios;
  const tall = Math.min(height, Math.round(width / low));
  const wide = Math.min(width, Math.round(height * high));
  return { top: (height - tall) >> 1, left: (width - wide) >> 1, height: tall, width: wide };
}

/**
 * Writes a box of an image, enlarged to the image's size by linear or cubic interpolation (pixels outside the box take no part), perhaps flipped.
 * Cubic interpolation is Pillow's, and overshoots are clipped as there, after each axis.
 */
export function resizeBox(
  source: ArrayLike<number>,
  [channels, height, width]: Shape,
  box: Box,
  isFlipped: boolean,
  target: Float32Array,
  filter: "linear" | "cubic" = "linear",
): void {
  const columns = resampledAxis(box.width, width, filter);
  const rows = resampledAxis(box.height, height, filter);
  const across = new Float32Array(box.height * width);
  for (let plane = 0; plane < channels * height * width; plane += height * width) {
    for (let row = 0; row < box.height; row++) {
      const from = plane + (box.top + row) * width + box.left;
      for (const [column, { start, weights }] of columns.entries()) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += (weights[i] ?? 0) * (source[from + start + i] ?? 0);
        across[row * width + (isFlipped ? width - 1 - column : column)] = Math.min(Math.max(sum, 0), 255);
      }
    }
    for (const [row, { start, weights }] of rows.entries()) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += (weights[i] ?? 0) * (across[(start + i) * width + column] ?? 0);
        target[plane + row * width + column] = Math.min(Math.max(sum, 0), 255);
      }
    }
  }
}

/** Writes an image moved by rows and columns (what comes in is black) and then perhaps flipped. */
export function moveImage(
  source: ArrayLike<number>,
  [channels, height, width]: Shape,
  { down, right }: { readonly down: number; readonly right: number },
  isFlipped: boolean,
  target: Float32Array,
): void {
  for (let plane = 0; plane < channels * height * width; plane += height * width) {
    for (let row = 0; row < height; row++) {
      const from = row + down;
      for (let column = 0; column < width; column++) {
        const x = (isFlipped ? width - 1 - column : column) + right;
        const isInside = from >= 0 && from < height && x >= 0 && x < width;
        target[plane + row * width + column] = isInside ? (source[plane + from * width + x] ?? 0) : 0;
      }
    }
  }
}

/** Luminance of red, green and blue (ITU-R 601), as torchvision has it. */
const luminance = [0.299, 0.587, 0.114] as const;

/**
 * Colour jitter: brightness, contrast and saturation in an order by lot, each by a factor from 1 − strength to 1 + strength, as torchvision does it.
 * Of a grey image the last changes nothing.
 */
export function jitterColor(
  random: Random,
  image: Float32Array,
  [channels, height, width]: Shape,
  strength: number,
): void {
  const area = height * width;
  const grey = (i: number) =>
    channels === 1
      ? (image[i] ?? 0)
      : luminance.reduce((sum, weight, c) => sum + weight * (image[c * area + i] ?? 0), 0);
  /** Away from what stands for no brightness, contrast or saturation at each pixel, or towards it. */
  const blend = (factor: number, from: (pixel: number) => number) => {
    for (let i = 0; i < area; i++) {
      const start = from(i);
      for (let at = i; at < image.length; at += area) {
        image[at] = Math.min(Math.max(start + ((image[at] ?? 0) - start) * factor, 0), 255);
      }
    }
  };
  const changes = [
    (factor: number) => blend(factor, () => 0),
    (factor: number) => {
      let mean = 0;
      for (let i = 0; i < area; i++) mean += grey(i) / area;
      blend(factor, () => mean);
    },
    (factor: number) => blend(factor, grey),
  ];
  while (changes.length > 0) {
    const [change] = changes.splice(random.integer(changes.length), 1);
    change?.(random.uniform(Math.max(0, 1 - strength), 1 + strength));
  }
}

/**
 * Random erasing (Zhong et al. 2020) in timm's way: a box of 2 to 33 % of the image becomes noise of the data's mean and deviation; it is left out
 * where none is found that fits.
 */
export function erase(
  random: Random,
  image: Float32Array,
  [channels, height, width]: Shape,
  { mean, deviation }: { readonly mean: readonly number[]; readonly deviation: readonly number[] },
): void {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = height * width * random.uniform(0.02, 1 / 3);
    const ratio = logUniform(random, 0.3, 1 / 0.3);
    const box = { height: Math.round(Math.sqrt(area * ratio)), width: Math.round(Math.sqrt(area / ratio)) };
    if (box.height < 1 || box.width < 1 || box.height >= height || box.width >= width) continue;
    const [top, left] = [random.integer(height - box.height + 1), random.integer(width - box.width + 1)];
    for (let channel = 0; channel < channels; channel++) {
      for (let row = top; row < top + box.height; row++) {
        const start = (channel * height + row) * width + left;
        for (let at = start; at < start + box.width; at++) {
          image[at] = (mean[channel] ?? 0) + (deviation[channel] ?? 0) * random.normal();
        }
      }
    }
    return;
  }
}

/** A number from Beta(α, α), 0 < α ≤ 1 (Jöhnk 1964). */
export function betaSample(random: Random, alpha: number): number {
  for (;;) {
    const [x, y] = [random.uniform() ** (1 / alpha), random.uniform() ** (1 / alpha)];
    // Both may underflow where α is tiny; the distribution is then all but a coin.
    if (x + y <= 1 && x + y > 0) return x / (x + y);
    if (x + y === 0) return random.integer(2);
  }
}

/** The box that CutMix (Yun et al. 2019) cuts out: of the share 1 − λ where it lies inside the image, around a centre anywhere. */
export function cutMixBox(random: Random, [, height, width]: Shape, lambda: number): Box {
  const [tall, wide] = [height, width].map((side) => Math.floor(side * Math.sqrt(1 - lambda)));
  const ends = (side: number, length = 0): [number, number] => {
    const start = random.integer(side) - (length >> 1);
    return [Math.max(start, 0), Math.min(start + length, side)];
  };
  const [top, bottom] = ends(height, tall);
  const [left, right] = ends(width, wide);
  return { top, left, height: Math.max(bottom - top, 0), width: Math.max(right - left, 0) };
}
