/**
 * Common corruptions (Hendrycks & Dietterich 2019), those that need no further files, with the severities of their CIFAR-10-C. Pixelation
 * reduces by sharp's linear filter where theirs takes boxes; the noise is this project's seeded generator's.
 */
import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import sharp from "sharp";
import type { ImageSet } from "../data/imageSet.ts";
import { mapImages } from "./rawImages.ts";

type Levels = readonly [number, number, number, number, number];

interface Corruption {
  /** Its parameter at the severities 1 to 5. */
  readonly levels: Levels;
  apply(set: ImageSet, level: number): ImageSet | Promise<ImageSet>;
}

const byte = (value: number): number => Math.min(Math.max(Math.round(value), 0), 255);

/** The set with every image's planes changed in place of a copy. */
function mapPlanes(set: ImageSet, change: (planes: Uint8Array, area: number) => void): ImageSet {
  const images = set.images.slice();
  const [channels, height, width] = set.image;
  const size = channels * height * width;
  for (let i = 0; i < set.labels.length; i++) change(images.subarray(i * size, (i + 1) * size), height * width);
  return { ...set, images };
}

export const corruptions = {
  noise: {
    levels: [0.04, 0.06, 0.08, 0.09, 0.1],
    apply(set, deviation) {
      const random = new Random(0);
      return mapPlanes(set, (planes) => {
        for (let i = 0; i < planes.length; i++) planes[i] = byte((planes[i] ?? 0) + 255 * deviation * random.normal());
      });
    },
  },
  blur: {
    levels: [0.4, 0.6, 0.7, 0.8, 1],
    apply: (set, sigma) => mapImages(set, (image) => image.blur(sigma)),
  },
  brightness: {
    levels: [0.05, 0.1, 0.15, 0.2, 0.3],
    // Raises the value of HSV: hue and saturation stay where all channels are scaled alike.
    apply: (set, rise) =>
      mapPlanes(set, (planes, area) => {
        for (let i = 0; i < area; i++) {
          let value = 0;
          for (let at = i; at < planes.length; at += area) value = Math.max(value, planes[at] ?? 0);
          const raised = Math.min(value + 255 * rise, 255);
          for (let at = i; at < planes.length; at += area) {
            planes[at] = value === 0 ? byte(raised) : byte(((planes[at] ?? 0) * raised) / value);
          }
        }
      }),
  },
  contrast: {
    levels: [0.75, 0.5, 0.4, 0.3, 0.15],
    apply: (set, share) =>
      mapPlanes(set, (planes, area) => {
        for (let start = 0; start < planes.length; start += area) {
          const plane = planes.subarray(start, start + area);
          const mean = plane.reduce((sum, value) => sum + value, 0) / area;
          for (let i = 0; i < area; i++) plane[i] = byte(((plane[i] ?? 0) - mean) * share + mean);
        }
      }),
  },
  pixelate: {
    levels: [0.95, 0.9, 0.85, 0.75, 0.65],
    async apply(set, share) {
      const [, height, width] = set.image;
      const small = [Math.floor(width * share), Math.floor(height * share)] as const;
      return mapImages(set, async (image) => {
        const { data, info } = await image
          .resize(...small, { kernel: "linear", fit: "fill" })
          .raw()
          .toBuffer({ resolveWithObject: true });
        const { width: w, height: h, channels } = info;
        const large = sharp(data, { raw: { width: w, height: h, channels } });
        return large.resize(width, height, { kernel: "nearest", fit: "fill" });
      });
    },
  },
  jpeg: {
    levels: [80, 65, 58, 50, 40],
    apply: (set, quality) => mapImages(set, async (image) => sharp(await image.jpeg({ quality }).toBuffer())),
  },
} as const satisfies Readonly<Record<string, Corruption>>;

export type CorruptionName = keyof typeof corruptions;
export const corruptionNames = Object.keys(corruptions) as CorruptionName[];

/**
 * The set with every image corrupted; the same at every call.
 * @param severity 1 to 5
 */
export async function corrupted(set: ImageSet, name: CorruptionName, severity: number): Promise<ImageSet> {
  const corruption: Corruption = corruptions[name];
  const level = corruption.levels[severity - 1];
  if (level === undefined) throw new UsageError(`severity ${severity} of ${name}: must be a whole number from 1 to 5`);
  return { ...(await corruption.apply(set, level)), name: `${set.name} (${name} ${severity})` };
}
