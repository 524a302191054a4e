import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { categorical } from "./categorical.ts";
import { derivativeTwoWays } from "./dual.fixture.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { resolveSequence, responseEntropy, sequenceFactor, topKLogProb } from "./sequence.ts";

const spec = resolveSequence();

describe("responseEntropy", () => {
  it("is the mean of the top fifth of the response's tokens, at least one, whatever the padding holds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 50), { maxLength: 10 }),
        (tokens, padding) => {
          const values = [...tokens, ...padding];
          const mask = values.map((_, i) => (i < tokens.length ? 1 : 0));
          const shape = [1, values.length];
          const count = Math.max(1, Math.floor(tokens.length / 5));
          const expected =
            [...tokens]
              .sort((a, b) => b - a)
              .slice(0, count)
              .reduce((sum, value) => sum + value, 0) / count;
          const actual = responseEntropy(referenceOps, spec, ndArray(values, shape), ndArray(mask, shape));
          expect(actual.shape).toEqual([1, 1]);
          expect(actual.data[0]).toBeCloseTo(expected, 10);
        },
      ),
    );
  });

  it("is 0 for an empty response", () => {
    expect(responseEntropy(referenceOps, spec, ndArray([3, 4], [1, 2]), ndArray([0, 0], [1, 2])).data[0]).toBe(0);
  });
});

describe("sequenceFactor", () => {
  it("sharpens below ω_low, flattens above ω_high, and leaves A ≤ 0 and the middle alone", () => {
    const entropy = ndArray([0.2, 0.45, 1, 3, 5], [5, 1]);
    const advantages = ndArray([0.5, 0, -1, 0.5, 0, -1, 0.5, 0, -1, 0.5, 0, -1, 0.5, 0, -1], [5, 3]);
    const factor = sequenceFactor(referenceOps, spec, entropy, advantages);
    expect(factor).toEqual(ndArray([2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, 1, 1], [5, 3]));
    const scaled = referenceOps.div(advantages, factor);
    expect([scaled.data[0], scaled.data[3], scaled.data[12]]).toEqual([0.25, 0.5, 1]);
  });

  it("broadcasts over the vocabulary when its inputs carry a last axis of size 1", () => {
    const factor = sequenceFactor(referenceOps, spec, ndArray([0.1], [1, 1, 1]), ndArray([1, -1], [1, 2, 1]));
    const logits = ndArray([1, 2, 3, 4, 5, 6], [1, 2, 3]);
    expect(referenceOps.mul(logits, factor)).toEqual(ndArray([2, 4, 6, 4, 5, 6], [1, 2, 3]));
  });
});

describe("resolveSequence", () => {
  it("has the official defaults and names impossible values", () => {
    expect(spec).toEqual({ low: 0.45, high: 3, factor: 2, topFraction: 0.2 });
    expect(() => resolveSequence({ low: 4 })).toThrow("low 4 and high 3 must satisfy 0 ≤ low < high");
    expect(() => resolveSequence({ factor: 1 })).toThrow("factor is 1; it must be greater than 1");
    expect(() => resolveSequence({ topFraction: 0 })).toThrow("topFraction is 0; it must lie in (0, 1]");
  });
});

describe("topKLogProb", () => {
  it("is the log-softmax when every logit is in the top", () => {
    const logits = ndArray([1, 2, 3, 1000]);
    const all = topKLogProb(referenceOps, logits, ndArray([1000]), 20);
    expect(all.data[0]).toBeCloseTo(0, 12);
  });

  it("has the gradient of the log-softmax over the top, and none outside", () => {
    const inputs = { z: ndArray([0.3, -1, 2, 0.1, 1]), token: ndArray([2]) };
    const directions = { z: ndArray([1, -0.5, 0.3, 0.2, 0.7]), token: ndArray([0.3]) };
    const inside = derivativeTwoWays((ops, { z, token }) => topKLogProb(ops, z, token, 3), inputs, directions);
    expect(inside.automatic[0]).toBeCloseTo(inside.difference[0] ?? Number.NaN, 9);
    const outside = derivativeTwoWays(
      (ops, { z, token }) => topKLogProb(ops, z, token, 3),
      { ...inputs, token: ndArray([-1]) },
      { ...directions, token: ndArray([-0.5]) },
    );
    expect([outside.automatic[0], outside.difference[0]]).toEqual([0, 0]);
  });
});

describe("the sequence activation's order (proposition 7)", () => {
  it("never lowers a token's entropy by flattening, and never raises it by sharpening", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 30 }),
        (logits) => {
          const entropy = (factor: number) =>
            categorical(referenceOps, referenceOps.mul(ndArray(logits), factor)).entropy().data[0] ?? Number.NaN;
          expect(entropy(spec.factor)).toBeLessThanOrEqual(entropy(1) + 1e-12);
          expect(entropy(1)).toBeLessThanOrEqual(entropy(1 / spec.factor) + 1e-12);
        },
      ),
    );
  });

  it("scales the gradient of a positive token to A·(e_a − softmax(k·z))", () => {
    const z = ndArray([0.3, -1, 2, 0.1], [1, 4]);
    const direction = ndArray([0.2, -1, 0.7, 1], [1, 4]);
    const oneHot = ndArray([0, 0, 1, 0], [1, 4]);
    const { automatic } = derivativeTwoWays(
      (ops, x) => ops.div(categorical(ops, ops.mul(x.z, spec.factor)).logProb(x.oneHot), spec.factor),
      { z, oneHot },
      { z: direction, oneHot: ndArray([0, 0, 0, 0], [1, 4]) },
      1e-6,
    );
    const weights = [0.3, -1, 2, 0.1].map((logit) => Math.exp(spec.factor * logit));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const expected = [...direction.data].reduce(
      (sum, d, i) => sum + d * ((i === 2 ? 1 : 0) - (weights[i] ?? 0) / total),
      0,
    );
    expect(automatic[0]).toBeCloseTo(expected, 10);
  });
});
