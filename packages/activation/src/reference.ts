import type { Operand, Ops } from "./ops.ts";
import { erf } from "./special.ts";

/** A dense row-major array of float64. `data.length` is the product of `shape`; a scalar has shape `[]`. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * An {@link NdArray} from numbers.
 * @throws if the number of values is not the product of the shape.
 */
export function ndArray(values: ArrayLike<number>, shape: readonly number[] = [values.length]): NdArray {
  const size = shape.reduce((product, n) => product * n, 1);
  if (values.length !== size) {
    throw new Error(`ndArray: ${values.length} values do not fill shape [${shape}], which needs ${size}`);
  }
  return { shape, data: Float64Array.from(values) };
}

/** The element at `index`, which the callers' own loops keep in range (typed arrays answer `number | undefined` only to the type checker). */
function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? Number.NaN;
}

/** The largest element, NaN where one is; unlike `Math.max(...row)` for rows of any length. */
function largestOf(row: Float64Array): number {
  return row.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY);
}

function broadcastShapes(name: string, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + axis] ?? 1).filter((size) => size !== 1);
    const size = sizes[0] ?? 1;
    if (sizes.some((other) => other !== size)) {
      throw new Error(`${name}: shapes ${shapes.map((shape) => `[${shape}]`).join(", ")} do not broadcast together`);
    }
    return size;
  });
}

/** For each element of `shape` in row-major order, the offset in an array of the broadcast shape `from`. */
function broadcastOffsets(from: readonly number[], shape: readonly number[]): Int32Array {
  const offsets = new Int32Array(shape.reduce((product, n) => product * n, 1));
  let stride = 1;
  let inner = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = at(shape, axis);
    const ownSize = from[from.length - shape.length + axis] ?? 1;
    if (ownSize !== 1) {
      for (let i = 0; i < offsets.length; i++) offsets[i] = at(offsets, i) + (Math.floor(i / inner) % size) * stride;
      stride *= ownSize;
    }
    inner *= size;
  }
  return offsets;
}

/**
 * {@link Ops} on float64 arrays, where every single result is passed through `round`: the identity gives the float64
 * reference, `Math.fround` shows what a float32 library computes. Forward only: `stopGradient` is the identity and
 * `withDerivatives` its value.
 */
export function arrayOps(round: (x: number) => number): Ops<NdArray> {
  const lift = (x: Operand<NdArray>): NdArray =>
    typeof x === "number" ? { shape: [], data: Float64Array.of(round(x)) } : x;

  const map = (x: NdArray, f: (value: number) => number): NdArray => ({
    shape: x.shape,
    data: x.data.map((value) => round(f(value))),
  });

  const combine = (
    name: string,
    operands: readonly Operand<NdArray>[],
    f: (a: number, b: number, c: number) => number,
  ): NdArray => {
    const arrays = operands.map(lift);
    const shape = broadcastShapes(
      name,
      arrays.map((array) => array.shape),
    );
    const columns = arrays.map(({ shape: from, data }) => {
      const offsets = broadcastOffsets(from, shape);
      return (i: number) => at(data, at(offsets, i));
    });
    const [a, b, c] = columns;
    const size = shape.reduce((product, n) => product * n, 1);
    const data = new Float64Array(size);
    for (let i = 0; i < size; i++) data[i] = round(f(a?.(i) ?? 0, b?.(i) ?? 0, c?.(i) ?? 0));
    return { shape, data };
  };

  const rows = (name: string, x: NdArray): Float64Array[] => {
    const n = x.shape.at(-1);
    if (n === undefined) throw new Error(`${name}: a scalar has no last axis`);
    if (n === 0) throw new Error(`${name}: the last axis of shape [${x.shape}] is empty`);
    return Array.from({ length: x.data.length / n }, (_, row) => x.data.subarray(row * n, (row + 1) * n));
  };

  /** Replaces every row of the last axis by a row of `size` values. */
  const alongLastAxis = (
    name: string,
    x: NdArray,
    size: number,
    f: (row: Float64Array) => ArrayLike<number>,
  ): NdArray => {
    const shape = [...x.shape.slice(0, -1), size];
    const data = new Float64Array(shape.reduce((product, n) => product * n, 1));
    rows(name, x).forEach((row, i) => {
      data.set(f(row), i * size);
    });
    return { shape, data };
  };

  const ops: Ops<NdArray> = {
    add: (a, b) => combine("add", [a, b], (x, y) => x + y),
    sub: (a, b) => combine("sub", [a, b], (x, y) => x - y),
    mul: (a, b) => combine("mul", [a, b], (x, y) => x * y),
    div: (a, b) => combine("div", [a, b], (x, y) => x / y),

    exp: (x) => map(x, Math.exp),
    log: (x) => map(x, Math.log),
    sqrt: (x) => map(x, Math.sqrt),
    tanh: (x) => map(x, Math.tanh),
    erf: (x) => map(x, erf),

    clip: (x, low, high) => map(x, (value) => Math.min(Math.max(value, low), high)),
    less: (a, b) => combine("less", [a, b], (x, y) => (x < y ? 1 : 0)),
    where: (mask, a, b) => combine("where", [mask, a, b], (condition, x, y) => (condition !== 0 ? x : y)),

    softmax: (x) =>
      alongLastAxis("softmax", x, x.shape.at(-1) ?? 0, (row) => {
        const largest = largestOf(row);
        const weights = row.map((value) => round(Math.exp(round(value - largest))));
        const total = weights.reduce((sum, value) => round(sum + value), 0);
        return weights.map((weight) => round(weight / total));
      }),
    sum: (x) => alongLastAxis("sum", x, 1, (row) => [row.reduce((sum, value) => round(sum + value), 0)]),
    max: (x) => alongLastAxis("max", x, 1, (row) => [largestOf(row)]),
    topK: (x, k) => {
      const size = Math.min(k, x.shape.at(-1) ?? 0);
      return alongLastAxis("topK", x, size, (row) =>
        row
          .slice()
          .sort((a, b) => b - a)
          .subarray(0, size),
      );
    },
    positions: (x) => ndArray(Array.from({ length: x.shape.at(-1) ?? 0 }, (_, i) => i)),

    polynomial: (x, coefficients) =>
      map(x, (value) => coefficients.reduceRight((sum, c) => round(round(sum * value) + round(c)), 0)),

    stopGradient: (x) => x,
    withDerivatives: (value) => value,
  };
  return ops;
}

/** {@link Ops} on {@link NdArray} in float64: the reference that every other implementation is compared with. Forward only. */
export const referenceOps: Ops<NdArray> = arrayOps((x) => x);
