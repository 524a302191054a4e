/** Parameters and batches of the bench's parity check, as bench/peers/README.md defines them: every competitor computes the same numbers. */
import type { NamedArray, TypedArray } from "@era/tensor";

interface CheckSizes {
  readonly width: number;
  readonly obs: number;
  readonly act: number;
  readonly batch: number;
}

/** Uniform on (0, 1): a 32-bit hash of stream and index. */
export function hashed(stream: number, index: number): number {
  let x = (Math.imul(stream, 0x9e3779b9) + index) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (((x ^ (x >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
const signed = (stream: number, index: number): number => 2 * hashed(stream, index) - 1;

function fill(shape: readonly number[], value: (index: number) => number): NamedArray {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { shape, dtype: "float32", data: Float32Array.from({ length: size }, (_, i) => value(i)) };
}

const weight = (stream: number, rows: number, columns: number): NamedArray =>
  fill([rows, columns], (i) => signed(stream, i) * Math.sqrt(3 / rows));
const bias = (stream: number, size: number): NamedArray => fill([size], (i) => 0.1 * signed(stream, i));
const scale = (stream: number, size: number): NamedArray => fill([size], (i) => 1 + 0.1 * signed(stream, i));

/** Arrays of one shape as one array with a leading axis; vectors as rows, so that they broadcast over the batch. */
function stacked(first: NamedArray, second: NamedArray): NamedArray {
  const shape = first.shape.length === 1 ? [1, ...first.shape] : first.shape;
  const data = new Float32Array(first.data.length * 2);
  data.set(first.data as Float32Array);
  data.set(second.data as Float32Array, first.data.length);
  return { shape: [2, ...shape], dtype: "float32", data };
}

/** Means and log deviations beside each other: this project's actor has one head for both. */
function beside(left: NamedArray, right: NamedArray): NamedArray {
  const [rows, columns] = left.shape.length === 1 ? [1, left.data.length] : [left.shape[0] ?? 0, left.shape[1] ?? 0];
  const at = (source: NamedArray, row: number, column: number) => Number(source.data[row * columns + column]);
  const joined = fill([rows, 2 * columns], (i) => {
    const [row, column] = [Math.floor(i / (2 * columns)), i % (2 * columns)];
    return column < columns ? at(left, row, column) : at(right, row, column - columns);
  });
  return left.shape.length === 1 ? { ...joined, shape: [2 * columns] } : joined;
}

/** The networks' initial parameters. */
export function checkNetworks({ width, obs, act }: CheckSizes) {
  const critic = (stream: number): Record<string, NamedArray> => ({
    "dense1.weight": weight(stream, obs + act, width),
    "dense1.bias": bias(stream + 1, width),
    "norm1.scale": scale(stream + 2, width),
    "norm1.bias": bias(stream + 3, width),
    "dense2.weight": weight(stream + 4, width, width),
    "dense2.bias": bias(stream + 5, width),
    "norm2.scale": scale(stream + 6, width),
    "norm2.bias": bias(stream + 7, width),
    "out.weight": weight(stream + 8, width, 1),
    "out.bias": bias(stream + 9, 1),
  });
  const twin = (first: number, second: number): Record<string, NamedArray> => {
    const other = critic(second);
    return Object.fromEntries(
      Object.entries(critic(first)).map(([name, array]) => [name, stacked(array, other[name] ?? array)]),
    );
  };
  return {
    actor: {
      "dense1.weight": weight(0, obs, width),
      "dense1.bias": bias(1, width),
      "dense2.weight": weight(2, width, width),
      "dense2.bias": bias(3, width),
      "head.weight": beside(weight(4, width, act), weight(6, width, act)),
      "head.bias": beside(bias(5, act), bias(7, act)),
    },
    critics: twin(10, 20),
    targets: twin(30, 40),
  };
}

/** What update j is fed. */
export function checkBatch({ obs, act, batch }: CheckSizes, j: number): Record<string, Float32Array> {
  const stream = 100 + 10 * j;
  const make = (offset: number, size: number, value: (stream: number, i: number) => number) =>
    Float32Array.from({ length: batch * size }, (_, i) => value(stream + offset, i));
  return {
    observations: make(0, obs, (s, i) => Math.sqrt(3) * signed(s, i)),
    actions: make(1, act, signed),
    rewards: make(2, 1, hashed),
    masks: make(3, 1, (s, i) => (hashed(s, i) < 0.1 ? 0 : 1)),
    nextObservations: make(4, obs, (s, i) => Math.sqrt(3) * signed(s, i)),
    nextNoise: make(5, act, hashed),
    noise: make(6, act, hashed),
  };
}

/** Euclidean norm. */
export function norm2(values: TypedArray): number {
  let total = 0;
  for (const value of values) total += Number(value) ** 2;
  return Math.sqrt(total);
}
