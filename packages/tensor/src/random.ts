/** Seeded random numbers with a state that can be saved, so that a resumed run draws what the uninterrupted one would. */
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** Four words that differ in about half their bits for neighbouring seeds (splitmix32), which the generator's own seeding does not give. */
function expandSeed(seed: number): number[] {
  let counter = seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b);
  return Array.from({ length: 4 }, () => {
    counter = (counter + 0x9e3779b9) | 0;
    let z = counter;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  });
}

/** A saved generator: plain numbers, for JSON. */
export type RandomState = readonly number[];

/** Throws RangeError where it is not what a generator saved. */
function checked(state: RandomState): RandomState {
  const words = state.slice(0, 4);
  const isValid =
    (state.length === 4 || (state.length === 5 && Number.isFinite(state[4]))) &&
    words.every((word) => word === (word | 0)) &&
    words.some((word) => word !== 0);
  if (!isValid) {
    throw new RangeError(
      `random: [${state.join(", ")}] is no saved state: four 32-bit integers, not all 0, and perhaps a spare number`,
    );
  }
  return state;
}

/** xoroshiro128+ of pure-rand, with the distributions that training needs. */
export class Random {
  #generator: RandomGenerator;
  #spare: number | undefined;

  /** @param seed a whole number, or the `state` of another generator; RangeError where it is neither */
  constructor(seed: number | RandomState) {
    if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
      throw new RangeError(`random: the seed ${seed} is no whole number`);
    }
    const state = typeof seed === "number" ? expandSeed(seed) : checked(seed);
    this.#generator = xoroshiro128plusFromState(state.slice(0, 4));
    this.#spare = state[4];
  }

  /** Everything that determines the numbers to come. */
  get state(): RandomState {
    const words = this.#generator.getState();
    return this.#spare === undefined ? [...words] : [...words, this.#spare];
  }

  set state(state: RandomState) {
    this.#generator = xoroshiro128plusFromState(checked(state).slice(0, 4));
    this.#spare = state[4];
  }

  /** A generator of its own for one purpose, derived from this one's next numbers. */
  fork(): Random {
    return new Random(Array.from({ length: 4 }, () => this.#generator.next()));
  }

  /** A whole number, uniform from 0 to 2³² − 1. */
  nextUint32(): number {
    return this.#generator.next() >>> 0;
  }

  /** Uniform in [low, high); of [0, 1) a multiple of 2⁻²⁴, exact in float32. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * ((this.#generator.next() >>> 8) * 2 ** -24);
  }

  /** A whole number, uniform from 0 to n − 1, without bias (rejection). Throws RangeError where n is not from 1 to 2³². */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`integer: ${n} is not from 1 to 2^32`);
    // By division, not by remainder: the generator's low bits are its weak ones.
    const share = Math.floor(2 ** 32 / n);
    for (;;) {
      const draw = Math.floor(this.nextUint32() / share);
      if (draw < n) return draw;
    }
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = this.#centred();
      const v = this.#centred();
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  #centred(): number {
    return this.#generator.next() * 2 ** -31;
  }

  /** Fills with uniform numbers in [0, 1) and returns the array. */
  fillUniform<A extends Float32Array | Float64Array>(array: A): A {
    for (let i = 0; i < array.length; i++) array[i] = this.uniform();
    return array;
  }

  /** Fills with standard normal numbers and returns the array. */
  fillNormal<A extends Float32Array | Float64Array>(array: A): A {
    for (let i = 0; i < array.length; i++) array[i] = this.normal();
    return array;
  }
}
