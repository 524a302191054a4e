/**
 * The operations of RandAugment on images, to the grey level as Pillow computes them. An image is planes `[channels, height, width]` of bytes;
 * each function is pure and gives a new one.
 */

export type Shape = readonly [channels: number, height: number, width: number];

/** A change of each byte by a table of 256. */
const mapped = (image: Uint8Array, table: (value: number) => number): Uint8Array => {
  const values = Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.trunc(table(value)));
  return image.map((value) => values[value] ?? 0);
};

export const invert = (image: Uint8Array): Uint8Array => image.map((value) => 255 - value);

/** Inverts what is at least the threshold. */
export const solarize = (image: Uint8Array, threshold: number): Uint8Array =>
  mapped(image, (value) => (value < threshold ? value : 255 - value));

/** Makes what is below 128 brighter by so many levels. */
export const solarizeAdd = (image: Uint8Array, rise: number): Uint8Array =>
  mapped(image, (value) => (value < 128 ? value + rise : value));

/** Keeps the `bits` highest bits of each byte. */
export const posterize = (image: Uint8Array, bits: number): Uint8Array => {
  const mask = 256 - 2 ** (8 - bits);
  return image.map((value) => value & mask);
};

/** Each plane changed by a function of its values. */
function mapPlanes(image: Uint8Array, [, height, width]: Shape, change: (plane: Uint8Array) => Uint8Array): Uint8Array {
  const area = height * width;
  const result = new Uint8Array(image.length);
  for (let start = 0; start < image.length; start += area) {
    result.set(change(image.subarray(start, start + area)), start);
  }
  return result;
}

/** Stretches each channel over 0 to 255. */
export const autoContrast = (image: Uint8Array, shape: Shape): Uint8Array =>
  mapPlanes(image, shape, (plane) => {
    let [low, high] = [255, 0];
    for (const value of plane) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high <= low) return plane;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return mapped(plane, (value) => value * scale + offset);
  });

/** Gives each channel an even histogram. */
export const equalize = (image: Uint8Array, shape: Shape): Uint8Array =>
  mapPlanes(image, shape, (plane) => {
    const histogram = new Uint32Array(256);
    for (const value of plane) histogram[value] = (histogram[value] ?? 0) + 1;
    const last = histogram.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((plane.length - last) / 255);
    // Of one value, or too few pixels for its levels.
    if (step === 0) return plane;
    let sum = Math.floor(step / 2);
    const table = Array.from(histogram, (count) => {
      const level = Math.floor(sum / step);
      sum += count;
      return level;
    });
    return mapped(plane, (value) => table[value] ?? 0);
  });

/** Luminance (ITU-R 601) of each pixel, `[height, width]`, in the fixed point of Pillow's conversion. */
function grey(image: Uint8Array, [channels, height, width]: Shape): Uint8Array {
  const area = height * width;
  if (channels !== 3) return image.subarray(0, area);
  return Uint8Array.from({ length: area }, (_, i) => {
    const [red = 0, green = 0, blue = 0] = [image[i], image[area + i], image[2 * area + i]];
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  });
}

/** From `from` at factor 0 to the image at 1 and beyond, in float32; `from` gives what stands at a place. */
function blended(image: Uint8Array, factor: number, from: (i: number) => number): Uint8Array {
  const share = Math.fround(factor);
  const result = new Uint8Array(image.length);
  for (let i = 0; i < image.length; i++) {
    const start = from(i);
    const value = Math.fround(start + Math.fround(share * ((image[i] ?? 0) - start)));
    result[i] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
  return result;
}

/** Saturation: grey at factor 0, as it is at 1. */
export function color(image: Uint8Array, shape: Shape, factor: number): Uint8Array {
  const luminance = grey(image, shape);
  return blended(image, factor, (i) => luminance[i % luminance.length] ?? 0);
}

/** Contrast: the mean luminance at factor 0, as it is at 1. */
export function contrast(image: Uint8Array, shape: Shape, factor: number): Uint8Array {
  const luminance = grey(image, shape);
  const mean = Math.floor(luminance.reduce((sum, value) => sum + value, 0) / luminance.length + 0.5);
  return blended(image, factor, () => mean);
}

/** Brightness: black at factor 0, as it is at 1. */
export const brightness = (image: Uint8Array, factor: number): Uint8Array => blended(image, factor, () => 0);

/** Sharpness: smoothed at factor 0, as it is at 1, sharpened above. */
export function sharpness(image: Uint8Array, shape: Shape, factor: number): Uint8Array {
  const [, height, width] = shape;
  const smooth = mapPlanes(image, shape, (plane) => {
    const result = plane.slice();
    const rowOf3 = (at: number) => (plane[at - 1] ?? 0) + (plane[at] ?? 0) + (plane[at + 1] ?? 0);
    for (let row = 1; row < height - 1; row++) {
      for (let at = row * width + 1; at < row * width + width - 1; at++) {
        // 1/13 of all nine and 4/13 more of the middle, rounded.
        const sum = rowOf3(at - width) + rowOf3(at) + rowOf3(at + width) + 4 * (plane[at] ?? 0);
        result[at] = (2 * sum + 13) / 26;
      }
    }
    return result;
  });
  return blended(image, factor, (i) => smooth[i] ?? 0);
}

export type Interpolation = "bilinear" | "bicubic";

/** Where pixel (x, y) of the result is read, both at pixel centres: (a·x + b·y + c, d·x + e·y + f). */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

const clamp = (value: number, high: number): number => (value < 0 ? 0 : value > high ? high : value);

/** Keys' cubic with a = −1 through four values, at `t` between the second and third. */
const cubic = (a: number, b: number, c: number, d: number, t: number): number =>
  b + t * (c - a + t * (2 * (a - b) + c - d + t * (b - a + d - c)));

/** An image moved by an affine map; what lies outside it becomes `fill`, a value for each channel. */
export function transformed(
  image: Uint8Array,
  [channels, height, width]: Shape,
  [a, b, c, d, e, f]: Affine,
  interpolation: Interpolation,
  fill: readonly number[],
): Uint8Array {
  const area = height * width;
  const result = new Uint8Array(image.length);
  const isCubic = interpolation === "bicubic";
  const [right, bottom] = [width - 1, height - 1];
  const value = (at: number) => image[at] ?? 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const x = a * (column + 0.5) + b * (row + 0.5) + c;
      const y = d * (column + 0.5) + e * (row + 0.5) + f;
      if (!(x >= 0 && x < width && y >= 0 && y < height)) {
        for (let channel = 0; channel < channels; channel++) result[channel * area + at] = fill[channel] ?? 0;
        continue;
      }
      const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
      const [dx, dy] = [x - 0.5 - left, y - 0.5 - top];
      const [x1, x2] = [clamp(left, right), clamp(left + 1, right)];
      const [y1, y2] = [clamp(top, bottom) * width, clamp(top + 1, bottom) * width];
      if (!isCubic) {
        for (let plane = 0; plane < image.length; plane += area) {
          const above = value(plane + y1 + x1) + (value(plane + y1 + x2) - value(plane + y1 + x1)) * dx;
          const below = value(plane + y2 + x1) + (value(plane + y2 + x2) - value(plane + y2 + x1)) * dx;
          result[plane + at] = above + (below - above) * dy;
        }
        continue;
      }
      const [x0, x3] = [clamp(left - 1, right), clamp(left + 2, right)];
      const [y0, y3] = [clamp(top - 1, bottom) * width, clamp(top + 2, bottom) * width];
      for (let plane = 0; plane < image.length; plane += area) {
        const line = (y: number) =>
          cubic(value(plane + y + x0), value(plane + y + x1), value(plane + y + x2), value(plane + y + x3), dx);
        const sum = cubic(line(y0), line(y1), line(y2), line(y3), dy);
        result[plane + at] = sum <= 0 ? 0 : sum >= 255 ? 255 : sum;
      }
    }
  }
  return result;
}

/** The map of a rotation about the middle, counterclockwise, in degrees. */
export function rotation([, height, width]: Shape, degrees: number): Affine {
  const angle = (-degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = [width / 2, height / 2];
  return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y];
}
