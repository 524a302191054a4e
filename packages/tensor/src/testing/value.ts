/** Eager arrays for the reference interpreter: written to be obviously right, not fast. */
import { sizeOf } from "../shape.ts";

/** A dense row-major array; integers and bools are held as numbers too. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The position in row-major order of a multi-index, each axis taken to have the size given. */
const offsetOf = (shape: readonly number[], index: readonly number[]): number =>
  shape.reduce((offset, size, axis) => offset * size + (index[axis] ?? Number.NaN), 0);

/** Every multi-index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const index = shape.map(() => 0);
  for (let remaining = sizeOf(shape); remaining > 0; remaining--) {
    yield [...index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (index[axis] !== 0) break;
    }
  }
}

/** The array whose element at each multi-index is `element(index)`. */
export function build(shape: readonly number[], element: (index: readonly number[]) => number): Value {
  return { shape, data: Float64Array.from(indices(shape), element) };
}

/** The element at a multi-index of an array that this one broadcasts to: aligned at the last axis, axes of size 1 repeated. */
export function at({ shape, data }: Value, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
  return data[offsetOf(shape, own)] ?? Number.NaN;
}

/** The array with one axis replaced: each line of elements along it becomes `f(line)`, all of one length. */
export function alongAxis(x: Value, axis: number, f: (line: readonly number[]) => readonly number[]): Value {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const lines = new Map<string, readonly number[]>();
  for (const start of indices([...before, ...after])) {
    const [head, tail] = [start.slice(0, axis), start.slice(axis)];
    const line = Array.from({ length: x.shape[axis] ?? 0 }, (_, i) => at(x, [...head, i, ...tail]));
    lines.set(start.join(), f(line));
  }
  const length = lines.values().next().value?.length ?? 0;
  return build([...before, length, ...after], (index) => {
    const line = lines.get([...index.slice(0, axis), ...index.slice(axis + 1)].join());
    return line?.[index[axis] ?? Number.NaN] ?? Number.NaN;
  });
}

/** The array of another shape with the same elements in row-major order. */
export const reshaped = (x: Value, shape: readonly number[]): Value => ({ shape, data: x.data });
