/** The order in which an epoch takes a set's images; it follows from the seed and the epoch alone. */
import type { Random } from "@era/tensor";
import { type AnySet, isStreamed } from "../data/imageSet.ts";
import { windowBytes } from "../data/parquetImages.ts";
import { generator } from "./generator.ts";

export class EpochOrder {
  readonly #seed: number;
  readonly #order: Uint32Array;
  /** Where each group of images that are read together ends; undefined: each is read by itself. */
  readonly #groups: readonly number[] | undefined;
  /** Images of groups that are shuffled among each other. */
  readonly #window: number;
  #epoch = -1;

  constructor(set: AnySet, seed: number) {
    this.#seed = seed;
    this.#order = new Uint32Array(set.labels.length);
    this.#groups = groupEnds(set);
    const bytes = isStreamed(set) && set.source.kind === "parquet" ? set.source.meanBytes : 1;
    this.#window = Math.ceil(windowBytes / Math.max(bytes, 1));
  }

  /** All images of the set in an epoch's order; valid until the next call. */
  of(epoch: number): Uint32Array {
    if (epoch === this.#epoch) return this.#order;
    const random = generator(this.#seed, epoch, 0);
    const order = this.#order;
    if (this.#groups) this.#fillByGroups(this.#groups, random);
    else {
      for (let i = 0; i < order.length; i++) order[i] = i;
      shuffle(order, random);
    }
    this.#epoch = epoch;
    return order;
  }

  /** Groups in random order; so many as are kept in memory are shuffled among each other. Every image is taken once. */
  #fillByGroups(ends: readonly number[], random: Random): void {
    const groups = shuffle(Uint32Array.from(ends.keys()), random);
    let [start, filled] = [0, 0];
    groups.forEach((group, i) => {
      for (let place = ends[group - 1] ?? 0; place < (ends[group] ?? 0); place++) this.#order[filled++] = place;
      if (filled - start < this.#window && i < groups.length - 1) return;
      shuffle(this.#order.subarray(start, filled), random);
      start = filled;
    });
  }
}

function shuffle(places: Uint32Array, random: Random): Uint32Array {
  for (let i = places.length - 1; i > 0; i--) {
    const other = random.integer(i + 1);
    [places[i], places[other]] = [places[other] ?? 0, places[i] ?? 0];
  }
  return places;
}

/** Ends of the row groups of images in Parquet files, which are read whole; undefined for other sets. */
function groupEnds(set: AnySet): number[] | undefined {
  if (!isStreamed(set) || set.source.kind !== "parquet") return undefined;
  const { source, places } = set;
  const ends: number[] = [];
  places.forEach((place, i) => {
    const next = places[i + 1];
    const isSame =
      next !== undefined && source.file[next] === source.file[place] && source.group[next] === source.group[place];
    if (!isSame) ends.push(i + 1);
  });
  return ends;
}
