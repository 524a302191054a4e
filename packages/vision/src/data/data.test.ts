import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCifar10, readCifar100 } from "./cifar.ts";
import { readClassFiles } from "./classFiles.ts";
import { fashionClasses, readIdx, readMnist } from "./mnist.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "era-vision-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (count: number, f: (i: number) => number) => Uint8Array.from({ length: count }, (_, i) => f(i));
const joinBytes = (...parts: readonly ArrayLike<number>[]) =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)));
const fresh = (name: string) => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
};

describe("MNIST's files", () => {
  const idx = (shape: readonly number[], data: Uint8Array) =>
    joinBytes([0, 0, 8, shape.length], ...shape.map((size) => [0, 0, size >> 8, size & 255]), data);
  const images = bytes(12 * 6, (i) => i);
  const labels = bytes(12, (i) => i % 10);

  it("are read, packed or not", () => {
    const path = fresh("mnist");
    writeFileSync(join(path, "train-images-idx3-ubyte.gz"), gzipSync(idx([12, 2, 3], images)));
    writeFileSync(join(path, "train-labels.idx1-ubyte"), idx([12], labels));
    const set = readMnist(path, "train", fashionClasses);
    expect(set.image).toEqual([1, 2, 3]);
    expect(set.images).toEqual(images);
    expect(Array.from(set.labels)).toEqual(Array.from(labels));
    expect(set.classes[9]).toBe("Ankle boot");
    expect(() => readMnist(path, "test")).toThrow(`${path}: there is no t10k-images-idx3-ubyte.gz, nor`);
    expect(() => readMnist(join(path, "none"), "test")).toThrow("there is no such folder");
  });

  it("are refused where damaged, without believing their headers", () => {
    const huge = joinBytes([0, 0, 8, 3], [255, 255, 255, 255], [255, 255, 255, 255], [0, 0, 0, 9], [1, 2]);
    expect(() => readIdx(huge, "huge")).toThrow("huge: its header announces [4294967295, 4294967295, 9]");
    expect(() =>
      readIdx(
        idx(
          [2, 2],
          bytes(5, () => 0),
        ),
        "x",
      ),
    ).toThrow("[2, 2], 4 bytes, but 5 follow");
    expect(() =>
      readIdx(
        bytes(9, () => 7),
        "x",
      ),
    ).toThrow("x: is no IDX file");
    expect(() => readIdx(Uint8Array.of(0, 0, 8, 3, 0), "x")).toThrow("x: ends within its header");
    expect(() => readIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), "x")).toThrow("elements of type 13");
    const path = fresh("damaged");
    writeFileSync(join(path, "train-images-idx3-ubyte.gz"), gzipSync(idx([12, 2, 3], images)).subarray(0, 40));
    expect(() => readMnist(path, "train")).toThrow(
      "train-images-idx3-ubyte.gz can't be unpacked: unexpected end of file",
    );
    writeFileSync(join(path, "train-images-idx3-ubyte.gz"), gzipSync(idx([12, 2, 3], images)));
    writeFileSync(
      join(path, "train-labels-idx1-ubyte"),
      idx(
        [12],
        bytes(12, (i) => (i === 5 ? 77 : i % 10)),
      ),
    );
    expect(() => readMnist(path, "train")).toThrow("image 5 has the label 77, but there are 10 classes");
    writeFileSync(join(path, "train-labels-idx1-ubyte"), idx([11], labels.subarray(0, 11)));
    expect(() => readMnist(path, "train")).toThrow("11 labels for 12 images of 1×2×3");
    writeFileSync(
      join(path, "train-labels-idx1-ubyte"),
      idx(
        [12],
        bytes(12, () => 3),
      ),
    );
    expect(() => readMnist(path, "train")).toThrow('the class "0" has no images');
  });
});

describe("CIFAR's files", () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `class${i}`).join("\n");
  const record = (labels: readonly number[], value: number) =>
    joinBytes(
      labels,
      bytes(3072, (i) => (value + i) % 251),
    );

  it("of 10 classes are read from their five batches", () => {
    const path = fresh("cifar10");
    writeFileSync(join(path, "batches.meta.txt"), `${names(10)}\n\n`);
    for (let batch = 1; batch <= 5; batch++) {
      writeFileSync(
        join(path, `data_batch_${batch}.bin`),
        joinBytes(record([2 * batch - 2], batch), record([2 * batch - 1], 9)),
      );
    }
    const set = readCifar10(path, "train");
    expect(set.image).toEqual([3, 32, 32]);
    expect(Array.from(set.labels)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(set.images[2 * 3072]).toBe(2);
    expect(set.classes[3]).toBe("class3");
    expect(() => readCifar10(path, "test")).toThrow("there is no test_batch.bin");
    writeFileSync(
      join(path, "test_batch.bin"),
      bytes(3074, () => 0),
    );
    expect(() => readCifar10(path, "test")).toThrow("3074 bytes are no whole number of records of 3073");
  });

  it("of 100 classes are read with their fine labels", () => {
    const path = fresh("cifar100");
    writeFileSync(join(path, "fine_label_names.txt"), names(100));
    writeFileSync(join(path, "test.bin"), joinBytes(...Array.from({ length: 100 }, (_, i) => record([7, 99 - i], i))));
    expect(Array.from(readCifar100(path, "test").labels.subarray(0, 3))).toEqual([99, 98, 97]);
  });
});

describe("files in folders of classes", () => {
  const png = (red: number, width = 4) =>
    sharp({ create: { width, height: 3, channels: 3, background: { r: red, g: 20, b: 30 } } })
      .png()
      .toBuffer();

  async function tar(path: string, files: readonly (readonly [name: string, data: Uint8Array])[]): Promise<string> {
    const archive = pack();
    for (const [name, data] of files) archive.entry({ name }, Buffer.from(data));
    archive.finalize();
    const parts: Uint8Array[] = [];
    for await (const part of archive) parts.push(part as Uint8Array);
    writeFileSync(path, Buffer.concat(parts));
    return path;
  }

  it("are read from a folder, and alike from a tar archive", async () => {
    const path = fresh("classes");
    const files = [
      ["dog/2.png", await png(200)],
      ["cat/1.png", await png(100)],
      [
        "cat/0.webp",
        await sharp(await png(50))
          .webp({ lossless: true })
          .toBuffer(),
      ],
    ] as const;
    for (const [name, data] of files) {
      mkdirSync(join(path, name, ".."), { recursive: true });
      writeFileSync(join(path, name), data);
    }
    writeFileSync(join(path, "readme.txt"), "no image");
    const ofFolder = await readClassFiles(path);
    expect(ofFolder.image).toEqual([3, 3, 4]);
    expect(ofFolder.classes).toEqual(["cat", "dog"]);
    expect(Array.from(ofFolder.labels)).toEqual([0, 0, 1]);
    expect([0, 12, 24, 36, 72].map((i) => ofFolder.images[i])).toEqual([50, 20, 30, 100, 200]);
    const ofTar = await readClassFiles(
      await tar(
        join(folder, "classes.tar"),
        files.map(([name, data]) => [`set/${name}`, data]),
      ),
    );
    expect(ofTar.classes).toEqual(["cat", "dog"]);
    expect(Array.from(ofTar.labels)).toEqual([1, 0, 0]);
    expect(ofTar.images[0]).toBe(200);
    await expect(readClassFiles(join(path, "none"))).rejects.toThrow("there is no such file or folder");
    await expect(readClassFiles(fresh("nothing"))).rejects.toThrow("holds no images");
  });

  it("are named where damaged or of another size, or left out where asked", async () => {
    const good = await png(1);
    const path = await tar(join(folder, "bad.tar"), [
      ["a/0.png", good],
      ["a/1.png", good.subarray(0, good.length - 20)],
      ["b/2.jpg", Buffer.from("no image")],
      ["b/3.png", await png(1, 5)],
      ["b/4.png", good],
    ]);
    await expect(readClassFiles(path)).rejects.toThrow(/bad\.tar: a\/1\.png can't be decoded: /);
    const set = await readClassFiles(path, { skipBad: true });
    expect(Array.from(set.labels)).toEqual([0, 1]);
    expect(set.skipped.map(({ file }) => file)).toEqual(["a/1.png", "b/2.jpg", "b/3.png"]);
    expect(set.skipped[2]?.reason).toBe("is 3×5, but the ones before it are 3×4 (--image-size makes them alike)");
  });

  it("are refused where an archive lies or leads out", async () => {
    const good = await png(1);
    for (const name of ["../a/0.png", "/a/0.png", "a/../../b/0.png", "a\\..\\0.png"]) {
      const path = await tar(join(folder, "out.tar"), [[name, good]]);
      await expect(readClassFiles(path)).rejects.toThrow("leads out of the archive");
    }
    const path = await tar(join(folder, "lies.tar"), [["a/0.png", good]]);
    const archive = Buffer.from(await import("node:fs").then(({ readFileSync }) => readFileSync(path)));
    const announce = (size: number) => {
      archive.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
      archive.write("        ", 148);
      const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      writeFileSync(path, archive);
    };
    announce(8 * 2 ** 30 - 1);
    await expect(readClassFiles(path)).rejects.toThrow("ends within a/0.png, which is announced with 8589934591 bytes");
    announce(2 ** 20);
    await expect(readClassFiles(path)).rejects.toThrow(/lies\.tar: .*end/i);
  });

  const cifar = fileURLToPath(new URL("../../../../../shared/data/cifar10/test.tar", import.meta.url));
  const skipReason = existsSync(cifar) ? undefined : "SKIPPED, because ../shared/data/cifar10 is absent";
  it.skipIf(skipReason !== undefined)(`read CIFAR-10 as an archive of JPEG ${skipReason ?? ""}`, async () => {
    const set = await readClassFiles(cifar);
    expect(set.image).toEqual([3, 32, 32]);
    expect(set.labels).toHaveLength(5000);
    expect(set.classes).toHaveLength(10);
    expect(set.classes[0]).toBe("airplane");
  });
});
