import { describe, expect, it } from "vitest";
import { derivativeTwoWays } from "./dual.fixture.ts";
import { lambertInverse, lambertWm1, paperInverse } from "./lambert.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";

/** From the largest term of the softmax activation down to those of a million classes and far beyond. */
const terms = Array.from({ length: 400 }, (_, i) => (Math.log(4) / 4) * 10 ** (-i / 13));

describe("lambertInverse", () => {
  it("is W₋₁(−h) to 1e-9 relative", () => {
    lambertInverse(referenceOps, ndArray(terms)).data.forEach((z, i) => {
      expect(z / lambertWm1(-(terms[i] ?? 0))).toBeCloseTo(1, 9);
    });
  });

  it("is W₋₁(−h) to 1e-6 relative in float32", () => {
    const rounded = terms.map(Math.fround).filter((h) => h > 1e-37);
    lambertInverse(arrayOps(Math.fround), ndArray(rounded)).data.forEach((z, i) => {
      expect(Math.abs(z / lambertWm1(-(rounded[i] ?? 0)) - 1)).toBeLessThan(1e-6);
    });
  });

  it("keeps that precision over all of (0, 1/e]: next to the branch point, down to the smallest numbers", () => {
    const branch = 1 / Math.E;
    const nearBranch = Array.from({ length: 300 }, (_, i) => branch * (1 - 10 ** (-i / 40)) + Number.MIN_VALUE);
    const tiny = Array.from({ length: 120 }, (_, i) => 10 ** (-i / 3.3 - 1));
    const all = [...nearBranch, ...tiny, 0.3, 0.30000001, 0.34657].filter((h) => h > 0);
    const rounded = all.map(Math.fround).filter((h) => h > 0 && h < branch);
    lambertInverse(arrayOps(Math.fround), ndArray(rounded)).data.forEach((z, i) => {
      expect(Math.abs(z / lambertWm1(-(rounded[i] ?? 0)) - 1), `h = ${rounded[i]}`).toBeLessThan(1e-6);
    });
    lambertInverse(referenceOps, ndArray(all)).data.forEach((z, i) => {
      expect(Math.abs(z / lambertWm1(-(all[i] ?? 0)) - 1), `h = ${all[i]}`).toBeLessThan(3e-8);
    });
  });

  it("is no NaN at the ends: −∞ at 0, −1 at 1/e and at what rounding leaves above it", () => {
    for (const ops of [referenceOps, arrayOps(Math.fround)]) {
      const ends = lambertInverse(ops, ndArray([0, 1 / Math.E, Math.fround(1 / Math.E)])).data;
      expect(ends[0]).toBe(Number.NEGATIVE_INFINITY);
      expect(ends[1]).toBeCloseTo(-1, 3);
      expect(ends[2]).toBe(-1);
    }
    expect(lambertInverse(referenceOps, ndArray([Number.NaN])).data[0]).toBeNaN();
  });

  it("has the exact derivative", () => {
    const h = ndArray([0.34, 0.2, 0.01, 1e-4, 0.36]);
    const direction = ndArray([1, -1, 0.1, 1e-3, 0.1]);
    const { automatic, difference } = derivativeTwoWays(
      (ops, x) => lambertInverse(ops, x.h),
      { h },
      { h: direction },
      1e-6,
    );
    automatic.forEach((value, i) => {
      expect(value / (difference[i] ?? Number.NaN)).toBeCloseTo(1, 5);
    });
  });
});

describe("paperInverse", () => {
  it("is the paper's approximation, exact in shape at the branch point and within 14 % far from it", () => {
    paperInverse(referenceOps, ndArray(terms)).data.forEach((z, i) => {
      const h = terms[i] ?? 0;
      const u = -1 - Math.log(h);
      expect(z).toBeCloseTo(-1 - Math.sqrt(2 * u) - 0.75 * u, 12);
      expect(Math.abs(z / lambertWm1(-h) - 1)).toBeLessThan(0.14);
    });
  });
});
