import { Random } from "@era/tensor";

/** Numbers that a generator's state takes in a saved environment. */
export const randomWords = 5;

/** A generator's state as {@link randomWords} numbers: the fifth is a spare normal, NaN where there is none. */
export function savedRandom(random: Random): Float64Array {
  const words = new Float64Array(randomWords).fill(Number.NaN);
  words.set(random.state);
  return words;
}

/** The generator that {@link savedRandom} saved. */
export function restoredRandom(words: Float64Array): Random {
  return new Random(Array.from(words).filter((word) => !Number.isNaN(word)));
}
