import { readFileSync } from "node:fs";
import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../data/imageSet.ts";
import { motionBlur } from "./corruptions/blur.ts";
import { poisson } from "./corruptions/noise.ts";
import { plasma } from "./corruptions/weather.ts";
import { type CorruptionName, corrupted, corruptionNames } from "./corruptions.ts";

/** What the original's libraries made of one image (make_corruptions.py), at the severities 1, 3 and 5. */
const original = JSON.parse(readFileSync(new URL("../fixtures/corruptions.json", import.meta.url), "utf8")) as {
  readonly image: string;
  readonly corrupted: Readonly<Record<CorruptionName, readonly string[]>>;
};
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
const set = (images: Uint8Array, image: ImageSet["image"]): ImageSet => ({
  name: "made",
  images,
  image,
  labels: new Uint16Array(images.length / image.reduce((product, n) => product * n, 1)),
  classes: ["one"],
  skipped: [],
});
const picture = set(bytes(original.image), [3, 32, 32]);

describe("a corruption", () => {
  it.each(Object.keys(original.corrupted) as CorruptionName[])(
    "%s is the original's, within one grey level",
    async (name) => {
      for (const [i, severity] of [1, 3, 5].entries()) {
        const expected = bytes(original.corrupted[name][i] ?? "");
        const { images: found } = await corrupted(picture, name, severity);
        let [most, others] = [0, 0];
        found.forEach((value, at) => {
          const apart = Math.abs(value - (expected[at] ?? Number.NaN));
          most = Math.max(most, apart);
          others += apart > 0 ? 1 : 0;
        });
        // All of them byte for byte where the fixture was made; exponentials and decoders may round otherwise elsewhere.
        expect(most, `severity ${severity}`).toBeLessThanOrEqual(1);
        expect(others / found.length, `severity ${severity}`).toBeLessThan(0.01);
      }
    },
  );

  it.each(corruptionNames)("%s changes an image, the same at every call, in colour and in grey", async (name) => {
    const change = async (severity: number) => {
      const { images } = await corrupted(picture, name, severity);
      return images.reduce((sum, value, i) => sum + Math.abs(value - (picture.images[i] ?? 0)), 0) / images.length;
    };
    const [least, most] = [await change(1), await change(5)];
    expect(least).toBeGreaterThan(0);
    // These two do something else at their low severities.
    if (name !== "saturate" && name !== "elastic") expect(most).toBeGreaterThan(least);
    expect(await change(5)).toBe(most);
    const grey = set(picture.images.slice(0, 28 * 28), [1, 28, 28]);
    const { images } = await corrupted(grey, name, 5);
    expect(images).toHaveLength(784);
    if (name !== "saturate") expect(images).not.toEqual(grey.images);
    await expect(corrupted(picture, name, 6)).rejects.toThrow("must be a whole number from 1 to 5");
  });

  it.each([
    ["gaussian-noise", 0.08 * 255],
    ["shot-noise", 255 * Math.sqrt(100 / 255 / 100)],
    ["speckle-noise", 100 * 0.12],
    ["impulse-noise", Math.sqrt(0.03 * ((100 ** 2 + 155 ** 2) / 2))],
  ] as const)("%s has the deviation of its formula", async (name, deviation) => {
    const count = 30_000;
    const { images } = await corrupted(set(new Uint8Array(count).fill(100), [1, 100, 300]), name, 3);
    const squares = images.reduce((sum, value) => sum + (value - 100) ** 2, 0) / count;
    expect(Math.sqrt(squares) / deviation).toBeCloseTo(1, 1);
  });

  it("in motion smears a point along its angle and keeps what is even", () => {
    const point = new Uint8Array(21 * 21);
    point[10 * 21 + 10] = 255;
    const blurred = motionBlur(point, [1, 21, 21], { radius: 6, sigma: 2, angle: 0 });
    // Each pixel looks to the right: the point leaves a trail to its left, half a Gaussian.
    const row = Array.from(blurred.subarray(10 * 21, 11 * 21));
    const total = Array.from({ length: 13 }, (_, i) => Math.exp(-(i * i) / 8)).reduce((sum, value) => sum + value, 0);
    expect(row.slice(4, 11)).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((i) => Math.round((255 * Math.exp(-(i * i) / 8)) / total)),
    );
    expect(blurred.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0)).toBe(row.filter((value) => value > 0).length);
    const even = new Uint8Array(441).fill(77);
    expect(motionBlur(even, [1, 21, 21], { radius: 9, sigma: 2.5, angle: 33 })).toEqual(even);
  });
});

describe("what lots are drawn from", () => {
  it.each([0.5, 4, 30, 400])("Poisson(%d): its mean and variance, and the share of its middle", (mean) => {
    const random = new Random(3);
    const count = 20_000;
    const draws = Array.from({ length: count }, () => poisson(random, mean));
    const average = draws.reduce((sum, value) => sum + value, 0) / count;
    const variance = draws.reduce((sum, value) => sum + (value - average) ** 2, 0) / count;
    expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt(mean / count));
    expect(variance / mean).toBeCloseTo(1, 1);
    const middle = Math.floor(mean);
    let log = -mean;
    for (let k = 1; k <= middle; k++) log += Math.log(mean / k);
    const share = draws.filter((value) => value === middle).length / count;
    expect(Math.abs(share - Math.exp(log))).toBeLessThan(4 * Math.sqrt(Math.exp(log) / count));
  });

  it("a plasma fills 0 to 1 and meets itself at its edges", () => {
    const cloud = plasma(new Random(2), 32, 3);
    expect([Math.min(...cloud), Math.max(...cloud)]).toEqual([0, 1]);
    const step = (a: number, b: number) => Math.abs((cloud[a] ?? 0) - (cloud[b] ?? 0));
    const within = Array.from({ length: 32 * 31 }, (_, i) =>
      step(32 * Math.floor(i / 31) + (i % 31), 32 * Math.floor(i / 31) + (i % 31) + 1),
    );
    const across = Array.from({ length: 32 }, (_, row) => step(32 * row + 31, 32 * row));
    expect(Math.max(...across)).toBeLessThan(1.5 * Math.max(...within));
  });
});
