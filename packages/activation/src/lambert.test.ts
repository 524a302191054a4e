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

  it("has the exact derivative", () => {
    const h = ndArray([0.34, 0.2, 0.01, 1e-4]);
    const direction = ndArray([1, -1, 0.1, 1e-3]);
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
