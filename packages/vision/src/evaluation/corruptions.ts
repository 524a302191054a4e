/**
 * Common corruptions (Hendrycks & Dietterich 2019) with the severities of CIFAR-10-C, by the formulas of its code (`make_cifar_c.py` of
 * hendrycks/robustness), for images of about 32². All of them but frost, which needs photographs, and spatter, which is OpenCV's edge detector at
 * work. What has no lot in it gives the original's bytes; noise, fields and angles are this project's seeded generator's. ImageMagick's motion blur is
 * by its formula, and the affine map of "elastic" at full precision (OpenCV's is in 1/32 pixel).
 */
import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import type { ImageSet } from "../data/imageSet.ts";
import { defocusBlur, gaussianBlur, glassBlur, motionBlur, zoomBlur } from "./corruptions/blur.ts";
import { brightness, contrast, saturate } from "./corruptions/color.ts";
import { elastic } from "./corruptions/elastic.ts";
import { jpeg, pixelate } from "./corruptions/encoding.ts";
import { gaussianNoise, impulseNoise, shotNoise, speckleNoise } from "./corruptions/noise.ts";
import type { Shape } from "./corruptions/pixels.ts";
import { fog, type Snow, snow } from "./corruptions/weather.ts";

/** An image of bytes, `[channels, height, width]`, at a severity from 0 to 4: what a corruption makes of it. */
type Corruption = (
  image: Uint8Array,
  shape: Shape,
  severity: number,
  random: Random,
) => Uint8Array | Promise<Uint8Array>;

/** A corruption by its parameter at the five severities. */
const graded =
  <Level>(
    levels: readonly [Level, Level, Level, Level, Level],
    apply: (image: Uint8Array, shape: Shape, level: Level, random: Random) => Uint8Array | Promise<Uint8Array>,
  ): Corruption =>
  (image, shape, severity, random) =>
    apply(image, shape, levels[severity] as Level, random);

const flakes = ([mean, deviation, zoom, threshold, radius, sigma, share]: readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]): Snow => ({ mean, deviation, zoom, threshold, radius, sigma, share });

export const corruptions = {
  "gaussian-noise": graded([0.04, 0.06, 0.08, 0.09, 0.1], (image, _, level, random) =>
    gaussianNoise(image, level, random),
  ),
  "shot-noise": graded([500, 250, 100, 75, 50], (image, _, level, random) => shotNoise(image, level, random)),
  "impulse-noise": graded([0.01, 0.02, 0.03, 0.05, 0.07], (image, _, level, random) =>
    impulseNoise(image, level, random),
  ),
  "speckle-noise": graded([0.06, 0.1, 0.12, 0.16, 0.2], (image, _, level, random) =>
    speckleNoise(image, level, random),
  ),
  "gaussian-blur": graded([0.4, 0.6, 0.7, 0.8, 1], gaussianBlur),
  "defocus-blur": graded(
    [
      [0.3, 0.4],
      [0.4, 0.5],
      [0.5, 0.6],
      [1, 0.2],
      [1.5, 0.1],
    ],
    defocusBlur,
  ),
  "glass-blur": graded(
    [
      [0.05, 1, 1],
      [0.25, 1, 1],
      [0.4, 1, 1],
      [0.25, 1, 2],
      [0.4, 1, 2],
    ],
    glassBlur,
  ),
  "motion-blur": graded(
    [
      [6, 1],
      [6, 1.5],
      [6, 2],
      [8, 2],
      [9, 2.5],
    ],
    (image, shape, [radius = 0, sigma = 0], random) =>
      motionBlur(image, shape, { radius, sigma, angle: random.uniform(-45, 45) }),
  ),
  // Steps of numpy.arange(1, 1.06, 0.01) and so on, whose lengths floating point decides.
  "zoom-blur": graded([7, 12, 16, 21, 26], zoomBlur),
  snow: graded(
    [
      flakes([0.1, 0.2, 1, 0.6, 8, 3, 0.95]),
      flakes([0.1, 0.2, 1, 0.5, 10, 4, 0.9]),
      flakes([0.15, 0.3, 1.75, 0.55, 10, 4, 0.9]),
      flakes([0.25, 0.3, 2.25, 0.6, 12, 6, 0.85]),
      flakes([0.3, 0.3, 1.25, 0.65, 14, 12, 0.8]),
    ],
    snow,
  ),
  fog: graded(
    [
      [0.2, 3],
      [0.5, 3],
      [0.75, 2.5],
      [1, 2],
      [1.5, 1.75],
    ],
    fog,
  ),
  brightness: graded([0.05, 0.1, 0.15, 0.2, 0.3], brightness),
  contrast: graded([0.75, 0.5, 0.4, 0.3, 0.15], contrast),
  saturate: graded(
    [
      [0.3, 0],
      [0.1, 0],
      [1.5, 0],
      [2, 0.1],
      [2.5, 0.2],
    ],
    saturate,
  ),
  elastic: graded(
    [
      [0, 0, 0.08],
      [0.05, 0.2, 0.07],
      [0.08, 0.06, 0.06],
      [0.1, 0.04, 0.05],
      [0.1, 0.03, 0.03],
    ],
    elastic,
  ),
  pixelate: graded([0.95, 0.9, 0.85, 0.75, 0.65], pixelate),
  jpeg: graded([80, 65, 58, 50, 40], jpeg),
} as const satisfies Readonly<Record<string, Corruption>>;

export type CorruptionName = keyof typeof corruptions;
export const corruptionNames = Object.keys(corruptions) as CorruptionName[];

/**
 * The set with every image corrupted; the same at every call.
 * @param severity 1 to 5
 * @param seed of what is random: parts of a set need different ones
 */
export async function corrupted(set: ImageSet, name: CorruptionName, severity: number, seed = 0): Promise<ImageSet> {
  if (!(Number.isInteger(severity) && severity >= 1 && severity <= 5)) {
    throw new UsageError(`severity ${severity} of ${name}: must be a whole number from 1 to 5`);
  }
  const corruption: Corruption = corruptions[name];
  const random = new Random(seed);
  const size = set.image.reduce((product, n) => product * n, 1);
  const images = new Uint8Array(set.images.length);
  for (let start = 0; start < images.length; start += size) {
    const own = set.images.subarray(start, start + size);
    images.set(await corruption(own, set.image, severity - 1, random), start);
  }
  return { ...set, images, name: `${set.name} (${name} ${severity})` };
}
