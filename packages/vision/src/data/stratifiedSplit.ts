/** Holding out a part of a set. */
import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import type { ImageSet } from "./imageSet.ts";

/** The images of a set at the given places, in their order. */
export function subset(set: ImageSet, places: readonly number[], name: string): ImageSet {
  const size = set.image.reduce((product, n) => product * n, 1);
  const images = new Uint8Array(places.length * size);
  places.forEach((place, i) => {
    images.set(set.images.subarray(place * size, (place + 1) * size), i * size);
  });
  return { ...set, name, images, labels: Uint16Array.from(places, (place) => set.labels[place] ?? 0) };
}

/**
 * Holds out a share of each class, rounded, at random by the seed; both parts keep the set's order.
 * @throws UsageError where a class has too few images to be in both parts
 */
export function stratifiedSplit(
  set: ImageSet,
  share: number,
  seed: number,
): { readonly rest: ImageSet; readonly heldOut: ImageSet } {
  const random = new Random(seed);
  const chosen = new Set<number>();
  set.classes.forEach((name, label) => {
    const own = Array.from(set.labels.keys()).filter((i) => set.labels[i] === label);
    const count = Math.round(own.length * share);
    if (count === 0 || count === own.length) {
      throw new UsageError(
        `--validation ${share}: of the ${own.length} images of "${name}" in ${set.name}, ${count} would be held out; both parts need some`,
      );
    }
    for (let i = 0; i < count; i++) {
      const other = i + random.integer(own.length - i);
      [own[i], own[other]] = [own[other] ?? 0, own[i] ?? 0];
      chosen.add(own[i] ?? 0);
    }
  });
  const places = Array.from(set.labels.keys());
  return {
    rest: subset(
      set,
      places.filter((i) => !chosen.has(i)),
      set.name,
    ),
    heldOut: subset(
      set,
      places.filter((i) => chosen.has(i)),
      `${set.name} (held out)`,
    ),
  };
}
