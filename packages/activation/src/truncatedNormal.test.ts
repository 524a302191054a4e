import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NdArray } from "./reference.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";
import { normalCdf } from "./special.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

/** One value of a one-dimensional result. */
const first = (x: NdArray) => x.data[0] ?? Number.NaN;
const one = (m: number, logStd: number) =>
  truncatedNormal(referenceOps, { location: ndArray([m]), logStd: ndArray([logStd]) });

/** CDF of the normal truncated to [−1, 1], independent of the implementation. */
function cdf(x: number, m: number, std: number): number {
  const low = normalCdf((-1 - m) / std);
  return (normalCdf((x - m) / std) - low) / (normalCdf((1 - m) / std) - low);
}

/** Integral of f over [−1, 1] by the midpoint rule, refined around m where the density may be narrow. */
function integrate(f: (x: number) => number, m: number, std: number): number {
  const low = Math.max(-1, m - 12 * std);
  const high = Math.min(1, m + 12 * std);
  const n = 4000;
  const h = (high - low) / n;
  let total = 0;
  // Simpson's rule on each cell.
  for (let i = 0; i < n; i++) {
    const x = low + i * h;
    total += ((f(x) + 4 * f(x + h / 2) + f(x + h)) * h) / 6;
  }
  return total;
}

const location = fc.double({ min: -1, max: 1, noNaN: true });
const logStd = fc.double({ min: -8, max: 0, noNaN: true });
const uniform = fc.double({ min: 0, max: 1, noNaN: true });

describe("truncatedNormal", () => {
  it("samples the inverse of the distribution function", () => {
    fc.assert(
      fc.property(location, logStd, fc.double({ min: 1e-5, max: 1 - 1e-5, noNaN: true }), (m, s, u) => {
        const x = first(one(m, s).sample(ndArray([u])));
        expect(Math.abs(cdf(x, m, Math.exp(s)) - u)).toBeLessThan(2e-6);
      }),
      { numRuns: 500 },
    );
  });

  it("has a density that integrates to one, and the mean and entropy of that density", () => {
    for (const m of [-1, -0.7, 0, 0.3, 0.999, 1]) {
      for (const s of [-8, -4, -1.2, -0.3, 0, 1]) {
        const distribution = one(m, s);
        const std = Math.exp(s);
        const p = (x: number) => Math.exp(first(distribution.logProb(ndArray([x]))));
        expect(integrate(p, m, std)).toBeCloseTo(1, 9);
        expect(first(distribution.mean())).toBeCloseTo(
          integrate((x) => x * p(x), m, std),
          9,
        );
        expect(first(distribution.entropy())).toBeCloseTo(
          integrate((x) => -p(x) * Math.log(p(x)), m, std),
          8,
        );
      }
    }
  });

  it("sums log-density and entropy over dimensions and keeps the batch", () => {
    const params = { location: ndArray([0.1, -0.4, 0.9, 0], [2, 2]), logStd: ndArray([-1, -0.5, -3, 0], [2, 2]) };
    const joint = truncatedNormal(referenceOps, params);
    const x = ndArray([0.3, -0.2, 0.5, 0.1], [2, 2]);
    const logProb = joint.logProb(x);
    const entropy = joint.entropy();
    expect(logProb.shape).toEqual([2, 1]);
    expect(entropy.shape).toEqual([2, 1]);
    for (const row of [0, 1]) {
      const parts = [0, 1].map((i) => {
        const j = 2 * row + i;
        const part = one(params.location.data[j] ?? 0, params.logStd.data[j] ?? 0);
        return { logProb: first(part.logProb(ndArray([x.data[j] ?? 0]))), entropy: first(part.entropy()) };
      });
      expect(logProb.data[row]).toBeCloseTo(parts[0]?.logProb + parts[1]?.logProb, 12);
      expect(entropy.data[row]).toBeCloseTo(parts[0]?.entropy + parts[1]?.entropy, 12);
    }
  });
});
