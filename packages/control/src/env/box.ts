import type { Random } from "@era/tensor";

/** Element types of a {@link Box}: Gymnasium's observations are float64, its actions float32. */
export type BoxDtype = "float32" | "float64";

/** A point of a box: the typed array of its dtype. */
export type BoxArray<D extends BoxDtype> = D extends "float32" ? Float32Array : Float64Array;

/** The space of real vectors between two bounds, each of which may be infinite (Gymnasium's `spaces.Box`, one-dimensional). */
export class Box<D extends BoxDtype = BoxDtype> {
  readonly dtype: D;
  /** Lower bound of each element. Do not write. */
  readonly low: BoxArray<D>;
  /** Upper bound of each element. Do not write. */
  readonly high: BoxArray<D>;
  readonly shape: readonly [number];

  /** @throws Where the bounds differ in length or a lower bound is above its upper bound. */
  constructor(dtype: D, low: ArrayLike<number>, high: ArrayLike<number>) {
    if (low.length !== high.length) throw new Error(`Box: ${low.length} lower bounds, but ${high.length} upper bounds`);
    for (let i = 0; i < low.length; i++) {
      if (!(at(low, i) <= at(high, i)))
        throw new Error(`Box: low[${i}] = ${low[i]} is not below high[${i}] = ${high[i]}`);
    }
    this.dtype = dtype;
    this.low = boxArray(dtype, low);
    this.high = boxArray(dtype, high);
    this.shape = [low.length];
  }

  /** The box `[low, high]^size` of equal bounds. */
  static uniform<D extends BoxDtype>(dtype: D, size: number, low: number, high: number): Box<D> {
    return new Box(dtype, new Array<number>(size).fill(low), new Array<number>(size).fill(high));
  }

  /** The unbounded box of `size` float64 elements, as observations have it. */
  static unbounded(size: number): Box<"float64"> {
    return Box.uniform("float64", size, -Infinity, Infinity);
  }

  /** Number of elements. */
  get size(): number {
    return this.shape[0];
  }

  /**
   * Draws a point as Gymnasium does: an element with two bounds uniformly, with one bound exponentially from it, with none from the
   * standard normal.
   */
  sample(random: Random): BoxArray<D> {
    const point = boxArray(this.dtype, this.size);
    for (let i = 0; i < point.length; i++) point[i] = sampleBetween(random, at(this.low, i), at(this.high, i));
    return point;
  }

  /** Whether `point` has the right length and each element lies within its bounds (NaN does not). */
  contains(point: ArrayLike<number>): boolean {
    if (point.length !== this.size) return false;
    for (let i = 0; i < point.length; i++) {
      const value = at(point, i);
      if (!(value >= at(this.low, i) && value <= at(this.high, i))) return false;
    }
    return true;
  }
}

function sampleBetween(random: Random, low: number, high: number): number {
  if (low > -Infinity && high < Infinity) return random.uniform(low, high);
  if (low > -Infinity) return low - Math.log(1 - random.uniform());
  if (high < Infinity) return high + Math.log(1 - random.uniform());
  return random.normal();
}

function boxArray<D extends BoxDtype>(dtype: D, content: number | ArrayLike<number>): BoxArray<D> {
  const array = dtype === "float32" ? Float32Array : Float64Array;
  const made: Float32Array | Float64Array = typeof content === "number" ? new array(content) : array.from(content);
  return made as BoxArray<D>;
}

/** An element that the caller knows to exist. */
function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? Number.NaN;
}
