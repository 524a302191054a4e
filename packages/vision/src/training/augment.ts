/** Changes of training images at random. An image is planes `[channels, height, width]`, 0 to 255, changed in place where nothing is returned. */
import type { Random } from "@era/tensor";

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

/**
 * The box of a random resized crop (Szegedy et al. 2015): 8 to 100 % of the image, its sides in a ratio of 3 to 4 up to 4 to 3; where none is found
 * that fits, the largest square in the middle.
 */
export function resizedCropBox(random: Random, [, height, width]: Shape): Box {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = height * width * random.uniform(0.08, 1);
    const ratio = logUniform(random, 3 / 4, 4 / 3);
    const box = { height: Math.round(Math.sqrt(area / ratio)), width: Math.round(Math.sqrt(area * ratio)) };
    if (box.height < 1 || box.width < 1 || box.height > height || box.width > width) continue;
    return { ...box, top: random.integer(height - box.height + 1), left: random.integer(width - box.width + 1) };
  }
  const side = Math.min(height, width);
  return { top: (height - side) >> 1, left: (width - side) >> 1, height: side, width: side };
}

/** Writes a box of an image, enlarged to the image's size by linear interpolation (pixels outside the box take no part), perhaps flipped. */
export function resizeBox(
  source: ArrayLike<number>,
  [channels, height, width]: Shape,
  box: Box,
  isFlipped: boolean,
  target: Float32Array,
): void {
  for (let row = 0; row < height; row++) {
    const y = Math.min(Math.max(((row + 0.5) * box.height) / height - 0.5, 0), box.height - 1);
    const [y0, dy] = [Math.floor(y), y - Math.floor(y)];
    const up = (box.top + y0) * width + box.left;
    const down = (box.top + Math.min(y0 + 1, box.height - 1)) * width + box.left;
    for (let column = 0; column < width; column++) {
      const x = Math.min(Math.max(((column + 0.5) * box.width) / width - 0.5, 0), box.width - 1);
      const [x0, dx] = [Math.floor(x), x - Math.floor(x)];
      const x1 = Math.min(x0 + 1, box.width - 1);
      const at = row * width + (isFlipped ? width - 1 - column : column);
      for (let plane = 0; plane < channels * height * width; plane += height * width) {
        const above = (source[plane + up + x0] ?? 0) * (1 - dx) + (source[plane + up + x1] ?? 0) * dx;
        const below = (source[plane + down + x0] ?? 0) * (1 - dx) + (source[plane + down + x1] ?? 0) * dx;
        target[plane + at] = above * (1 - dy) + below * dy;
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
 * Colour jitter: brightness, contrast and saturation, in this order, each by a factor from 1 − strength to 1 + strength. Of a grey image the last
 * changes nothing.
 */
export function jitterColor(
  random: Random,
  image: Float32Array,
  [channels, height, width]: Shape,
  strength: number,
): void {
  const area = height * width;
  const factor = () => random.uniform(Math.max(0, 1 - strength), 1 + strength);
  const [brightness, contrast, saturation] = [factor(), factor(), factor()];
  const clipped = (value: number) => Math.min(Math.max(value, 0), 255);
  const grey = (i: number) =>
    channels === 1
      ? (image[i] ?? 0)
      : luminance.reduce((sum, weight, c) => sum + weight * (image[c * area + i] ?? 0), 0);
  for (let i = 0; i < image.length; i++) image[i] = clipped((image[i] ?? 0) * brightness);
  let mean = 0;
  for (let i = 0; i < area; i++) mean += grey(i) / area;
  for (let i = 0; i < image.length; i++) image[i] = clipped(mean + ((image[i] ?? 0) - mean) * contrast);
  if (channels === 1) return;
  for (let i = 0; i < area; i++) {
    const own = grey(i);
    for (let at = i; at < image.length; at += area) image[at] = clipped(own + ((image[at] ?? 0) - own) * saturation);
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
