/** A rubber sheet: a random affine map, and each pixel moved by a smooth random field. */
import type { Random } from "@era/tensor";
import { gaussianFilter } from "./blur.ts";
import { mapPlanes, type Shape, sample, toBytes, toUnit } from "./pixels.ts";

type Point = readonly [x: number, y: number];

/** The affine map that takes three points to three others: x ↦ a·x + b·y + c, y ↦ d·x + e·y + f. */
function affineOf(
  from: readonly [Point, Point, Point],
  to: readonly [Point, Point, Point],
): (x: number, y: number) => Point {
  const [[x0, y0], [x1, y1], [x2, y2]] = from;
  const area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
  return (x, y) => {
    // Barycentric coordinates are kept.
    const second = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area;
    const third = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area;
    const mix = (axis: 0 | 1) => to[0][axis] * (1 - second - third) + to[1][axis] * second + to[2][axis] * third;
    return [mix(0), mix(1)];
  };
}

/** @param level strength and smoothness of the field, and how far the points of the affine map move, each in sides of the image */
export function elastic(
  image: Uint8Array,
  shape: Shape,
  level: readonly [strength: number, smoothness: number, shift: number],
  random: Random,
): Uint8Array {
  const [, height, width] = shape;
  const size = [height, width] as const;
  const [strength, sigma, shift] = level.map((share) => share * Math.min(height, width)) as [number, number, number];
  const [x, y, reach] = [width >> 1, height >> 1, Math.floor(Math.min(height, width) / 3)];
  const from = [
    [x + reach, y + reach],
    [x + reach, y - reach],
    [x - reach, y - reach],
  ] as const;
  const moved = ([px, py]: Point): Point => [px + random.uniform(-shift, shift), py + random.uniform(-shift, shift)];
  const to = [moved(from[0]), moved(from[1]), moved(from[2])] as const;
  const source = affineOf(to, from);
  const field = () => {
    const noise = Float64Array.from({ length: height * width }, () => random.uniform(-1, 1));
    return gaussianFilter(noise, size, sigma, { truncate: 3, border: "reflect" }).map((value) => value * strength);
  };
  const [right, down] = [field(), field()];
  return toBytes(
    mapPlanes(toUnit(image), shape, (plane) => {
      const skewed = plane.map((_, i) => {
        const [px, py] = source(i % width, Math.floor(i / width));
        return sample(plane, size, py, px, "mirror");
      });
      return skewed.map((_, i) =>
        sample(skewed, size, Math.floor(i / width) + (down[i] ?? 0), (i % width) + (right[i] ?? 0), "reflect"),
      );
    }),
  );
}
