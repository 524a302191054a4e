/** Initial values of parameters: each takes a seeded generator and gives float32 values. Matrices are [in, out]. */
import type { Random } from "./random.ts";
import { formatShape, ShapeError, sizeOf } from "./shape.ts";
import type { NamedArray } from "./state.ts";

type FixedShape = readonly number[];

const float32 = (shape: FixedShape, data: Float32Array): NamedArray => ({ shape, dtype: "float32", data });

/** All elements equal. */
export const filled = (shape: FixedShape, value: number): NamedArray =>
  float32(shape, new Float32Array(sizeOf(shape)).fill(value));
export const zeros = (shape: FixedShape): NamedArray => filled(shape, 0);
export const ones = (shape: FixedShape): NamedArray => filled(shape, 1);

/** Normal with mean 0. */
export function normal(random: Random, shape: FixedShape, deviation = 1): NamedArray {
  const data = random.fillNormal(new Float32Array(sizeOf(shape)));
  for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) * deviation;
  return float32(shape, data);
}

/** Uniform between ±bound. */
export function uniform(random: Random, shape: FixedShape, bound: number): NamedArray {
  const data = random.fillUniform(new Float32Array(sizeOf(shape)));
  for (let i = 0; i < data.length; i++) data[i] = (2 * (data[i] ?? 0) - 1) * bound;
  return float32(shape, data);
}

/** Normal with mean 0, redrawn where beyond two deviations; `deviation` is that of the untruncated normal. */
export function truncatedNormal(random: Random, shape: FixedShape, deviation = 1): NamedArray {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    for (;;) {
      const draw = random.normal();
      if (Math.abs(draw) <= 2) return draw * deviation;
    }
  });
  return float32(shape, data);
}

/** Inputs and outputs of one unit: of a matrix [in, out]; leading axes (a stack of layers) count for neither. */
function fans(name: string, shape: FixedShape): [fanIn: number, fanOut: number] {
  const [fanIn, fanOut] = shape.slice(-2);
  if (fanIn === undefined || fanOut === undefined) {
    throw new ShapeError(`${name}: needs a matrix [in, out], not ${formatShape(shape)}`);
  }
  return [fanIn, fanOut];
}

/** Glorot & Bengio (2010): uniform with variance 2/(in + out)·gain². */
export function xavierUniform(random: Random, shape: FixedShape, gain = 1): NamedArray {
  const [fanIn, fanOut] = fans("xavierUniform", shape);
  return uniform(random, shape, gain * Math.sqrt(6 / (fanIn + fanOut)));
}

/** Glorot & Bengio (2010): normal with variance 2/(in + out)·gain². */
export function xavierNormal(random: Random, shape: FixedShape, gain = 1): NamedArray {
  const [fanIn, fanOut] = fans("xavierNormal", shape);
  return normal(random, shape, gain * Math.sqrt(2 / (fanIn + fanOut)));
}

/** He et al. (2015): uniform with variance gain²/in; gain √2 is for ReLU. */
export function kaimingUniform(random: Random, shape: FixedShape, gain = Math.SQRT2): NamedArray {
  return uniform(random, shape, gain * Math.sqrt(3 / fans("kaimingUniform", shape)[0]));
}

/** He et al. (2015): normal with variance gain²/in; gain √2 is for ReLU. */
export function kaimingNormal(random: Random, shape: FixedShape, gain = Math.SQRT2): NamedArray {
  return normal(random, shape, gain / Math.sqrt(fans("kaimingNormal", shape)[0]));
}

/**
 * Saxe et al. (2014): a random matrix with orthonormal columns (rows, where there are more columns than rows), times the gain; uniform
 * over such matrices. Leading axes are a stack of independent matrices.
 */
export function orthogonal(random: Random, shape: FixedShape, gain = 1): NamedArray {
  const [fanIn, fanOut] = fans("orthogonal", shape);
  const [count, length] = [Math.min(fanIn, fanOut), Math.max(fanIn, fanOut)];
  const matrices = sizeOf(shape.slice(0, -2));
  const data = new Float32Array(sizeOf(shape));
  for (let matrix = 0; matrix < matrices; matrix++) {
    const vectors = orthonormalize(random.fillNormal(new Float64Array(count * length)), count, length);
    const offset = matrix * fanIn * fanOut;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < length; j++) {
        const at = fanIn <= fanOut ? i * fanOut + j : j * fanOut + i;
        data[offset + at] = gain * (vectors[i * length + j] ?? 0);
      }
    }
  }
  return float32(shape, data);
}

/**
 * Gram–Schmidt (modified, in place) on `count` vectors of `length` numbers. Of Gaussian vectors it gives the Q of the QR factorization
 * whose R has a positive diagonal, which is uniformly distributed.
 */
function orthonormalize(vectors: Float64Array, count: number, length: number): Float64Array {
  const rows = Array.from({ length: count }, (_, i) => vectors.subarray(i * length, (i + 1) * length));
  rows.forEach((row, i) => {
    const scale = 1 / Math.sqrt(dot(row, row));
    for (let j = 0; j < length; j++) row[j] = (row[j] ?? 0) * scale;
    for (const later of rows.slice(i + 1)) {
      const along = dot(row, later);
      for (let j = 0; j < length; j++) later[j] = (later[j] ?? 0) - along * (row[j] ?? 0);
    }
  });
  return vectors;
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] ?? 0) * (b[i] ?? 0);
  return total;
}
