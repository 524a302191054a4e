import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivativeTwoWays } from "./dual.fixture.ts";
import { normalQuadrature } from "./quadrature.ts";
import type { NdArray } from "./reference.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";
import { tanhNormal } from "./tanhNormal.ts";

const first = (x: NdArray) => x.data[0] ?? Number.NaN;
const one = (m: number, s: number) => tanhNormal(referenceOps, { location: ndArray([m]), logStd: ndArray([s]) });

/** log-density of tanh(x) at x, x ~ N(m, σ²), from the definition (for moderate x, where it does not cancel). */
const logDensity = (x: number, m: number, std: number) =>
  -0.5 * ((x - m) / std) ** 2 - Math.log(std * Math.sqrt(2 * Math.PI)) - Math.log(1 - Math.tanh(x) ** 2);

/** Midpoint rule over ±10 standard deviations. */
function expectation(f: (x: number) => number, m: number, std: number): number {
  const n = 20000;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const z = (20 * (i + 0.5)) / n - 10;
    sum += Math.exp(-0.5 * z * z) * f(m + std * z);
  }
  return (sum * 20) / (n * Math.sqrt(2 * Math.PI));
}

describe("tanhNormal", () => {
  it("has the density of its definition, from the noise and from the action", () => {
    for (const m of [-3, -0.5, 0, 2]) {
      for (const s of [-3, -0.5, 0, 0.7]) {
        for (const noise of [-2, 0, 0.3, 1.5]) {
          const x = m + Math.exp(s) * noise;
          const { action, logProb } = one(m, s).sample(ndArray([noise]));
          expect(first(action)).toBeCloseTo(Math.tanh(x), 14);
          expect(first(logProb)).toBeCloseTo(logDensity(x, m, Math.exp(s)), 8);
          expect(first(one(m, s).logProb(action))).toBeCloseTo(logDensity(x, m, Math.exp(s)), 7);
        }
      }
    }
  });

  it("keeps the density exact where tanh rounds to one", () => {
    const { action, logProb } = one(50, 0).sample(ndArray([0]));
    expect(first(action)).toBe(1);
    // log(1 − tanh²(50)) = 2·log 2 − 100 up to e^(−200).
    expect(first(logProb)).toBeCloseTo(-0.5 * Math.log(2 * Math.PI) + 100 - 2 * Math.LN2, 10);
  });

  it("has the entropy of its density", () => {
    for (const m of [-4, -1, 0, 0.7, 20]) {
      for (const s of [-5, -1, 0]) {
        const std = Math.exp(s);
        const gaussian = 0.5 * Math.log(2 * Math.PI * Math.E) + s;
        const logSlope = (x: number) => 2 * (Math.LN2 - Math.abs(x) - Math.log1p(Math.exp(-2 * Math.abs(x))));
        expect(first(one(m, s).entropy())).toBeCloseTo(gaussian + expectation(logSlope, m, std), 6);
      }
    }
  });

  it("bounds the default quadrature's error as documented", () => {
    const fine = normalQuadrature(180, 9);
    const worst = (s: number) =>
      Math.max(
        ...[0, 0.2, 0.5, 1, 2, 4, 8].map((m) => Math.abs(first(one(m, s).entropy()) - first(one(m, s).entropy(fine)))),
      );
    expect(worst(-3)).toBeLessThan(1e-6);
    expect(worst(0)).toBeLessThan(1e-6);
    expect(worst(Math.log(4))).toBeLessThan(1e-3);
    expect(worst(2)).toBeLessThan(0.02);
  });

  it("gives [batch, 1] sums over dimensions, and the mode", () => {
    const params = { location: ndArray([0.1, -0.4, 0.9, 0], [2, 2]), logStd: ndArray([-1, -0.5], [2]) };
    const policy = tanhNormal(referenceOps, params);
    const { action, logProb } = policy.sample(ndArray([0, 1, -1, 0.5], [2, 2]));
    expect(action.shape).toEqual([2, 2]);
    expect([logProb.shape, policy.entropy().shape]).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(policy.mode().data).toEqual(params.location.data.map(Math.tanh));
    const sum = first(one(0.1, -1).sample(ndArray([0])).logProb) + first(one(-0.4, -0.5).sample(ndArray([1])).logProb);
    expect(first(logProb)).toBeCloseTo(sum, 12);
  });

  it("has the derivatives of its values", () => {
    const params = { m: ndArray([-2, -0.3, 0.4, 6]), s: ndArray([-1, -3, 0.2, -0.5]) };
    const directions = { m: ndArray([1, -0.7, 0.4, 1]), s: ndArray([1, 0.3, -1, 0.6]) };
    const noise = [0.3, -1.2, 2, 0.1];
    const formulas = [
      () =>
        derivativeTwoWays(
          (ops, { m, s }) => {
            const fixed = ops.add(ops.mul(m, 0), 0.7);
            return tanhNormal(ops, { location: m, logStd: s }).sample(fixed).logProb;
          },
          params,
          directions,
        ),
      () =>
        derivativeTwoWays((ops, { m, s }) => tanhNormal(ops, { location: m, logStd: s }).entropy(), params, directions),
      () =>
        derivativeTwoWays(
          (ops, { m, s, noise: e }) => tanhNormal(ops, { location: m, logStd: s }).sample(e).action,
          { ...params, noise: ndArray(noise) },
          { ...directions, noise: ndArray([0, 0, 0, 0]) },
        ),
      () =>
        derivativeTwoWays(
          (ops, { m, s }) => tanhNormal(ops, { location: m, logStd: s }).logProb(ops.add(ops.mul(m, 0), 0.3)),
          params,
          directions,
        ),
    ];
    for (const formula of formulas) {
      const { automatic, difference } = formula();
      automatic.forEach((value, i) => {
        expect(value / (difference[i] ?? Number.NaN)).toBeCloseTo(1, 6);
      });
    }
  });

  it("is finite in float32 for any location and log-scale a network may give", () => {
    const float32 = arrayOps(Math.fround);
    const value = fc.double({ min: -1e4, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(
        value,
        fc.double({ min: -20, max: 2, noNaN: true }),
        fc.double({ min: -6, max: 6, noNaN: true }),
        (m, s, e) => {
          const policy = tanhNormal(float32, {
            location: ndArray([Math.fround(m)]),
            logStd: ndArray([Math.fround(s)]),
          });
          const { action, logProb } = policy.sample(ndArray([Math.fround(e)]));
          expect([first(action), first(logProb), first(policy.entropy())].every(Number.isFinite)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
    // Beyond ±(1 − 1e-6) an action's density is that of the clipped action.
    const policy = tanhNormal(float32, { location: ndArray([0]), logStd: ndArray([-1]) });
    expect(first(policy.logProb(ndArray([1])))).toBe(first(policy.logProb(ndArray([1 - 1e-7]))));
    expect(Number.isFinite(first(policy.logProb(ndArray([-1]))))).toBe(true);
  });
});
