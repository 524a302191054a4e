import { describe, expect, it } from "vitest";
import { normalQuadrature } from "./quadrature.ts";

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
