import { describe, expect, it } from "vitest";
import { surrogateDerivatives } from "./ops.ts";
import { arrayOps, ndArray, referenceOps as ops } from "./reference.ts";

const matrix = ndArray([1, 5, 3, -2, 0, 7], [2, 3]);

describe("referenceOps", () => {
  it("broadcasts as NumPy does, numbers on either side", () => {
    expect(ops.add(matrix, ndArray([10, 20, 30])).data).toEqual(Float64Array.of(11, 25, 33, 8, 20, 37));
    expect(ops.sub(matrix, ndArray([1, 2], [2, 1])).data).toEqual(Float64Array.of(0, 4, 2, -4, -2, 5));
    const outer = ops.mul(ndArray([1, 2], [2, 1]), ndArray([3, 4, 5], [1, 3]));
    expect(outer).toEqual(ndArray([3, 4, 5, 6, 8, 10], [2, 3]));
    expect(ops.div(6, ndArray([2, 3])).data).toEqual(Float64Array.of(3, 2));
    expect(ops.add(ndArray([1, 2], [2, 1, 1]), ndArray([0, 10], [2, 1])).shape).toEqual([2, 2, 1]);
  });

  it("refuses shapes that do not broadcast, naming the operation and both", () => {
    expect(() => ops.add(matrix, ndArray([1, 2]))).toThrow("add: shapes [2,3], [2] do not broadcast together");
    expect(() => ndArray([1, 2, 3], [2, 2])).toThrow("3 values do not fill shape [2,2], which needs 4");
    expect(() => ops.sum(ndArray([1], []))).toThrow("sum: a scalar has no last axis");
    expect(() => ops.max(ndArray([], [2, 0]))).toThrow("max: the last axis of shape [2,0] is empty");
  });

  it("reduces, sorts and counts along the last axis", () => {
    expect(ops.sum(matrix)).toEqual(ndArray([9, 5], [2, 1]));
    expect(ops.max(matrix)).toEqual(ndArray([5, 7], [2, 1]));
    expect(ops.topK(matrix, 2)).toEqual(ndArray([5, 3, 7, 0], [2, 2]));
    expect(ops.topK(matrix, Number.POSITIVE_INFINITY)).toEqual(ndArray([5, 3, 1, 7, 0, -2], [2, 3]));
    expect(ops.positions(matrix)).toEqual(ndArray([0, 1, 2]));
  });

  it("takes the softmax of huge logits without overflow", () => {
    const p = ops.softmax(ndArray([1e300, 1e300, -1e300, 0, Math.LN2, -1e9], [2, 3]));
    expect(p.data[0]).toBe(0.5);
    expect(p.data[2]).toBe(0);
    expect(p.data[4]).toBeCloseTo(2 / 3, 15);
  });

  it("clips, compares and selects", () => {
    expect(ops.clip(matrix, 0, 4).data).toEqual(Float64Array.of(1, 4, 3, 0, 0, 4));
    expect(ops.clip(matrix, 2, Number.POSITIVE_INFINITY).data).toEqual(Float64Array.of(2, 5, 3, 2, 2, 7));
    const mask = ops.less(matrix, 2);
    expect(ops.where(mask, 1, matrix).data).toEqual(Float64Array.of(1, 5, 3, 1, 1, 7));
    expect(ops.where(mask, 1, 0).data).toEqual(Float64Array.of(1, 0, 0, 1, 1, 0));
  });

  it("evaluates polynomials with ascending coefficients", () => {
    expect(ops.polynomial(ndArray([0, 1, 2]), [1, -3, 2]).data).toEqual(Float64Array.of(1, 0, 3));
    expect(ops.polynomial(ndArray([5, 6]), [7]).data).toEqual(Float64Array.of(7, 7));
  });

  it("leaves values alone where only gradients are concerned", () => {
    expect(ops.stopGradient(matrix)).toBe(matrix);
    expect(ops.withDerivatives(matrix, [[matrix, matrix]])).toBe(matrix);
    expect(surrogateDerivatives(ops, matrix, [[ndArray([1, 2, 3]), matrix]]).data).toEqual(matrix.data);
  });
});

describe("arrayOps", () => {
  it("rounds every result to float32 when asked", () => {
    const float32 = arrayOps(Math.fround);
    expect(float32.add(ndArray([1]), 1e-9).data[0]).toBe(1);
    expect(float32.exp(ndArray([1])).data[0]).toBe(Math.fround(Math.E));
    expect(float32.exp(ndArray([100])).data[0]).toBe(Number.POSITIVE_INFINITY);
    expect(float32.sum(ndArray([1, 2 ** -24, 2 ** -24])).data[0]).toBe(1);
  });
});

describe("rows that are very long or hold no numbers", () => {
  it("have a maximum and a softmax, and pass NaN on", () => {
    const long = ndArray(Float64Array.from({ length: 300_000 }, (_, i) => i % 17));
    expect(ops.max(long).data[0]).toBe(16);
    expect(ops.softmax(long).data[0]).toBeGreaterThan(0);
    const row = ndArray([1, Number.NaN, 2]);
    expect(ops.max(row).data[0]).toBeNaN();
    expect(ops.softmax(row).data.every(Number.isNaN)).toBe(true);
  });

  it("are refused when they are empty, by name", () => {
    expect(() => ops.softmax(ndArray([], [2, 0]))).toThrow("softmax: the last axis of shape [2,0] is empty");
  });
});
