/** The keys and values of rows of text: a buffer for each layer's keys and each layer's values, with a slot for each row. */
import type { DecoderConfig } from "../config.ts";
import { cacheNames } from "./decodingProgram.ts";

/** What one slot held of its first tokens, kept apart. */
export type SavedPrefix = readonly Float32Array[];

export class RowCaches {
  readonly #names: readonly string[];
  readonly #heads: number;
  readonly #headWidth: number;
  readonly #slots: number;
  readonly #capacity: number;
  /** By name, `[slots, keyValueHeads, capacity, headWidth]`. */
  readonly #buffers: readonly Float32Array[];
  #view: { readonly first: number; readonly count: number; readonly feeds: Readonly<Record<string, Float32Array>> };

  /** @param capacity the tokens that a slot can hold. Memory is taken only as slots are written, where the system does so */
  constructor({ layers, keyValueHeads, headWidth }: DecoderConfig, slots: number, capacity: number) {
    this.#names = cacheNames(layers);
    this.#heads = keyValueHeads;
    this.#headWidth = headWidth;
    this.#slots = slots;
    this.#capacity = capacity;
    this.#buffers = this.#names.map(() => new Float32Array(slots * keyValueHeads * capacity * headWidth));
    this.#view = { first: 0, count: 0, feeds: {} };
  }

  /** Whether it has so many slots with room for so many tokens. */
  holds(slots: number, capacity: number): boolean {
    return slots <= this.#slots && capacity <= this.#capacity;
  }

  /** The buffers of `count` slots from `first` on, by the names of the program's inputs: views, the same ones while the question is. */
  slots(first: number, count: number): Readonly<Record<string, Float32Array>> {
    if (this.#view.first !== first || this.#view.count !== count) {
      const size = this.#heads * this.#capacity * this.#headWidth;
      const views = this.#buffers.map((buffer) => buffer.subarray(first * size, (first + count) * size));
      const feeds = Object.fromEntries(this.#names.map((name, i) => [name, views[i] ?? new Float32Array()]));
      this.#view = { first, count, feeds };
    }
    return this.#view.feeds;
  }

  /** Copies the first `length` tokens of a slot to another. */
  copy(from: number, to: number, length: number): void {
    for (const buffer of this.#buffers) {
      for (let head = 0; head < this.#heads; head++) {
        const source = this.#offset(from, head);
        buffer.copyWithin(this.#offset(to, head), source, source + length * this.#headWidth);
      }
    }
  }

  /** The first `length` tokens of a slot, for `restore`. */
  save(slot: number, length: number): SavedPrefix {
    const size = length * this.#headWidth;
    return this.#buffers.map((buffer) => {
      const saved = new Float32Array(this.#heads * size);
      for (let head = 0; head < this.#heads; head++) {
        const source = this.#offset(slot, head);
        saved.set(buffer.subarray(source, source + size), head * size);
      }
      return saved;
    });
  }

  /** Writes what `save` gave into a slot. */
  restore(saved: SavedPrefix, slot: number): void {
    this.#buffers.forEach((buffer, i) => {
      const own = saved[i] ?? new Float32Array();
      const size = own.length / this.#heads;
      for (let head = 0; head < this.#heads; head++) {
        buffer.set(own.subarray(head * size, (head + 1) * size), this.#offset(slot, head));
      }
    });
  }

  #offset(slot: number, head: number): number {
    return (slot * this.#heads + head) * this.#capacity * this.#headWidth;
  }
}
