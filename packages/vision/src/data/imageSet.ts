/** Images with their classes: whole in memory, as bytes, or still encoded in their files. */
import { FailureError } from "@era/lab";
import type { EncodedImages } from "./encodedImages.ts";

export type Split = "train" | "test";

/** A file that was left out because it is damaged. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

/** How images of any size become ones of `size`: their shorter side is reduced to size / share, and the middle of it is taken. */
export interface CentreCrop {
  readonly size: number;
  /** Of the shorter side that is left, 0 to 1. */
  readonly share: number;
}

/** What sets have in common, wherever their pixels are. */
export interface LabelledImages {
  /** Where it comes from, for messages. */
  readonly name: string;
  /** Channels, height and width. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Class of each image, an index of `classes`. */
  readonly labels: Uint16Array;
  readonly classes: readonly string[];
  /** Files that were left out because they are damaged, with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** How images of other sizes become ones of this; undefined: all have this one. */
  readonly centre?: CentreCrop | undefined;
}

/** A set that is decoded and in memory. */
export interface ImageSet extends LabelledImages {
  /** `[count, channels, height, width]`, 0 to 255. */
  readonly images: Uint8Array;
}

/** A set whose images are decoded when they are needed: plain data, so that it can be sent to threads. */
export interface StreamedSet extends LabelledImages {
  readonly source: EncodedImages;
  /** Which of the source's images each one is. */
  readonly places: Uint32Array;
  /** Whether a damaged image is replaced (see `StreamReader`) or an error. */
  readonly skipBad: boolean;
}

export type AnySet = ImageSet | StreamedSet;

export const isStreamed = (set: AnySet): set is StreamedSet => "source" in set;

/**
 * The set, checked: at least one image, every label one of the classes, every class with an image.
 * @throws FailureError in one line that names the set and what is wrong
 */
export function checkedSet<S extends AnySet>(set: S): S {
  const { name, image, labels, classes } = set;
  if (labels.length === 0) throw new FailureError(`${name}: holds no images`);
  const size = image.reduce((product, n) => product * n, 1);
  const count = isStreamed(set) ? set.places.length : (set as ImageSet).images.length / size;
  if (count !== labels.length) {
    throw new FailureError(`${name}: ${labels.length} labels for ${count} images of ${image.join("×")}`);
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
