import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FailureError } from "@era/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { indexClassFiles, readClassFiles } from "../data/classFiles.ts";
import { imageName } from "../data/encodedImages.ts";
import type { AnySet } from "../data/imageSet.ts";
import { streamed } from "../data/indexedImages.ts";
import { indexParquet } from "../data/parquetImages.ts";
import { batchWorkersFromSources } from "../fixtures/batchProgram.fixture.ts";
import { writeSides } from "../fixtures/sides.fixture.ts";
import type { BatchOptions, PreparedBatch } from "./batches.ts";
import { statisticsOf } from "./channelStatistics.ts";
import { openBatches } from "./preparedBatches.ts";

batchWorkersFromSources();

let folder = "";
let data = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "era-streamed-batches-"));
  data = join(folder, "sides");
  await writeSides(data, 8);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options: BatchOptions = { batchSize: 4, seed: 3, augmentation: "resized-crop-flip", colorJitter: 0.3 };

async function batchesOf(set: AnySet, given: BatchOptions, workers: number, steps: readonly number[]) {
  const source = openBatches(set, given, workers);
  try {
    const batches: PreparedBatch[] = [];
    for (const step of steps) batches.push(await source.at(step));
    return batches;
  } finally {
    await source.close();
  }
}

const steps = Array.from({ length: 9 }, (_, i) => i);

describe("batches of a streamed set", () => {
  it.each(["none", "crop-flip", "resized-crop-flip"] as const)(
    "are those of the decoded set where images have its size: %s",
    async (augmentation) => {
      const set = await streamed(indexClassFiles(data), {});
      const whole = await readClassFiles(data);
      const all = { ...options, augmentation, randomErasing: 0.5, statistics: await statisticsOf(set) };
      expect(all.statistics).toEqual(await statisticsOf(whole));
      expect(await batchesOf(set, all, 0, steps)).toEqual(await batchesOf(whole, all, 0, steps));
    },
  );

  it("are the same with any number of workers and from any step on, also where images are cropped from their originals", async () => {
    const set = await streamed(indexClassFiles(data), { imageSize: 6 });
    const expected = await batchesOf(set, options, 0, steps);
    expect(expected[0]?.feeds.images).toHaveLength(4 * 3 * 36);
    const plain = await batchesOf(set, { ...options, augmentation: "none", colorJitter: 0 }, 0, [0]);
    expect(plain[0]?.feeds.labels).toEqual(expected[0]?.feeds.labels);
    expect(plain[0]?.feeds.images).not.toEqual(expected[0]?.feeds.images);
    for (const workers of [1, 2]) {
      const again = await batchesOf(set, options, workers, [5, 6, ...steps]);
      expect(again).toEqual([...expected.slice(5, 7), ...expected]);
    }
  });

  it("come from Parquet, too", async () => {
    const files = [0, 1].map((i) =>
      join(import.meta.dirname, `../fixtures/parquet/set/train-0000${i}-of-00002.parquet`),
    );
    const set = await streamed(await indexParquet(files, "set"), {});
    const expected = await batchesOf(set, options, 0, steps);
    expect(await batchesOf(set, options, 2, steps)).toEqual(expected);
    const labels = expected.slice(0, 3).flatMap(({ feeds }) => [...feeds.labels].map(Number));
    expect(labels.sort()).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it("name a damaged image at its step, or another one stands for it, whatever the number of workers", async () => {
    const file = join(data, "left/0003.png");
    const good = readFileSync(file);
    const set = await streamed(indexClassFiles(data), {});
    try {
      writeFileSync(file, good.subarray(0, good.length / 2));
      const message = /^\S*sides: left\/0003\.png can't be decoded: [^\n]*$/;
      const found: (readonly [step: number, damaged: PreparedBatch["damaged"]])[] = [];
      const expected = await batchesOf({ ...set, skipBad: true }, options, 0, steps);
      expected.forEach(({ damaged }, step) => {
        if (damaged.length > 0) found.push([step, damaged]);
      });
      expect(found.length).toBeGreaterThanOrEqual(2);
      for (const [, damaged] of found) {
        expect(damaged).toEqual([
          { index: 3, file: "left/0003.png", reason: expect.stringMatching(/^can't be decoded/) },
        ]);
      }
      expect(imageName(set.source, 3)).toBe("left/0003.png");
      const first = found[0]?.[0] ?? 0;
      for (const workers of [0, 2]) {
        const again = await batchesOf({ ...set, skipBad: true }, options, workers, steps);
        expect(again.map(({ feeds }) => feeds)).toEqual(expected.map(({ feeds }) => feeds));
        const files = (batches: readonly PreparedBatch[]) =>
          batches.map(({ damaged }) => damaged.map(({ index }) => index));
        expect(files(again)).toEqual(files(expected));
        const source = openBatches(set, options, workers);
        for (let step = 0; step < first; step++) await source.at(step);
        const error: unknown = await source.at(first).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(FailureError);
        expect((error as Error).message).toMatch(message);
        await source.close();
      }
    } finally {
      writeFileSync(file, good);
    }
  });
});
