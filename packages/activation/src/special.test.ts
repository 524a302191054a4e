import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lambertWm1 } from "./lambert.ts";
import { erf, erfc, normalCdf, normalQuantile } from "./special.ts";

/** Made by fixtures/make_special.py. */
const fixture = JSON.parse(readFileSync(new URL("./fixtures/special.json", import.meta.url), "utf8")) as {
  erf: [x: number, erf: number, erfc: number][];
  quantile: [p: number, x: number][];
  lambert: [x: number, w: number][];
};

const relative = (actual: number, expected: number) =>
  actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);

describe("erf and erfc", () => {
  it("agree with mpmath to 2e-15 relative, tails included", () => {
    for (const [x, expectedErf, expectedErfc] of fixture.erf) {
      expect(relative(erf(x), expectedErf), `erf(${x})`).toBeLessThan(2e-15);
      expect(relative(erfc(x), expectedErfc), `erfc(${x})`).toBeLessThan(2e-15);
    }
  });

  it("have their limits at infinity and keep NaN", () => {
    expect([erf(Number.POSITIVE_INFINITY), erf(Number.NEGATIVE_INFINITY)]).toEqual([1, -1]);
    expect([erfc(Number.POSITIVE_INFINITY), erfc(Number.NEGATIVE_INFINITY)]).toEqual([0, 2]);
    expect(erf(Number.NaN)).toBeNaN();
    expect(erfc(Number.NaN)).toBeNaN();
  });
});

describe("normalQuantile", () => {
  it("agrees with mpmath to 1e-14 relative, in both tails and at the median", () => {
    for (const [p, x] of fixture.quantile) expect(relative(normalQuantile(p), x), `p = ${p}`).toBeLessThan(1e-14);
  });

  it("inverts normalCdf and is infinite at the ends, NaN outside", () => {
    for (const x of [-30, -5, -1, -0.1, 0, 0.1, 1, 5]) expect(normalQuantile(normalCdf(x))).toBeCloseTo(x, 8);
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([
      Number.NEGATIVE_INFINITY,
      0,
      Number.POSITIVE_INFINITY,
    ]);
    expect([normalQuantile(-0.1), normalQuantile(1.1), normalQuantile(Number.NaN)]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });
});

describe("lambertWm1", () => {
  it("agrees with mpmath to 1e-14 relative, next to the branch point and next to 0", () => {
    for (const [x, w] of fixture.lambert) expect(relative(lambertWm1(x), w), `x = ${x}`).toBeLessThan(1e-14);
  });

  it("is −1 at the branch point, −∞ at 0 and NaN outside", () => {
    expect(lambertWm1(-1 / Math.E)).toBe(-1);
    expect(lambertWm1(0)).toBe(Number.NEGATIVE_INFINITY);
    expect([lambertWm1(-0.4), lambertWm1(0.1), lambertWm1(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});
