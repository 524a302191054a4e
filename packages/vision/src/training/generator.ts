import { Random } from "@era/tensor";

/** A generator for one purpose at one place of a run. */
export function generator(seed: number, place: number, purpose: number): Random {
  const base = new Random(seed);
  const words = [base.nextUint32(), base.nextUint32()] as const;
  // Places of one run, and purposes, differ in all bits of their seeds: `Random` mixes each word.
  return new Random(((words[0] + 2 * place + purpose) % 2 ** 32) + 2 ** 32 * (words[1] % 2 ** 20));
}
