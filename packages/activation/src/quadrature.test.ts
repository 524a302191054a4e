import { describe, expect, it } from "vitest";
import { normalQuadrature, squashedEntropyError } from "./quadrature.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { tanhNormal } from "./tanhNormal.ts";

describe("normalQuadrature", () => {
  it("has the moments of the standard normal", () => {
    const { pairs, meanDistance } = normalQuadrature(32, 9);
    const moment = (n: number) => pairs.reduce((sum, [x, weight]) => sum + 2 * weight * x ** n, 0);
    expect([0, 2, 4, 6].map((n) => Math.round(moment(n) * 1e9) / 1e9)).toEqual([1, 1, 3, 15]);
    // |ε| has a kink at 0, so its mean converges slower.
    expect(meanDistance).toBeCloseTo(Math.sqrt(2 / Math.PI), 2);
  });

  it("converges exponentially for analytic functions", () => {
    // E[cos(3ε)] = e^(−4.5)
    const error = (pairs: number) => {
      const rule = normalQuadrature(pairs, 9).pairs;
      return Math.abs(rule.reduce((sum, [x, weight]) => sum + 2 * weight * Math.cos(3 * x), 0) - Math.exp(-4.5));
    };
    expect(error(8)).toBeGreaterThan(1e-4);
    expect(error(16)).toBeLessThan(1e-12);
  });
});

describe("squashedEntropyError", () => {
  it("errs by less than its bound, which shrinks exponentially with the number of nodes", () => {
    const entropy = (pairs: number, location: number, std: number) =>
      tanhNormal(referenceOps, { location: ndArray([location]), logStd: ndArray([Math.log(std)]) }).entropy(
        normalQuadrature(pairs, 9),
      ).data[0] ?? Number.NaN;
    for (const std of [0.05, 0.5, 1, 2.7, 7.38]) {
      for (const location of [0, 1, 3]) {
        const exact = entropy(3000, location, std);
        for (const pairs of [9, 18, 36, 60, 100, 180]) {
          const bound = squashedEntropyError(pairs, 9, location, std);
          expect(Math.abs(entropy(pairs, location, std) - exact)).toBeLessThan(bound + 1e-13);
        }
      }
      expect(squashedEntropyError(180, 9, 3, std)).toBeLessThan(2e-8);
    }
    expect(squashedEntropyError(36, 9, 1, 1)).toBeLessThan(1e-13);
  });
});
