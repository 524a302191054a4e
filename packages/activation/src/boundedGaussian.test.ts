import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedGaussian, deltaLoss } from "./boundedGaussian.ts";
import { STANDARD_NORMAL_ENTROPY } from "./distribution.ts";
import { derivativeTwoWays, dualOps } from "./dual.fixture.ts";
import { resolveGaussian } from "./gaussianSpec.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";

const official = resolveGaussian({ kind: "truncated", actionDim: 4, entropy: { perDim: 0.25, of: "gaussian" } });
const learned = resolveGaussian({
  kind: "truncated",
  actionDim: 4,
  entropy: { perDim: 0.25, of: "gaussian" },
  delta: "learned",
});
const mean = ndArray([0.5, -2, 0, 30]);
const raw = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 4, maxLength: 4 });
const gaussianEntropy = (logStd: Float64Array) => logStd.reduce((sum, s) => sum + s + STANDARD_NORMAL_ENTROPY, 0);

describe("boundedGaussian", () => {
  it("gives the Gaussian exactly the target where nothing clips, and more where something does", () => {
    fc.assert(
      fc.property(raw, (s) => {
        const { logStd } = boundedGaussian(referenceOps, official, { mean, logStd: ndArray(s) });
        const entropy = gaussianEntropy(logStd.data);
        if (logStd.data.every((x) => x > -8)) expect(entropy).toBeCloseTo(1, 10);
        else expect(entropy).toBeGreaterThanOrEqual(1 - 1e-10);
        expect(logStd.data.every((x) => x >= -8 && x <= 1e-12)).toBe(true);
      }),
    );
  });

  it("bounds the location as the kind asks", () => {
    const location = (spec: object) => {
      const gaussian = resolveGaussian({
        kind: "squashed",
        actionDim: 4,
        entropy: { perDim: 0, of: "gaussian" },
        ...spec,
      });
      return [...boundedGaussian(referenceOps, gaussian, { mean, logStd: mean }).location.data];
    };
    expect(location({ kind: "truncated" })).toEqual([...mean.data].map(Math.tanh));
    expect(location({})).toEqual([...mean.data]);
    expect(location({ meanBound: 3 })).toEqual([...mean.data].map((x) => 3 * Math.tanh(x / 3)));
  });

  it("is permutation-equivariant, and falls in its own raw scale", () => {
    const s = [0.1, -1, 2, 0.4];
    const order = [2, 0, 3, 1];
    const activate = (values: number[]) =>
      boundedGaussian(referenceOps, official, { mean, logStd: ndArray(values) }).logStd.data;
    const permuted = activate(order.map((i) => s[i] ?? 0));
    order.forEach((from, to) => {
      expect(permuted[to]).toBeCloseTo(activate(s)[from] ?? Number.NaN, 14);
    });
    // k ≤ 0: a larger raw output takes a larger share of the loss of scale.
    expect(activate([1.1, -1, 2, 0.4])[0]).toBeLessThan(activate(s)[0] ?? Number.NaN);
  });

  it("works on batches", () => {
    const batch = ndArray([1, 2, 3, 4, 4, 3, 2, 1], [2, 4]);
    const { location, logStd } = boundedGaussian(referenceOps, official, { mean: batch, logStd: batch });
    expect([location.shape, logStd.shape]).toEqual([
      [2, 4],
      [2, 4],
    ]);
    expect(logStd.data.slice(0, 4)).toEqual(logStd.data.slice(4).reverse());
  });

  it("adds a learned delta to the target, kept in its range and out of the policy's gradient", () => {
    const entropyWith = (delta: number) =>
      gaussianEntropy(
        boundedGaussian(referenceOps, learned, { mean, logStd: ndArray([0, 0.1, 0.2, 0]) }, ndArray([delta])).logStd
          .data,
      );
    expect(entropyWith(0.7)).toBeCloseTo(1.7, 10);
    expect(entropyWith(-3)).toBeCloseTo(1, 10);
    expect(entropyWith(1e3)).toBeCloseTo(4 * STANDARD_NORMAL_ENTROPY, 10);
    const one = { value: ndArray([0.7]), tangent: ndArray([1]) };
    const fixed = { value: mean, tangent: ndArray([0, 0, 0, 0]) };
    const { logStd } = boundedGaussian(dualOps, learned, { mean: fixed, logStd: fixed }, one);
    expect([...logStd.tangent.data]).toEqual([0, 0, 0, 0]);
  });

  it("refuses a learned delta that is missing or not asked for", () => {
    const values = { mean, logStd: mean };
    expect(() => boundedGaussian(referenceOps, learned, values)).toThrow("needs its learned delta as last argument");
    expect(() => boundedGaussian(referenceOps, official, values, mean)).toThrow(
      "has a constant delta, not a learned one",
    );
  });

  it("has the derivatives of its values", () => {
    const inputs = { m: ndArray([0.2, -1, 0.4, 1]), s: ndArray([0.5, -0.3, 0.9, 0]) };
    const directions = { m: ndArray([1, 0.5, -0.2, 0.3]), s: ndArray([0.3, -1, 0.4, 0.8]) };
    for (const part of ["location", "logStd"] as const) {
      const { automatic, difference } = derivativeTwoWays(
        (ops, { m, s }) => boundedGaussian(ops, official, { mean: m, logStd: s })[part],
        inputs,
        directions,
        1e-4,
      );
      automatic.forEach((value, i) => {
        expect(value).toBeCloseTo(difference[i] ?? Number.NaN, 9);
      });
    }
  });

  it("keeps the Gaussian's entropy in float32, to its rounding", () => {
    const float32 = arrayOps(Math.fround);
    fc.assert(
      fc.property(raw, (s) => {
        const logits = ndArray(s.map(Math.fround));
        const { location, logStd } = boundedGaussian(float32, official, { mean: logits, logStd: logits });
        expect(gaussianEntropy(logStd.data)).toBeGreaterThan(1 - 1e-5);
        expect(location.data.every((x) => x >= -1 && x <= 1)).toBe(true);
      }),
    );
  });
});

describe("deltaLoss", () => {
  it("raises δ while the entropy is below the target and lowers it above, without touching the policy", () => {
    const entropy = { value: ndArray([0.4, 1, 3], [3, 1]), tangent: ndArray([1, 1, 1], [3, 1]) };
    const delta = { value: ndArray([0.5]), tangent: ndArray([1]) };
    const loss = deltaLoss(dualOps, learned, delta, entropy);
    expect(loss.value.shape).toEqual([3, 1]);
    expect([...loss.value.data].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([-0.3, 0, 1]);
    expect([...loss.tangent.data].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([-0.6, 0, 2]);
  });
});
