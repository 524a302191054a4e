import { describe, expect, it } from "vitest";
import * as init from "./initializers.ts";
import { Random } from "./random.ts";
import { ShapeError } from "./shape.ts";
import type { NamedArray } from "./state.ts";

const numbers = ({ data }: NamedArray) => Array.from(data, Number);
const variance = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0) / values.length;

const drawn: Readonly<Record<string, (random: Random, shape: readonly number[]) => NamedArray>> = {
  normal: (random, shape) => init.normal(random, shape, 0.7),
  uniform: (random, shape) => init.uniform(random, shape, 0.7),
  truncatedNormal: (random, shape) => init.truncatedNormal(random, shape, 0.7),
  xavierUniform: (random, shape) => init.xavierUniform(random, shape, 1.5),
  xavierNormal: (random, shape) => init.xavierNormal(random, shape, 1.5),
  kaimingUniform: init.kaimingUniform,
  kaimingNormal: init.kaimingNormal,
  orthogonal: init.orthogonal,
};

describe("initializers", () => {
  it.each(Object.entries(drawn))(
    "%s gives the same float32 values for the same seed, others for another",
    (_name, make) => {
      const [first, same, other] = [1, 1, 2].map((seed) => make(new Random(seed), [3, 4, 5])) as [
        NamedArray,
        NamedArray,
        NamedArray,
      ];
      expect(first).toEqual(same);
      expect(first.shape).toEqual([3, 4, 5]);
      expect(first.dtype).toBe("float32");
      expect(first.data).toBeInstanceOf(Float32Array);
      expect(first.data).toHaveLength(60);
      expect(numbers(first)).not.toEqual(numbers(other));
    },
  );

  // 300·200 values: the relative standard error of a variance is √((κ − 1)/n) ≤ 0.6 %, κ the kurtosis.
  const shape = [300, 200];
  const truncation = 0.774; // the variance of a standard normal within ±2: 1 − 4φ(2)/(2Φ(2) − 1)
  it.each([
    ["normal", 0.49, Number.POSITIVE_INFINITY],
    ["uniform", 0.49 / 3, 0.7],
    ["truncatedNormal", 0.49 * truncation, 1.4],
    ["xavierUniform", (2.25 * 2) / 500, 1.5 * Math.sqrt(6 / 500)],
    ["xavierNormal", (2.25 * 2) / 500, Number.POSITIVE_INFINITY],
    ["kaimingUniform", 2 / 300, Math.sqrt(6 / 300)],
    ["kaimingNormal", 2 / 300, Number.POSITIVE_INFINITY],
  ])("%s has a mean of 0, a variance of %d and no value beyond %d", (name, expected, bound) => {
    const values = numbers((drawn[name] as (typeof drawn)[string])(new Random(3), shape));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(expected / values.length));
    expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(0.03);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound * (1 + 1e-6));
    if (Number.isFinite(bound)) expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(bound * 0.99);
  });

  it("take the fans of the last two axes, so that a stack of layers is like single ones", () => {
    const stacked = numbers(init.kaimingUniform(new Random(1), [50, 6, 4]));
    expect(Math.max(...stacked.map(Math.abs))).toBeGreaterThan(0.98);
    expect(Math.max(...stacked.map(Math.abs))).toBeLessThanOrEqual(1 + 1e-6);
  });

  it("refuse what is no matrix, by name", () => {
    for (const name of ["xavierUniform", "xavierNormal", "kaimingUniform", "kaimingNormal", "orthogonal"]) {
      const make = drawn[name] as (typeof drawn)[string];
      expect(() => make(new Random(1), [3])).toThrow(ShapeError);
      expect(() => make(new Random(1), [3])).toThrow(`${name}: needs a matrix [in, out], not [3]`);
    }
  });

  it("fill with one number", () => {
    expect(numbers(init.filled([2, 2], 7))).toEqual([7, 7, 7, 7]);
    expect(numbers(init.zeros([3]))).toEqual([0, 0, 0]);
    expect(numbers(init.ones([]))).toEqual([1]);
  });
});

describe("orthogonal", () => {
  /** Inner products of the columns (rows, where there are more columns) of one matrix of a stack. */
  function products(data: readonly number[], [rows, columns]: readonly [number, number]): number[][] {
    const byColumn = rows >= columns;
    const [count, length] = byColumn ? [columns, rows] : [rows, columns];
    const vectors = Array.from({ length: count }, (_, i) =>
      Array.from({ length }, (_unused, j) => data[byColumn ? j * columns + i : i * columns + j] ?? Number.NaN),
    );
    return vectors.map((p) => vectors.map((q) => p.reduce((sum, value, i) => sum + value * (q[i] ?? 0), 0)));
  }

  it.each([
    [[5, 5], 1],
    [[8, 3], 1],
    [[3, 8], Math.SQRT2],
    [[1, 4], 1],
    [[4, 1], 0.01],
    [[60, 60], 1],
    [[2, 3, 4, 6], 2],
  ] as const)("gives %o orthonormal vectors, times %d", (shape, gain) => {
    const data = numbers(init.orthogonal(new Random(4), shape, gain));
    const matrix = shape.slice(-2) as readonly number[] as readonly [number, number];
    const size = matrix[0] * matrix[1];
    for (let start = 0; start < data.length; start += size) {
      products(data.slice(start, start + size), matrix).forEach((line, i) => {
        line.forEach((product, j) => {
          expect(Math.abs(product - (i === j ? gain ** 2 : 0))).toBeLessThan(2e-6 * gain ** 2);
        });
      });
    }
  });

  it("gives the matrices of a stack independently", () => {
    const data = numbers(init.orthogonal(new Random(4), [2, 3, 3]));
    expect(data.slice(0, 9)).not.toEqual(data.slice(9));
  });

  it("is uniform over rotations and reflections: every entry has the variance 1/n, both determinants are equally likely", () => {
    const random = new Random(6);
    const matrices = Array.from({ length: 4000 }, () => numbers(init.orthogonal(random, [2, 2])));
    for (let i = 0; i < 4; i++) {
      const entries = matrices.map((matrix) => matrix[i] ?? Number.NaN);
      // An entry is the cosine of a uniform angle: variance ½, of its square ⅛.
      expect(Math.abs(variance(entries) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 8 / 4000));
      expect(Math.abs(entries.reduce((a, b) => a + b, 0) / 4000)).toBeLessThan(5 * Math.sqrt(0.5 / 4000));
    }
    const rotations = matrices.filter(([a = 0, b = 0, c = 0, d = 0]) => a * d - b * c > 0).length;
    expect(Math.abs(rotations - 2000)).toBeLessThan(5 * Math.sqrt(1000));
  });
});
