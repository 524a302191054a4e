import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { Header } from "tar";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSides } from "../fixtures/sides.fixture.ts";
import { indexClassFiles, readClassFiles } from "./classFiles.ts";
import { readDataSet } from "./dataSet.ts";
import { decodeBox, decodeCentre } from "./decodeImage.ts";
import { imageName } from "./encodedImages.ts";
import { type ImageSet, isStreamed } from "./imageSet.ts";
import { streamed } from "./indexedImages.ts";
import { stratifiedSplit, subset } from "./stratifiedSplit.ts";
import { inMemory, parts, StreamReader } from "./streamedImages.ts";
import { tarEntries } from "./tarIndex.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "era-streaming-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Entry = readonly [name: string, data: Uint8Array];

async function tar(path: string, files: readonly Entry[]): Promise<string> {
  const archive = pack();
  for (const [name, data] of files) archive.entry({ name }, Buffer.from(data));
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

const png = (red: number, width = 4) =>
  sharp({ create: { width, height: 3, channels: 3, background: { r: red, g: 20, b: 30 } } })
    .png()
    .toBuffer();

/** An image whose red grows by `slope` a column and whose green does by row. */
const ramp = (width: number, height: number, slope: number) =>
  sharp(
    Uint8Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return [slope * x, slope * y, 0][i % 3] ?? 0;
    }),
    { raw: { width, height, channels: 3 } },
  )
    .png()
    .toBuffer();

describe("a streamed set", () => {
  it("shows what the decoded one holds: of a folder, of one archive, of several, in parts and in any order", async () => {
    const path = join(folder, "sides");
    await writeSides(path, 5);
    const whole = await readClassFiles(path);
    const set = await streamed(indexClassFiles(path), {});
    expect([set.image, set.classes, [...set.labels]]).toEqual([whole.image, whole.classes, [...whole.labels]]);
    const found: ImageSet[] = [];
    for await (const part of parts(set, 4)) found.push(part);
    expect(found.map(({ labels }) => labels.length)).toEqual([4, 4, 2]);
    expect(Buffer.concat(found.map(({ images }) => images))).toEqual(Buffer.from(whole.images));

    const files = Array.from(set.labels.keys(), (i) => imageName(set.source, i));
    const read = await import("node:fs").then(({ readFileSync }) => readFileSync);
    const entries = files.map((name): Entry => [`./set/${name}`, read(join(path, name))]);
    const shards = join(folder, "shards");
    mkdirSync(shards);
    await tar(join(shards, "train-0.tar"), entries.slice(0, 3));
    await tar(join(shards, "train-1.tar"), entries.slice(3));
    await tar(join(shards, "val.tar"), entries.slice(4, 7));
    const { train, test } = await readDataSet({ data: shards, mostInMemory: 0 });
    if (!isStreamed(train) || !test) throw new Error("must be streamed");
    expect((await inMemory(train)).images).toEqual(whole.images);
    expect([...train.labels]).toEqual([...whole.labels]);
    expect([...test.labels]).toEqual([0, 1, 1]);
    // A folder of nothing but archives is one set, too.
    rmSync(join(shards, "val.tar"));
    expect((await readClassFiles(shards)).images).toEqual(whole.images);

    const picked = subset(set, [7, 0], "two");
    const two = await inMemory(picked);
    expect([...two.labels]).toEqual([1, 0]);
    expect(two.images.subarray(192)).toEqual(whole.images.subarray(0, 192));
    const { heldOut } = stratifiedSplit(set, 0.2, 1);
    expect([...heldOut.labels]).toEqual([0, 1]);
  });

  it("stays in memory where it fits, and is streamed where crops need the pixels of images of other sizes", async () => {
    const path = join(folder, "split");
    await writeSides(join(path, "train"), 3);
    await writeSides(join(path, "test"), 2);
    const kinds = async (options: object) => {
      const { train, test } = await readDataSet({ data: path, ...options });
      return [train, test].map((set) => set && isStreamed(set));
    };
    const bytes = 2 * 2 * 3 * 64;
    expect(await kinds({})).toEqual([false, false]);
    expect(await kinds({ mostInMemory: bytes })).toEqual([true, false]);
    expect(await kinds({ imageSize: 6, needsOriginals: true })).toEqual([true, false]);
    expect(await kinds({ needsOriginals: true })).toEqual([false, false]);
  });

  it("names a damaged image, or lets the next usable one stand for it", async () => {
    const good = await png(9);
    const path = await tar(join(folder, "bad.tar"), [
      ["a/0.png", good],
      ["a/1.png", good.subarray(0, good.length - 20)],
      ["a/2.png", await png(9, 5)],
      ["b/3.png", await png(40)],
      ["b/4.png", Buffer.from("no image")],
    ]);
    const strict = new StreamReader(await streamed(indexClassFiles(path), {}));
    await expect(strict.image(1)).rejects.toThrow(/^\S*bad\.tar: a\/1\.png can't be decoded: [^\n]*$/);
    await expect(strict.image(2)).rejects.toThrow("a/2.png is 3×5, but the ones before it are 3×4");
    const set = await streamed(indexClassFiles(path), { skipBad: true });
    const reader = new StreamReader(set);
    const found = await reader.image(1);
    expect([found.index, found.image.planes[0], found.damaged.map(({ index, file }) => [index, file])]).toEqual([
      3,
      40,
      [
        [1, "a/1.png"],
        [2, "a/2.png"],
      ],
    ]);
    expect((await reader.image(4)).index).toBe(0);
    const left = await inMemory(set);
    expect([[...left.labels], left.skipped.map(({ file }) => file)]).toEqual([
      [0, 1],
      ["a/1.png", "a/2.png", "b/4.png"],
    ]);
    await expect(inMemory({ ...set, skipBad: false })).rejects.toThrow("a/1.png can't be decoded");
  });
});

describe("decoding", () => {
  it("takes a box from the image's own pixels, and enlarges or reduces it along straight slopes", async () => {
    const image = await ramp(40, 20, 5);
    const box = { top: 4, left: 8, height: 12, width: 24 };
    for (const size of [8, 48]) {
      const { planes, width, height } = await decodeBox(image, size, (tall, wide) => {
        expect([tall, wide]).toEqual([20, 40]);
        return { box, kernel: "cubic" };
      });
      expect([height, width]).toEqual([size, size]);
      // Pixel x shows column left + (x + 0.5)·w/size − 0.5; at the edges the box's own pixels are all there is.
      const margin = size / 4;
      for (let at = margin; at < size - margin; at++) {
        const [x, y] = [8 + ((at + 0.5) * 24) / size - 0.5, 4 + ((at + 0.5) * 12) / size - 0.5];
        expect(Math.abs((planes[at * size + at] ?? 0) - 5 * x)).toBeLessThanOrEqual(1.5);
        expect(Math.abs((planes[size * size + at * size + at] ?? 0) - 5 * y)).toBeLessThanOrEqual(1.5);
      }
    }
  });

  it("takes the middle as torchvision's Resize and CenterCrop do", async () => {
    // 80 × 40 becomes 32 × 16, of which columns 9 to 22 and rows 1 to 14 are kept: 14 of 16.
    const { planes } = await decodeCentre(await ramp(80, 40, 3), { size: 14, share: 0.875 });
    for (let at = 2; at < 12; at++) {
      const x = ((at + 9 + 0.5) * 80) / 32 - 0.5;
      const y = ((at + 1 + 0.5) * 40) / 16 - 0.5;
      expect(Math.abs((planes[at * 14 + at] ?? 0) - 3 * x)).toBeLessThanOrEqual(1.5);
      expect(Math.abs((planes[14 * 14 + at * 14 + at] ?? 0) - 3 * y)).toBeLessThanOrEqual(1.5);
    }
    const own = await ramp(14, 14, 3);
    const same = await decodeCentre(own, { size: 14, share: 0.875 });
    expect([...same.planes.subarray(0, 14)]).toEqual(Array.from({ length: 14 }, (_, x) => 3 * x));
  });
});

describe("a tar archive's index", () => {
  it("knows long names in pax and GNU headers, and skips what is no file", async () => {
    const long = `${"n".repeat(180)}/ä.png`;
    const path = await tar(join(folder, "long.tar"), [
      [long, Buffer.from("pax")],
      ["b/empty.png", Buffer.alloc(0)],
    ]);
    expect([...tarEntries(path)].map(({ name, size }) => [name, size])).toEqual([
      [long, 3],
      ["b/empty.png", 0],
    ]);
    const block = (data: string) => Buffer.from(data.padEnd(512, "\0"));
    const header = (path: string, size: number, type: "NextFileHasLongPath" | "File" | "SymbolicLink") => {
      const made = new Header({ path, size, type, mode: 0o644 });
      made.encode();
      return made.block ?? Buffer.alloc(0);
    };
    const name = `${"g".repeat(150)}/0.png`;
    const gnu = join(folder, "gnu.tar");
    writeFileSync(
      gnu,
      Buffer.concat([
        header("././@LongLink", name.length + 1, "NextFileHasLongPath"),
        block(name),
        header("short", 5, "File"),
        block("bytes"),
        header("link.png", 0, "SymbolicLink"),
        header("z/1.png", 2, "File"),
        block("zz"),
      ]),
    );
    expect([...tarEntries(gnu)]).toEqual([
      { name, offset: 1536, size: 5 },
      { name: "z/1.png", offset: 3072, size: 2 },
    ]);
  });

  it("is refused in one line where the archive is damaged", async () => {
    const path = await tar(join(folder, "damaged.tar"), [["a/0.png", Buffer.alloc(600)]]);
    const read = await import("node:fs").then(({ readFileSync }) => readFileSync);
    const whole = read(path);
    const refusal = (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return () => [...tarEntries(path)];
    };
    expect(refusal(whole.subarray(0, 1000))).toThrow(/damaged\.tar: ends within a\/0\.png, .* 600 bytes$/);
    expect(refusal(whole.subarray(0, 300))).toThrow(/damaged\.tar: ends within a header$/);
    expect(refusal(Buffer.alloc(1024, 7))).toThrow(/damaged\.tar: is no tar archive$/);
    expect(refusal(Buffer.concat([whole.subarray(0, 1536), Buffer.alloc(512, 7)]))).toThrow(
      "its header at byte 1536 is damaged",
    );
    const pax = new Header({ path: "pax", size: 2 ** 30, type: "ExtendedHeader" });
    pax.encode();
    expect(refusal(Buffer.concat([pax.block ?? Buffer.alloc(0), whole]))).toThrow(/ends within pax/);
  });
});
