/** Noise, independent in every value of an image. */
import type { Random } from "@era/tensor";
import { toBytes, toUnit } from "./pixels.ts";

export const gaussianNoise = (image: Uint8Array, deviation: number, random: Random): Uint8Array =>
  toBytes(toUnit(image).map((value) => value + deviation * random.normal()));

/** Noise in proportion to the value. */
export const speckleNoise = (image: Uint8Array, deviation: number, random: Random): Uint8Array =>
  toBytes(toUnit(image).map((value) => value + value * deviation * random.normal()));

/** Photons counted, `most` of them for white. */
export const shotNoise = (image: Uint8Array, most: number, random: Random): Uint8Array =>
  toBytes(toUnit(image).map((value) => poisson(random, value * most) / most));

/** A share of the values becomes 0 or 255. */
export const impulseNoise = (image: Uint8Array, share: number, random: Random): Uint8Array =>
  image.map((value) => (random.uniform() < share ? 255 * random.integer(2) : value));

/** log k! by k, as far as it was needed. */
const logFactorials = [0];
function logFactorial(k: number): number {
  for (let i = logFactorials.length; i <= k; i++) logFactorials.push((logFactorials[i - 1] ?? 0) + Math.log(i));
  return logFactorials[k] ?? 0;
}

/** A number of the Poisson distribution: by products of uniform numbers, from a mean of 10 on by transformed rejection (Hörmann 1993, PTRS). */
export function poisson(random: Random, mean: number): number {
  if (mean === 0) return 0;
  if (mean < 10) {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
    return count;
  }
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const quick = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = random.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= quick) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const accepted = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (accepted <= k * Math.log(mean) - mean - logFactorial(k)) return k;
  }
}
