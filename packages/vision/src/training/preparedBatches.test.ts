import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../data/imageSet.ts";
import { batchWorkersFromSources } from "../fixtures/batchProgram.fixture.ts";
import type { BatchOptions } from "./batches.ts";
import { openBatches } from "./preparedBatches.ts";
import { parseRandAugment } from "./randAugment.ts";

batchWorkersFromSources();

const set: ImageSet = {
  name: "noise",
  images: Uint8Array.from({ length: 22 * 3 * 30 }, (_, i) => ((i * 2654435761) >>> 0) % 256),
  image: [3, 6, 5],
  labels: Uint16Array.from({ length: 22 }, (_, i) => i % 3),
  classes: ["a", "b", "c"],
  skipped: [],
};
const options: BatchOptions = {
  batchSize: 4,
  seed: 5,
  augmentation: "resized-crop-flip",
  cropInterpolation: "random",
  colorJitter: 0.4,
  randAugment: parseRandAugment("m9-mstd0.5-inc1"),
  randomErasing: 0.5,
  mixup: 0.5,
  cutmix: 1,
};

async function batchesOf(workers: number, steps: readonly number[], own = options) {
  const source = openBatches(set, own, workers);
  try {
    const batches = [];
    for (const step of steps) batches.push(await source.at(step));
    return batches;
  } finally {
    await source.close();
  }
}

/** Threads of this process; 0 where the system does not tell. */
const threadCount = () => (existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0);

describe("batches", () => {
  it("are the same with any number of workers, over epochs, and from any step on", async () => {
    const steps = Array.from({ length: 13 }, (_, i) => i);
    const expected = await batchesOf(0, steps);
    expect(new Set(expected.map(({ feeds }) => feeds.images.join())).size).toBe(13);
    for (const workers of [1, 2]) {
      const again = await batchesOf(workers, [7, 8, 2, ...steps]);
      expect(again).toEqual([expected[7], expected[8], expected[2], ...expected]);
    }
  });

  it("with versions of each image are too", async () => {
    const own = { ...options, mixup: 0, cutmix: 0, splits: 3, batchesPerStep: 2 };
    const expected = await batchesOf(0, [0, 1, 2, 3, 4], own);
    expect(expected[0]?.feeds.images).toHaveLength(3 * 4 * set.image.reduce((product, n) => product * n, 1));
    expect(await batchesOf(2, [0, 1, 2, 3, 4], own)).toEqual(expected);
  });

  it("leave no thread behind, and say so where they are asked for afterwards", async () => {
    const before = threadCount();
    const source = openBatches(set, options, 2);
    const { images } = (await source.at(0)).feeds;
    expect(images.buffer).toBeInstanceOf(ArrayBuffer);
    const waiting = expect(source.at(4)).rejects.toThrow("worker 0 that prepares batches ended: it was closed");
    await source.close();
    await waiting;
    await expect(source.at(5)).rejects.toThrow("it was closed");
    if (before > 0) expect(threadCount()).toBeLessThanOrEqual(before);
  });

  it("are refused where the set fills none", () => {
    for (const workers of [0, 2]) {
      expect(() => openBatches(set, { ...options, batchSize: 23 }, workers)).toThrow(
        "noise: 22 images do not fill a batch of 23",
      );
    }
  });
});
