import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FailureError } from "@era/lab";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpochOrder } from "../training/epochOrder.ts";
import { readDataSet } from "./dataSet.ts";
import { imageName } from "./encodedImages.ts";
import { type AnySet, type ImageSet, isStreamed } from "./imageSet.ts";
import { streamed } from "./indexedImages.ts";
import { indexParquet } from "./parquetImages.ts";
import { inMemory } from "./streamedImages.ts";

/** Made by fixtures/make_parquet.py: image i is of red 10 i, its class i mod 3. */
const fixtures = join(import.meta.dirname, "../fixtures/parquet");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "era-parquet-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Which images a set has, by their red. */
const numbers = ({ images }: ImageSet): number[] =>
  Array.from({ length: images.length / 36 }, (_, i) => (images[i * 36] ?? 0) / 10);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const whole = async (set: AnySet | undefined) => (set && isStreamed(set) ? inMemory(set) : (set as ImageSet));

describe("Parquet files", () => {
  it("of a folder are splits by their names, with the class names of Hugging Face's metadata, in memory or streamed", async () => {
    for (const mostInMemory of [2 ** 20, 0]) {
      const { train, test } = await readDataSet({ data: join(fixtures, "set"), mostInMemory });
      expect(isStreamed(train)).toBe(mostInMemory === 0);
      expect(train).toMatchObject({ image: [3, 3, 4], classes: ["cat", "dog", "ship"] });
      expect([...train.labels]).toEqual(upTo(12).map((i) => i % 3));
      expect(numbers(await whole(train))).toEqual(upTo(12));
      expect(numbers(await whole(test))).toEqual(upTo(6).map((i) => 12 + i));
    }
  });

  it.each(["lz4", "brotli"])("are read with the compression %s", async (name) => {
    const { train, test } = await readDataSet({ data: join(fixtures, `${name}.parquet`) });
    expect([numbers(await whole(train)), test]).toEqual([upTo(6), undefined]);
  });

  it("without metadata have numbers as class names; other columns are img and fine_label", async () => {
    const { train } = await readDataSet({ data: join(fixtures, "plain.parquet") });
    expect([numbers(await whole(train)), [...train.labels], train.classes]).toEqual([
      upTo(6),
      [0, 1, 0, 1, 0, 1],
      ["0", "1"],
    ]);
  });

  it("are shuffled by row groups, every image once an epoch", async () => {
    const files = [0, 1].map((i) => join(fixtures, `set/train-0000${i}-of-00002.parquet`));
    const set = await streamed(await indexParquet(files, "set"), {});
    const order = (seed: number, epoch: number) => [...new EpochOrder(set, seed).of(epoch)];
    const first = order(1, 0);
    expect([...first].sort((a, b) => a - b)).toEqual(upTo(12));
    expect(order(1, 0)).toEqual(first);
    expect(order(1, 1)).not.toEqual(first);
    expect(order(2, 0)).not.toEqual(first);
    if (set.source.kind !== "parquet") throw new Error("must be of Parquet");
    // Where a window takes 4 images, row groups of 3, 3, 1, 3 and 2 keep together by twos or threes.
    const small = { ...set, source: { ...set.source, meanBytes: 2 ** 25 } };
    const groups = [...new EpochOrder(small, 1).of(0)].map((place) => [0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4, 4][place] ?? 0);
    let changes = 0;
    for (let start = 0, open = new Set<number>(); start < groups.length; start++) {
      const group = groups[start] ?? 0;
      if (!open.has(group)) changes++;
      open = new Set([...open, group]);
    }
    expect(changes).toBe(5);
    const windowOf = groups.slice(0, 4);
    expect(new Set(windowOf).size).toBeLessThanOrEqual(3);
    expect(imageName(set.source, 4)).toMatch(/train-00000-of-00002\.parquet, row 1 of row group 1,$/);
  });

  it("that are none, or have other columns, are refused in one line", async () => {
    const path = join(folder, "x.parquet");
    const refusal = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return expect(readDataSet({ data: path })).rejects;
    };
    const good = readFileSync(join(fixtures, "plain.parquet"));
    await (await refusal(Buffer.from("no"))).toThrow(/x\.parquet: is no Parquet file$/);
    await (await refusal(good.subarray(0, good.length - 30))).toThrow(/x\.parquet: is no Parquet file$/);
    const long = Buffer.from(good);
    long.writeUInt32LE(2 ** 31, long.length - 8);
    await (await refusal(long)).toThrow("its description is announced with 2147483648 bytes, of 1872");
    const renamed = Buffer.from(good.toString("latin1").replaceAll("fine_label", "other_name"), "latin1");
    await (await refusal(renamed)).toThrow(
      "has no column of labels (label or fine_label or labels), but img, other_name",
    );
    const short = Buffer.concat([good.subarray(0, 4), good.subarray(900)]);
    await (await refusal(short)).toThrow(/x\.parquet: [^\n]*$/);
  });

  it("that lie anywhere are read or refused in one line, in little memory and time", async () => {
    const files = ["plain.parquet", "lz4.parquet", "brotli.parquet", "set/train-00001-of-00002.parquet"];
    const contents = files.map((name) => readFileSync(join(fixtures, name)));
    const path = join(folder, "lies.parquet");
    const change = fc.tuple(fc.noBias(fc.nat({ max: 2 ** 30 })), fc.noBias(fc.nat({ max: 255 })));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...contents),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (good, lies) => {
          const bytes = Buffer.from(good);
          for (const [place, value] of lies) bytes[place % bytes.length] = value;
          writeFileSync(path, bytes);
          const before = process.memoryUsage().rss;
          try {
            await readDataSet({ data: path, skipBad: true });
          } catch (error) {
            refused++;
            expect(error).toBeInstanceOf(FailureError);
            expect((error as Error).message).not.toContain("\n");
          }
          expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
    expect(refused).toBeGreaterThan(6);
  });
});
