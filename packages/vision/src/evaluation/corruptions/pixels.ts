/** Images of a corruption: planes `[channels, height, width]`, as bytes or as shares of white from 0 to 1. */

export type Shape = readonly [channels: number, height: number, width: number];

export const toUnit = (image: Uint8Array): Float64Array => Float64Array.from(image, (value) => value / 255);

/** Clipped and cut to bytes, as `numpy.uint8(numpy.clip(x, 0, 1) * 255)` is. */
export const toBytes = (image: Float64Array): Uint8Array =>
  Uint8Array.from(image, (value) => Math.min(Math.max(value, 0), 1) * 255);

/** Each plane changed by a function of its values. */
export function mapPlanes(
  image: Float64Array,
  [, height, width]: Shape,
  change: (plane: Float64Array) => Float64Array,
): Float64Array {
  const result = new Float64Array(image.length);
  for (let start = 0; start < image.length; start += height * width) {
    result.set(change(image.subarray(start, start + height * width)), start);
  }
  return result;
}

/** Where a place outside 0 to size − 1 is read: at the edge, mirrored with the edge taken twice, or mirrored about the edge. */
export type Border = "nearest" | "reflect" | "mirror";

export function inside(i: number, size: number, border: Border): number {
  if (i >= 0 && i < size) return i;
  if (border === "nearest" || size === 1) return i < 0 ? 0 : size - 1;
  const period = border === "reflect" ? 2 * size : 2 * size - 2;
  const at = ((i % period) + period) % period;
  return at < size ? at : border === "reflect" ? 2 * size - 1 - at : period - at;
}

/** A plane `[height, width]` between its pixels, by linear interpolation. */
export function sample(
  plane: Float64Array,
  [height, width]: readonly [number, number],
  y: number,
  x: number,
  border: Border,
): number {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [dy, dx] = [y - top, x - left];
  const value = (row: number, column: number) =>
    plane[inside(row, height, border) * width + inside(column, width, border)] ?? 0;
  const above = value(top, left) * (1 - dx) + value(top, left + 1) * dx;
  const below = value(top + 1, left) * (1 - dx) + value(top + 1, left + 1) * dx;
  return above * (1 - dy) + below * dy;
}
