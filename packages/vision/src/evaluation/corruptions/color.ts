/** Brightness, contrast and saturation. */
import { mapPlanes, type Shape, toBytes, toUnit } from "./pixels.ts";

/** Differences from each channel's mean, by a factor. */
export const contrast = (image: Uint8Array, shape: Shape, factor: number): Uint8Array =>
  toBytes(
    mapPlanes(toUnit(image), shape, (plane) => {
      const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
      return plane.map((value) => (value - mean) * factor + mean);
    }),
  );

/** Raises the value of HSV. */
export const brightness = (image: Uint8Array, shape: Shape, rise: number): Uint8Array =>
  shape[0] === 3
    ? mapHsv(image, shape, (h, s, v) => [h, s, Math.min(v + rise, 1)])
    : toBytes(toUnit(image).map((value) => value + rise));

/** Changes the saturation of HSV by a factor and an addend; a grey image has none. */
export const saturate = (
  image: Uint8Array,
  shape: Shape,
  [factor, rise]: readonly [factor: number, rise: number],
): Uint8Array =>
  shape[0] === 3
    ? mapHsv(image, shape, (h, s, v) => [h, Math.min(Math.max(s * factor + rise, 0), 1), v])
    : image.slice();

type Triple = readonly [number, number, number];

function mapHsv(image: Uint8Array, [, height, width]: Shape, change: (...hsv: Triple) => Triple): Uint8Array {
  const area = height * width;
  const unit = toUnit(image);
  for (let i = 0; i < area; i++) {
    const rgb = [unit[i] ?? 0, unit[area + i] ?? 0, unit[2 * area + i] ?? 0] as const;
    const changed = rgbOf(change(...hsvOf(rgb)));
    for (const [c, value] of changed.entries()) unit[c * area + i] = value;
  }
  return toBytes(unit);
}

/** Hue (0 to 1), saturation and value; grey has hue 0. */
function hsvOf([r, g, b]: Triple): Triple {
  const value = Math.max(r, g, b);
  const delta = value - Math.min(r, g, b);
  if (delta === 0) return [0, 0, value];
  const sixths = value === b ? 4 + (r - g) / delta : value === g ? 2 + (b - r) / delta : (g - b) / delta;
  const turns = sixths / 6;
  return [turns - Math.floor(turns), delta / value, value];
}

function rgbOf([h, s, v]: Triple): Triple {
  const sector = Math.floor(h * 6);
  const f = h * 6 - sector;
  const [p, q, t] = [v * (1 - s), v * (1 - f * s), v * (1 - (1 - f) * s)];
  const all: readonly Triple[] = [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ];
  return all[sector % 6] ?? [v, v, v];
}
