/**
 * RandAugment (Cubuk et al. 2020) in timm's way (`timm/data/auto_augment.py`, which the official image classification uses): a few operations by
 * lot, each with a strength that varies around a common one. Operations come out as Pillow's do; the lots are this project's seeded generator's.
 */
import type { Random } from "@era/tensor";
import type { Affine, Interpolation, Shape } from "./imageOperations.ts";
import * as operations from "./imageOperations.ts";

export interface RandAugmentPolicy {
  /** Strength of the operations, of 10. */
  readonly magnitude: number;
  /** Deviation of the strength, drawn for each operation; Infinity: uniform from 0 to the magnitude. */
  readonly deviation: number;
  /** The highest strength that a draw can have. */
  readonly maximum: number;
  /** Operations drawn for each image, and the chance of each to happen. */
  readonly layers: number;
  readonly probability: number;
  /** Strengths that grow with the magnitude in all operations; without it posterize, solarize and the enhancements are timm's first, uneven ones. */
  readonly isIncreasing: boolean;
}

/** timm's scale of strengths. */
const fullMagnitude = 10;

/** Sections of timm's notation, and what their numbers must be. */
const sections: Readonly<Record<string, (value: string) => Partial<RandAugmentPolicy> | undefined>> = {
  m: (value) => (/^\d+$/.test(value) ? { magnitude: Number(value) } : undefined),
  n: (value) => (/^[1-9]\d*$/.test(value) ? { layers: Number(value) } : undefined),
  p: (value) => (Number(value) <= 1 ? { probability: Number(value) } : undefined),
  // Above 100 it stands for infinity.
  mstd: (value) => ({ deviation: Number(value) > 100 ? Number.POSITIVE_INFINITY : Number(value) }),
  mmax: (value) => (/^[1-9]\d*$/.test(value) ? { maximum: Number(value) } : undefined),
  inc: (value) => (/^[01]$/.test(value) ? { isIncreasing: value === "1" } : undefined),
};

/**
 * A policy in timm's notation, with or without its "rand-": "m9-mstd0.5-inc1" is magnitude 9 with deviation 0.5 and increasing strengths; n2 operations
 * (default 2), each with probability p0.5 (default); mmax10 limits the magnitude.
 * @throws RangeError in one line that names the section that can't be read
 */
export function parseRandAugment(text: string): RandAugmentPolicy {
  let policy: RandAugmentPolicy = {
    magnitude: fullMagnitude,
    deviation: 0,
    maximum: fullMagnitude,
    layers: 2,
    probability: 0.5,
    isIncreasing: false,
  };
  for (const section of text.replace(/^rand-/, "").split("-")) {
    const [, name = "", value = ""] = /^([a-z]+)(\d+(?:\.\d+)?)$/.exec(section) ?? [];
    const read = sections[name]?.(value);
    if (!read)
      throw new RangeError(`"${section}" must be one of m9, n2, p0.5, mstd0.5, mmax10, inc1, joined by dashes`);
    policy = { ...policy, ...read };
  }
  return policy;
}

/** What was drawn for one operation. */
export interface Draw {
  /** Strength, of 10 (or up to the policy's maximum). */
  readonly magnitude: number;
  /** Which way, where there are two. */
  readonly sign: 1 | -1;
  readonly interpolation: Interpolation;
  /** What comes in from outside, a value for each channel. */
  readonly fill: readonly number[];
}

export type Operation = (image: Uint8Array, shape: Shape, draw: Draw) => Uint8Array;

/** A share of `most`, either way. */
const signed = ({ magnitude, sign }: Draw, most: number): number => (magnitude / fullMagnitude) * most * sign;
const whole = ({ magnitude }: Draw, most: number): number => Math.trunc((magnitude / fullMagnitude) * most);

const moved =
  (map: (draw: Draw, shape: Shape) => Affine): Operation =>
  (image, shape, draw) =>
    operations.transformed(image, shape, map(draw, shape), draw.interpolation, draw.fill);

/** The strength of an enhancement, 1 being none: away from it in either direction, or from nearly nothing to nearly double. */
const enhancement = (draw: Draw, isIncreasing: boolean): number =>
  isIncreasing ? Math.max(0.1, 1 + signed(draw, 0.9)) : (draw.magnitude / fullMagnitude) * 1.8 + 0.1;

/** timm's operations by its names for them, without its "Increasing". */
export const randAugmentOperations = (isIncreasing: boolean): Readonly<Record<string, Operation>> => ({
  AutoContrast: (image, shape) => operations.autoContrast(image, shape),
  Equalize: (image, shape) => operations.equalize(image, shape),
  Invert: (image) => operations.invert(image),
  Rotate: moved((draw, shape) => operations.rotation(shape, signed(draw, 30))),
  Posterize: (image, _, draw) => operations.posterize(image, isIncreasing ? 4 - whole(draw, 4) : whole(draw, 4)),
  Solarize: (image, _, draw) => {
    const level = Math.min(256, whole(draw, 256));
    return operations.solarize(image, isIncreasing ? 256 - level : level);
  },
  SolarizeAdd: (image, _, draw) => operations.solarizeAdd(image, Math.min(128, whole(draw, 110))),
  Color: (image, shape, draw) => operations.color(image, shape, enhancement(draw, isIncreasing)),
  Contrast: (image, shape, draw) => operations.contrast(image, shape, enhancement(draw, isIncreasing)),
  Brightness: (image, _, draw) => operations.brightness(image, enhancement(draw, isIncreasing)),
  Sharpness: (image, shape, draw) => operations.sharpness(image, shape, enhancement(draw, isIncreasing)),
  ShearX: moved((draw) => [1, signed(draw, 0.3), 0, 0, 1, 0]),
  ShearY: moved((draw) => [1, 0, 0, signed(draw, 0.3), 1, 0]),
  TranslateXRel: moved((draw, [, , width]) => [1, 0, signed(draw, 0.45) * width, 0, 1, 0]),
  TranslateYRel: moved((draw, [, height]) => [1, 0, 0, 0, 1, signed(draw, 0.45) * height]),
});

const [evenOperations, increasingOperations] = [false, true].map((is) => Object.values(randAugmentOperations(is)));

/**
 * An image `[channels, height, width]` of bytes, changed by a policy's operations; the image itself stays as it is.
 * @param fill what comes in where the image is moved, a value for each channel; timm takes the data's mean
 */
export function randAugment(
  random: Random,
  image: Uint8Array,
  shape: Shape,
  policy: RandAugmentPolicy,
  fill: readonly number[],
): Uint8Array {
  const { layers, probability, deviation, maximum } = policy;
  const all = (policy.isIncreasing ? increasingOperations : evenOperations) ?? [];
  let result = image;
  for (let layer = 0; layer < layers; layer++) {
    const operation = all[random.integer(all.length)];
    if (!operation || random.uniform() >= probability) continue;
    const drawn =
      deviation === Number.POSITIVE_INFINITY
        ? random.uniform(0, policy.magnitude)
        : policy.magnitude + (deviation > 0 ? deviation * random.normal() : 0);
    result = operation(result, shape, {
      magnitude: Math.max(0, Math.min(drawn, maximum)),
      sign: random.integer(2) === 1 ? 1 : -1,
      interpolation: random.integer(2) === 1 ? "bicubic" : "bilinear",
      fill,
    });
  }
  return result;
}
