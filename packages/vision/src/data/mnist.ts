/** MNIST's file format IDX (http://yann.lecun.com/exdb/mnist) and the sets that come in it: MNIST, Fashion-MNIST, KMNIST. */
import { FailureError } from "@era/lab";
import { fileIn, readBytes } from "./files.ts";
import { checkedSet, type ImageSet, type Split } from "./imageSet.ts";

/** An array of bytes. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const unsignedBytes = 0x08;

/**
 * Reads an IDX file of unsigned bytes: two zeros, the type, the number of axes, their sizes as big-endian 32-bit words, the elements.
 * Nothing is allocated on the header's word.
 * @param name for messages
 * @throws FailureError naming what is wrong
 */
export function readIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0) throw new FailureError(`${name}: is no IDX file`);
  const [type, rank] = [view.getUint8(2), view.getUint8(3)];
  if (type !== unsignedBytes) throw new FailureError(`${name}: holds elements of type ${type}, not unsigned bytes (8)`);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw new FailureError(`${name}: ends within its header`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  if (bytes.length - start !== count) {
    throw new FailureError(
      `${name}: its header announces [${shape.join(", ")}], ${count} bytes, but ${bytes.length - start} follow`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}

const digits = Array.from({ length: 10 }, (_, i) => String(i));

/** The names of Fashion-MNIST's classes. */
export const fashionClasses: readonly string[] = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/**
 * A set of MNIST's layout from a folder with its four files, packed (.gz) or not.
 * @param classes their names; digits where left out
 * @throws UsageError where a file is missing, FailureError where one is damaged, each in one line
 */
export function readMnist(folder: string, split: Split, classes: readonly string[] = digits): ImageSet {
  const prefix = split === "train" ? "train" : "t10k";
  const array = (kind: string, axes: number): IdxArray => {
    const names = [`${prefix}-${kind}-idx${axes}-ubyte`, `${prefix}-${kind}.idx${axes}-ubyte`];
    const path = fileIn(folder, [...names.map((name) => `${name}.gz`), ...names]);
    const found = readIdx(readBytes(path), path);
    if (found.shape.length !== axes)
      throw new FailureError(`${path}: has ${found.shape.length} axes instead of ${axes}`);
    return found;
  };
  const [images, labels] = [array("images", 3), array("labels", 1)];
  const [, height = 0, width = 0] = images.shape;
  return checkedSet({
    name: `${folder} (${split})`,
    images: images.data,
    image: [1, height, width],
    labels: Uint16Array.from(labels.data),
    classes,
    skipped: [],
  });
}
