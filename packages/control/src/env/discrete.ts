import type { Random } from "@era/tensor";
import type { Box } from "./box.ts";

/** The space of n actions, the whole numbers from 0 to n − 1 (Gymnasium's `spaces.Discrete`); a point is an array of that one number. */
export class Discrete {
  /** Number of actions. */
  readonly n: number;
  /** Elements of a point. */
  readonly size = 1;

  /** @throws Where n is not a positive integer. */
  constructor(n: number) {
    if (!Number.isInteger(n) || n < 1) throw new Error(`Discrete: n is ${n}; it must be a positive integer`);
    this.n = n;
  }

  /** Draws an action, each with the same probability. */
  sample(random: Random): Float32Array {
    return Float32Array.of(random.integer(this.n));
  }

  /** Whether `point` is one whole number from 0 to n − 1. */
  contains(point: ArrayLike<number>): boolean {
    const [action] = Array.from(point);
    return point.length === 1 && Number.isInteger(action) && Number(action) >= 0 && Number(action) < this.n;
  }
}

/** What an environment takes as an action: a real vector within bounds, or the number of one of n actions. Both have a `size`. */
export type ActionSpace = Box<"float32"> | Discrete;
