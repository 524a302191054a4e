/** Blurs of planes and images. */
import type { Random } from "@era/tensor";
import { type Border, inside, mapPlanes, type Shape, toBytes, toUnit } from "./pixels.ts";

type Size = readonly [height: number, width: number];

/** A plane whose pixels are sums of others: `taps` are rows and columns away, each with its weight. */
function filtered(
  plane: Float64Array,
  [height, width]: Size,
  taps: readonly (readonly [down: number, right: number, weight: number])[],
  border: Border,
): Float64Array {
  const result = new Float64Array(plane.length);
  for (const [down, right, weight] of taps) {
    const columns = Int32Array.from({ length: width }, (_, x) => inside(x + right, width, border));
    for (let y = 0; y < height; y++) {
      const from = inside(y + down, height, border) * width;
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        result[at] = (result[at] ?? 0) + weight * (plane[from + (columns[x] ?? 0)] ?? 0);
      }
    }
  }
  return result;
}

/** A normalized Gaussian from −radius to radius. */
function gaussianKernel(sigma: number, radius: number): number[] {
  const values = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

/** Gaussian filter of a plane, cut off at `truncate` deviations (scipy.ndimage.gaussian_filter). */
export function gaussianFilter(
  plane: Float64Array,
  size: Size,
  sigma: number,
  { truncate = 4, border = "nearest" as Border } = {},
): Float64Array {
  if (sigma === 0) return plane;
  const radius = Math.floor(truncate * sigma + 0.5);
  const kernel = gaussianKernel(sigma, radius);
  const down = filtered(
    plane,
    size,
    kernel.map((weight, i) => [i - radius, 0, weight]),
    border,
  );
  return filtered(
    down,
    size,
    kernel.map((weight, i) => [0, i - radius, weight]),
    border,
  );
}

export const gaussianBlur = (image: Uint8Array, shape: Shape, sigma: number): Uint8Array =>
  toBytes(mapPlanes(toUnit(image), shape, (plane) => gaussianFilter(plane, [shape[1], shape[2]], sigma)));

/** A lens out of focus: a disk, softened by a Gaussian of 3×3. */
export function defocusBlur(
  image: Uint8Array,
  shape: Shape,
  [radius, alias]: readonly [radius: number, alias: number],
): Uint8Array {
  const reach = Math.ceil(radius) + 1;
  const places = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const isIn = (y: number, x: number) => (x * x + y * y <= radius * radius ? 1 : 0);
  const area = places.flatMap((y) => places.map((x) => isIn(y, x) as number)).reduce((sum, one) => sum + one, 0);
  const soft = gaussianKernel(alias, 1);
  const taps = places.flatMap((y) =>
    places.flatMap((x) => {
      let weight = 0;
      for (const [i, a] of soft.entries())
        for (const [j, b] of soft.entries()) weight += a * b * isIn(y + i - 1, x + j - 1);
      return weight > 0 ? [[y, x, weight / area] as const] : [];
    }),
  );
  const size = [shape[1], shape[2]] as const;
  return toBytes(mapPlanes(toUnit(image), shape, (plane) => filtered(plane, size, taps, "mirror")));
}

/**
 * ImageMagick's motion blur of bytes: half a Gaussian along a line, in degrees, clockwise from the right.
 * @param radius how far the line goes, in pixels
 */
export function motionBlur(
  image: Uint8Array,
  shape: Shape,
  { radius, sigma, angle }: { readonly radius: number; readonly sigma: number; readonly angle: number },
): Uint8Array {
  const length = 2 * Math.ceil(radius) + 1;
  const weights = Array.from({ length }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, value) => sum + value, 0);
  const radians = (angle * Math.PI) / 180;
  const taps = weights.map((weight, i) => {
    const [down, right] = [Math.sin(radians), Math.cos(radians)].map((part) => Math.ceil(i * part - 0.5));
    return [down ?? 0, right ?? 0, weight / total] as const;
  });
  const size = [shape[1], shape[2]] as const;
  const blurred = mapPlanes(Float64Array.from(image), shape, (plane) => filtered(plane, size, taps, "nearest"));
  return Uint8Array.from(blurred, Math.round);
}

/** Where each pixel of an enlarged axis lies between two of its middle part. */
function zoomedAxis(size: number, factor: number): readonly (readonly [low: number, high: number, share: number])[] {
  const part = Math.ceil(size / factor);
  const start = (size - part) >> 1;
  const enlarged = Math.round(part * factor);
  const trimmed = (enlarged - size) >> 1;
  return Array.from({ length: size }, (_, i) => {
    const place = enlarged > 1 ? ((i + trimmed) * (part - 1)) / (enlarged - 1) : 0;
    const low = Math.min(Math.floor(place), part - 1);
    return [start + low, start + Math.min(low + 1, part - 1), place - low];
  });
}

/** The middle of a plane, enlarged by linear interpolation to the plane's size. */
export function clippedZoom(plane: Float64Array, [height, width]: Size, factor: number): Float64Array {
  const columns = zoomedAxis(width, factor);
  const result = new Float64Array(height * width);
  for (const [y, [top, bottom, dy]] of zoomedAxis(height, factor).entries()) {
    for (let x = 0; x < width; x++) {
      const [left, right, dx] = columns[x] as (typeof columns)[number];
      const above = (plane[top * width + left] ?? 0) * (1 - dx) + (plane[top * width + right] ?? 0) * dx;
      const below = (plane[bottom * width + left] ?? 0) * (1 - dx) + (plane[bottom * width + right] ?? 0) * dx;
      result[y * width + x] = above * (1 - dy) + below * dy;
    }
  }
  return result;
}

/** The mean of an image and of it enlarged in so many steps, each by a hundredth more. */
export function zoomBlur(image: Uint8Array, shape: Shape, steps: number): Uint8Array {
  const size = [shape[1], shape[2]] as const;
  const blurred = mapPlanes(toUnit(image), shape, (plane) => {
    const sum = plane.slice();
    for (let step = 0; step < steps; step++) {
      const zoomed = clippedZoom(plane, size, 1 + step / 100);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (zoomed[i] ?? 0);
    }
    return sum.map((value) => value / (steps + 1));
  });
  return toBytes(blurred);
}

/**
 * Frosted glass: blurred, pixels replaced by near ones, and blurred again. The original means to exchange two pixels, but its assignment of views
 * copies one over the other; so it is here.
 */
export function glassBlur(
  image: Uint8Array,
  shape: Shape,
  [sigma, distance, rounds]: readonly [sigma: number, distance: number, rounds: number],
  random: Random,
): Uint8Array {
  const [, height, width] = shape;
  const area = height * width;
  const result = gaussianBlur(image, shape, sigma);
  for (let round = 0; round < rounds; round++) {
    for (let y = height - distance; y > distance; y--) {
      for (let x = width - distance; x > distance; x--) {
        const [right, down] = [random.integer(2 * distance) - distance, random.integer(2 * distance) - distance];
        const [to, from] = [y * width + x, (y + down) * width + x + right];
        for (let plane = 0; plane < result.length; plane += area) result[plane + to] = result[plane + from] ?? 0;
      }
    }
  }
  return gaussianBlur(result, shape, sigma);
}
