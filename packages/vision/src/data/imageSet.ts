/** Images with their classes, whole in memory, as bytes. */
import { FailureError } from "@era/lab";

export type Split = "train" | "test";

export interface ImageSet {
  /** Where it comes from, for messages. */
  readonly name: string;
  /** `[count, channels, height, width]`, 0 to 255. */
  readonly images: Uint8Array;
  /** Channels, height and width. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Class of each image, an index of `classes`. */
  readonly labels: Uint16Array;
  readonly classes: readonly string[];
  /** Files that were left out because they are damaged, with the reason. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

/**
 * The set, checked: at least one image, every label one of the classes, every class with an image.
 * @throws FailureError in one line that names the set and what is wrong
 */
export function checkedSet(set: ImageSet): ImageSet {
  const { name, images, image, labels, classes } = set;
  if (labels.length === 0) throw new FailureError(`${name}: holds no images`);
  const size = image.reduce((product, n) => product * n, 1);
  if (images.length !== labels.length * size) {
    throw new FailureError(`${name}: ${labels.length} labels for ${images.length / size} images of ${image.join("×")}`);
  }
  const seen = new Uint32Array(classes.length);
  labels.forEach((label, i) => {
    if (label >= classes.length) {
      throw new FailureError(`${name}: image ${i} has the label ${label}, but there are ${classes.length} classes`);
    }
    seen[label] = (seen[label] ?? 0) + 1;
  });
  const empty = seen.indexOf(0);
  if (empty >= 0) throw new FailureError(`${name}: the class "${classes[empty]}" has no images`);
  return set;
}

/** Sets of one kind of image and the same classes, one after another. */
export function joined(sets: readonly ImageSet[], name: string): ImageSet {
  const [first] = sets;
  if (!first) throw new FailureError(`${name}: holds no images`);
  const images = new Uint8Array(sets.reduce((total, set) => total + set.images.length, 0));
  const labels = new Uint16Array(sets.reduce((total, set) => total + set.labels.length, 0));
  let [pixel, position] = [0, 0];
  for (const set of sets) {
    images.set(set.images, pixel);
    labels.set(set.labels, position);
    pixel += set.images.length;
    position += set.labels.length;
  }
  return { ...first, name, images, labels, skipped: sets.flatMap(({ skipped }) => skipped) };
}
