import { Random } from "@era/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../data/imageSet.ts";
import { betaSample, cutMixBox, erase, jitterColor, resizeBox, resizedCropBox } from "./augment.ts";
import { Batches } from "./batches.ts";
import { parseRandAugment } from "./randAugment.ts";

const shape = [3, 9, 12] as const;
const [, height, width] = shape;
const area = height * width;
const seeds = fc.integer({ min: 0, max: 1e6 });

describe("a random resized crop", () => {
  it("has a share and a ratio as asked, within the image", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const box = resizedCropBox(new Random(seed), [3, 90, 120]);
        expect(box.top >= 0 && box.left >= 0 && box.top + box.height <= 90 && box.left + box.width <= 120).toBe(true);
        const share = (box.height * box.width) / (90 * 120);
        expect(share).toBeGreaterThan(0.07);
        expect(box.width / box.height).toBeGreaterThan(0.7);
        expect(box.width / box.height).toBeLessThan(1.4);
      }),
    );
  });

  it("of an image in which none fits is the largest in the middle", () => {
    expect(resizedCropBox(new Random(1), [1, 3, 100])).toEqual({ top: 0, left: 48, height: 3, width: 4 });
    expect(resizedCropBox(new Random(1), [1, 100, 3])).toEqual({ top: 48, left: 0, height: 4, width: 3 });
  });

  it("keeps a whole image, mirrors it, and follows a straight slope between pixels", () => {
    const image = Float32Array.from({ length: 3 * area }, (_, i) => (i % width) * 10);
    const whole = { top: 0, left: 0, height, width };
    const out = new Float32Array(image.length);
    resizeBox(image, shape, whole, false, out);
    expect(out).toEqual(image);
    resizeBox(image, shape, whole, true, out);
    expect(Array.from(out.subarray(0, width))).toEqual(Array.from(image.subarray(0, width)).reverse());
    resizeBox(image, shape, { top: 2, left: 4, height: 3, width: 6 }, false, out);
    // Half as many columns: pixel x shows place 4 + (x + 0.5)/2 − 0.5, kept within columns 4 to 9.
    const expected = Array.from({ length: width }, (_, x) => 10 * Math.min(Math.max(4 + (x + 0.5) / 2 - 0.5, 4), 9));
    for (let row = 0; row < height; row++) {
      const found = Array.from(out.subarray(row * width, (row + 1) * width));
      expect(found).toEqual(expected.map((value) => expect.closeTo(value, 4)));
    }
  });
});

describe("cubic interpolation", () => {
  it("is Pillow's, within what Pillow rounds", () => {
    // numpy.asarray(Image.fromarray(numpy.uint8([[0, 60, 200, 255], [10, 250, 30, 90], [90, 90, 5, 240]])).resize((8, 6), Image.BICUBIC))
    const pillow = [
      0, 3, 22, 80, 177, 239, 255, 255, 0, 17, 73, 119, 153, 185, 212, 221, 0, 46, 181, 203, 101, 69, 104, 119, 20, 71,
      198, 196, 54, 20, 89, 119, 73, 87, 122, 99, 17, 42, 167, 221, 98, 95, 86, 53, 0, 53, 205, 255,
    ];
    // As a box within an image of 6 × 8.
    const source = new Float32Array(48).fill(111);
    const box = [
      [0, 60, 200, 255],
      [10, 250, 30, 90],
      [90, 90, 5, 240],
    ];
    for (const [y, row] of box.entries()) for (const [x, value] of row.entries()) source[(y + 2) * 8 + x + 3] = value;
    const out = new Float32Array(48);
    resizeBox(source, [1, 6, 8], { top: 2, left: 3, height: 3, width: 4 }, false, out, "cubic");
    out.forEach((value, i) => {
      expect(Math.abs(value - (pillow[i] ?? Number.NaN)), `${i}`).toBeLessThan(1.5);
    });
  });
});

describe("colour jitter", () => {
  it("of strength 0 changes nothing; of any strength it keeps grey pixels grey and stays within 0 to 255", () => {
    const image = Float32Array.from({ length: 3 * area }, (_, i) => ((i % area) * 7) % 256);
    const same = image.slice();
    jitterColor(new Random(1), same, shape, 0);
    same.forEach((value, i) => {
      expect(value).toBeCloseTo(image[i] ?? 0, 3);
    });
    const changed = image.slice();
    jitterColor(new Random(2), changed, shape, 0.4);
    expect(changed).not.toEqual(image);
    for (let i = 0; i < area; i++) {
      expect(changed[i]).toBeCloseTo(changed[area + i] ?? 0, 3);
      expect(changed[i]).toBeCloseTo(changed[2 * area + i] ?? 0, 3);
    }
    expect(Math.min(...changed)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...changed)).toBeLessThanOrEqual(255);
  });
});

describe("random erasing", () => {
  it("makes one box, in all channels, noise of the data's mean and deviation", () => {
    const noise: number[] = [];
    for (let seed = 0; seed < 60; seed++) {
      const image = new Float32Array(3 * 400).fill(-1000);
      erase(new Random(seed), image, [3, 20, 20], { mean: [100, 100, 100], deviation: [20, 20, 20] });
      const erased = [0, 1, 2].map((c) =>
        Array.from({ length: 400 }, (_, i) => i).filter((i) => image[c * 400 + i] !== -1000),
      );
      expect(erased[1]).toEqual(erased[0]);
      expect(erased[2]).toEqual(erased[0]);
      const rows = new Set(erased[0]?.map((i) => Math.floor(i / 20)));
      const columns = new Set(erased[0]?.map((i) => i % 20));
      expect(erased[0]).toHaveLength(rows.size * columns.size);
      noise.push(...Array.from(image).filter((value) => value !== -1000));
    }
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    expect(mean).toBeCloseTo(100, -0.5);
    expect(Math.sqrt(noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length)).toBeCloseTo(20, -0.5);
  });
});

describe("mixing", () => {
  it.each([0.2, 0.5, 1])("draws shares from Beta(%d, %d): mean 1/2, variance 1/(8α + 4)", (alpha) => {
    const random = new Random(5);
    const shares = Array.from({ length: 20_000 }, () => betaSample(random, alpha));
    const mean = shares.reduce((sum, value) => sum + value, 0) / shares.length;
    const variance = shares.reduce((sum, value) => sum + (value - mean) ** 2, 0) / shares.length;
    expect(mean).toBeCloseTo(0.5, 1.7);
    expect(variance).toBeCloseTo(1 / (8 * alpha + 4), 2);
  });

  it("cuts boxes that lie within the image", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 1, noNaN: true }), (seed, lambda) => {
        const { top, left, height: tall, width: wide } = cutMixBox(new Random(seed), shape, lambda);
        expect(top >= 0 && left >= 0 && tall >= 0 && wide >= 0 && top + tall <= height && left + wide <= width).toBe(
          true,
        );
        expect(tall * wide).toBeLessThanOrEqual((1 - lambda) * area + 1e-9);
      }),
    );
  });

  it("does not go with versions of images", () => {
    expect(() => new Batches(set, { batchSize: 8, seed: 1, augmentation: "none", mixup: 1, splits: 2 })).toThrow(
      "mixup and CutMix need one version of each image, not 2",
    );
  });

  const set: ImageSet = {
    name: "plain",
    images: Uint8Array.from({ length: 16 * area }, (_, i) => 10 * (1 + Math.floor(i / area))),
    image: [1, height, width],
    labels: Uint16Array.from({ length: 16 }, (_, i) => i),
    classes: Array.from({ length: 16 }, (_, i) => `${i}`),
    skipped: [],
  };
  it.each([
    ["mixup", { mixup: 1 }],
    ["CutMix", { cutmix: 1 }],
    ["both by lot", { mixup: 0.5, cutmix: 1 }],
  ])("%s: the classes' shares are those of the images, the same at every call", async (_, mixing) => {
    const batches = new Batches(set, { batchSize: 8, seed: 1, augmentation: "none", ...mixing });
    for (let step = 0; step < 20; step++) {
      const { images, labels, mixedLabels, ownShare } = (await batches.at(step)).feeds;
      const share = ownShare?.[0] ?? Number.NaN;
      for (let i = 0; i < 8; i++) {
        const mean = images.subarray(i * area, (i + 1) * area).reduce((sum, value) => sum + value, 0) / area;
        const [own, other] = [labels[i], mixedLabels?.[i]].map((label) => 10 * (1 + Number(label)));
        expect(mean).toBeCloseTo(share * (own ?? 0) + (1 - share) * (other ?? 0), 3);
      }
      expect((await batches.at(step)).feeds.images).toEqual(images);
    }
  });
});

describe("versions of images", () => {
  const set: ImageSet = {
    name: "slopes",
    images: Uint8Array.from({ length: 16 * 3 * area }, (_, i) => (i * 37) % 256),
    image: shape,
    labels: Uint16Array.from({ length: 16 }, (_, i) => i),
    classes: Array.from({ length: 16 }, (_, i) => `${i}`),
    skipped: [],
  };
  const size = 3 * area;

  it("are the crop itself, and then the same crop changed in colour and content", async () => {
    const options = { batchSize: 4, seed: 1, augmentation: "crop-flip" } as const;
    const batches = new Batches(set, {
      ...options,
      splits: 3,
      randAugment: parseRandAugment("m9-p1-inc1"),
      randomErasing: 0.5,
    });
    let changed = 0;
    for (let step = 0; step < 8; step++) {
      const { images, labels } = (await batches.at(step)).feeds;
      expect([images.length, labels.length]).toEqual([3 * 4 * size, 4]);
      for (let i = 0; i < 4; i++) {
        const [clean, ...others] = [0, 1, 2].map((split) =>
          images.slice((4 * split + i) * size, (4 * split + i + 1) * size),
        );
        // The clean version is a moved and perhaps flipped original: its values are the original's or black.
        const original = new Set(set.images.subarray(Number(labels[i]) * size, (Number(labels[i]) + 1) * size));
        expect(clean?.every((value) => value === 0 || original.has(value))).toBe(true);
        changed += others.filter((other) => other.some((value, at) => value !== clean?.[at])).length;
      }
      const again = images.slice();
      expect((await batches.at(step)).feeds.images).toEqual(again);
    }
    expect(changed).toBeGreaterThan(48);
  });

  it("leave an epoch with whole steps only", () => {
    const options = { batchSize: 3, seed: 1, augmentation: "none" } as const;
    expect(new Batches(set, options).perEpoch).toBe(5);
    expect(new Batches(set, { ...options, batchesPerStep: 2 }).perEpoch).toBe(4);
    expect(() => new Batches(set, { ...options, batchesPerStep: 6 })).toThrow("16 images do not fill 6 batches of 3");
  });
});
