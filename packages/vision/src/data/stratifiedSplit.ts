/** Holding out a part of a set. */
import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { type AnySet, type ImageSet, isStreamed } from "./imageSet.ts";

/** The images of a set at the given places, in their order. */
export function subset<S extends AnySet>(set: S, places: readonly number[], name: string): S {
  const labels = Uint16Array.from(places, (place) => set.labels[place] ?? 0);
  if (isStreamed(set))
    return { ...set, name, labels, places: Uint32Array.from(places, (place) => set.places[place] ?? 0) };
  const { images: all } = set as ImageSet;
  const size = set.image.reduce((product, n) => product * n, 1);
  const images = new Uint8Array(places.length * size);
  places.forEach((place, i) => {
    images.set(all.subarray(place * size, (place + 1) * size), i * size);
  });
  return { ...set, name, images, labels };
}

/**
 * Holds out a share of each class, rounded, at random by the seed; both parts keep the set's order.
 * @throws UsageError where a class has too few images to be in both parts
 */
export function stratifiedSplit<S extends AnySet>(
  set: S,
  share: number,
  seed: number,
): { readonly rest: S; readonly heldOut: S } {
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
