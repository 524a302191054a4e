/** CIFAR-10 and CIFAR-100 in their binary version (https://www.cs.toronto.edu/~kriz/cifar.html). */
import { FailureError } from "@era/lab";
import { fileIn, readBytes } from "./files.ts";
import { checkedSet, type ImageSet, joined, type Split } from "./imageSet.ts";

const image = [3, 32, 32] as const;
const pixels = 3 * 32 * 32;

/**
 * The records of one file: label bytes, then an image's red, green and blue planes.
 * @param labelBytes 1 (CIFAR-10), or 2: coarse and fine label, of which the fine one is taken (CIFAR-100)
 */
function records(path: string, labelBytes: number, classes: readonly string[]): ImageSet {
  const bytes = readBytes(path);
  const size = labelBytes + pixels;
  if (bytes.length === 0 || bytes.length % size !== 0) {
    throw new FailureError(`${path}: ${bytes.length} bytes are no whole number of records of ${size}`);
  }
  const count = bytes.length / size;
  const images = new Uint8Array(count * pixels);
  const labels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * size + labelBytes;
    labels[i] = bytes[start - 1] ?? 0;
    images.set(bytes.subarray(start, start + pixels), i * pixels);
  }
  return { name: path, images, image, labels, classes, skipped: [] };
}

/** The lines of a file that names the classes. */
function classNames(path: string, count: number): string[] {
  const lines = new TextDecoder().decode(readBytes(path)).split("\n");
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (names.length !== count) throw new FailureError(`${path}: names ${names.length} classes instead of ${count}`);
  return names;
}

/**
 * CIFAR-10 from its folder `cifar-10-batches-bin`.
 * @throws UsageError where a file is missing, FailureError where one is damaged, each in one line
 */
export function readCifar10(folder: string, split: Split): ImageSet {
  const classes = classNames(fileIn(folder, ["batches.meta.txt"]), 10);
  const files = split === "test" ? ["test_batch.bin"] : [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  const parts = files.map((file) => records(fileIn(folder, [file]), 1, classes));
  return checkedSet(joined(parts, `${folder} (${split})`));
}

/**
 * CIFAR-100 with its fine labels from its folder `cifar-100-binary`.
 * @throws UsageError where a file is missing, FailureError where one is damaged, each in one line
 */
export function readCifar100(folder: string, split: Split): ImageSet {
  const classes = classNames(fileIn(folder, ["fine_label_names.txt"]), 100);
  return checkedSet({ ...records(fileIn(folder, [`${split}.bin`]), 2, classes), name: `${folder} (${split})` });
}
