/** Random numbers that a program draws itself, with a state that is saved and resumed like all other state. */

import { counterUniform } from "./ops/counterUniform.ts";
import { add } from "./ops/elementwise.ts";
import { Random } from "./random.ts";
import type { State } from "./state.ts";
import { constant, type Tensor } from "./tensor.ts";

/**
 * A stream of uniform numbers: `uniform` gives a tensor of fresh ones for each call and each run. Feeding noise from a `Random` takes
 * less of the processor where the tensor is large; this takes no feed.
 */
export class RandomStream {
  readonly #state: Tensor;
  #draws = 0;

  /** Adds the stream's state under the name: its key, made of the seed, and the number of runs so far. */
  constructor(state: State, name: string, seed: number) {
    this.#state = state.variable(name, [new Random(seed).nextUint32(), 0], [2], "int64");
  }

  /** Uniform numbers in [0, 1), multiples of 2⁻²⁴, float32. */
  uniform(shape: readonly number[]): Tensor {
    return counterUniform(this.#state, this.#draws++, shape);
  }

  /** What a program must write so that its next run draws other numbers. */
  get updates(): readonly (readonly [variable: Tensor, value: Tensor])[] {
    return [[this.#state, add(this.#state, constant([0, 1], [2], "int64"))]];
  }
}
