import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { boundedGaussian } from "./boundedGaussian.ts";
import { categorical } from "./categorical.ts";
import { dualOps } from "./dual.fixture.ts";
import { resolveGaussian } from "./gaussianSpec.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { resolveSequence, responseEntropy, sequenceFactor, topKLogProb } from "./sequence.ts";
import { softmaxActivation } from "./softmaxActivation.ts";
import { resolveSoftmax } from "./softmaxSpec.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

interface SequenceFixture {
  batch: number;
  length: number;
  entropy: number[];
  mask: number[];
  advantages: number[];
  responseEntropy: number[];
  factor: number[];
  scaledAdvantages: number[];
}

/** Made by fixtures/make_official.py, which runs the official code. */
const official = JSON.parse(readFileSync(new URL("./fixtures/official.json", import.meta.url), "utf8")) as {
  gaussian: {
    perDim: number;
    rawMean: number[];
    rawLogStd: number[];
    mean: number[];
    logStd: number[];
    uniform: number[];
    action: number[];
    logProb: number;
    byMean: number[];
    byLogStd: number[];
  }[];
  softmax: {
    classes: number;
    entropy: number;
    scale: number;
    logProbs: number[];
    policyEntropy: number;
    gradient: number[];
  }[];
  sequence: SequenceFixture;
  fractionalSequence: SequenceFixture;
  tokens: { tokens: number; vocabulary: number; labels: number[]; topKLogProbs: number[]; entropy: number[] };
};

/** Compares within `tolerance(i)`, absolute. */
function expectNear(actual: ArrayLike<number>, expected: readonly number[], tolerance: (i: number) => number) {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value), `element ${i}: ${actual[i]} for ${value}`).toBeLessThanOrEqual(
      tolerance(i),
    );
  });
}

/** The unit vectors of a space, as tangents for forward-mode differentiation. */
const unitVectors = (n: number) =>
  Array.from({ length: n }, (_, i) => ndArray(Array.from({ length: n }, (__, j) => (i === j ? 1 : 0))));

const total = (x: NdArray) => x.data.reduce((sum, value) => sum + value, 0);

describe("the official Gaussian head (sac-era)", () => {
  it.each(official.gaussian.map((c, i) => [`D = ${c.mean.length}, case ${i}`, c] as const))("%s", (_, fixture) => {
    const n = fixture.mean.length;
    const gaussian = resolveGaussian({
      kind: "truncated",
      actionDim: n,
      entropy: { perDim: fixture.perDim, of: "gaussian" },
    });
    const raw = { mean: ndArray(fixture.rawMean), logStd: ndArray(fixture.rawLogStd) };
    const params = boundedGaussian(referenceOps, gaussian, raw);
    expectNear(params.logStd.data, fixture.logStd, () => 1e-12);
    expectNear(params.location.data, fixture.mean.map(Math.tanh), () => 1e-12);

    // The official code moves the interval's ends and the location inwards by 1e-6, and our quantile's polynomial errs by 2e-6.
    const distribution = truncatedNormal(referenceOps, params);
    expectNear(distribution.sample(ndArray(fixture.uniform)).data, fixture.action, () => 5e-6);
    // Per dimension a shift of 1e-6 in x changes the log-density by 1e-6·z/σ; the widest z here is below 4.
    const shift = fixture.logStd.reduce((sum, s) => sum + 8e-6 * Math.exp(-s), 1e-5);
    expectNear(distribution.logProb(ndArray(fixture.action)).data, [fixture.logProb], () => shift);
  });

  it("has the official gradients through the sample", () => {
    for (const fixture of official.gaussian) {
      const n = fixture.mean.length;
      const weights = ndArray(Array.from({ length: n }, (_, i) => Math.cos(i)));
      const slope = (mean: NdArray, logStd: NdArray) => {
        const params = {
          location: dualOps.tanh({ value: ndArray(fixture.mean), tangent: mean }),
          logStd: { value: ndArray(fixture.logStd), tangent: logStd },
        };
        const uniform = { value: ndArray(fixture.uniform), tangent: ndArray(new Float64Array(n)) };
        return total(referenceOps.mul(weights, truncatedNormal(dualOps, params).sample(uniform).tangent));
      };
      const zero = ndArray(new Float64Array(n));
      expectNear(
        unitVectors(n).map((e) => slope(e, zero)),
        fixture.byMean,
        () => 2e-4,
      );
      expectNear(
        unitVectors(n).map((e) => slope(zero, e)),
        fixture.byLogStd,
        () => 2e-4,
      );
    }
  });
});

describe("the official softmax activation (resnet-era)", () => {
  it.each(official.softmax.map((c) => [`n = ${c.classes}, H₀ = ${c.entropy}, scale ${c.scale}`, c] as const))(
    "%s",
    (_, { classes, entropy, scale, ...expected }) => {
      const spec = resolveSoftmax({ classes, entropy, inverse: "paper", bound: "paper" });
      const logits = ndArray(Array.from({ length: classes }, (__, i) => scale * Math.sin(1.7 * i)));
      const policy = categorical(referenceOps, softmaxActivation(referenceOps, spec, logits));
      expectNear(policy.logProbs().data.slice(0, 8), expected.logProbs, () => 1e-9);
      expectNear(policy.entropy().data, [expected.policyEntropy], () => 1e-9);

      const weights = ndArray(Array.from({ length: classes }, (__, i) => Math.cos(i)));
      const gradient = unitVectors(classes)
        .slice(0, 8)
        .map((tangent) => {
          const activated = softmaxActivation(dualOps, spec, { value: logits, tangent });
          return total(referenceOps.mul(weights, categorical(dualOps, activated).logProbs().tangent));
        });
      expectNear(gradient, expected.gradient, (i) => 1e-8 * (1 + Math.abs(expected.gradient[i] ?? 0)));
    },
  );
});

describe("the official sequence activation (ERA-LLM)", () => {
  const spec = resolveSequence();
  const ours = (fixture: SequenceFixture) => {
    const shape = [fixture.batch, fixture.length];
    const entropy = responseEntropy(referenceOps, spec, ndArray(fixture.entropy, shape), ndArray(fixture.mask, shape));
    const advantages = ndArray(fixture.advantages, shape);
    const factor = sequenceFactor(referenceOps, spec, entropy, advantages);
    return { entropy, factor, scaled: referenceOps.div(advantages, factor) };
  };

  it("has the same response entropies, logit factors and scaled advantages", () => {
    const { entropy, factor, scaled } = ours(official.sequence);
    expectNear(entropy.data, official.sequence.responseEntropy, () => 1e-12);
    expectNear(factor.data, official.sequence.factor, () => 1e-5);
    expectNear(scaled.data, official.sequence.scaledAdvantages, () => 1e-12);
    expect(new Set(factor.data)).toEqual(new Set([1, 2, 0.5]));
  });

  it("changes the logits of every token with A > 0, where the official code's integer buffer rounds 0 < A < 1 down to 0", () => {
    const { factor, scaled } = ours(official.fractionalSequence);
    expectNear(scaled.data, official.fractionalSequence.scaledAdvantages, () => 1e-12);
    expect(new Set(official.fractionalSequence.factor)).toEqual(new Set([1]));
    expect(new Set(factor.data)).toEqual(new Set([1, 2, 0.5]));
  });

  it("has the same top-20 log-probabilities and token entropies", () => {
    const { tokens, vocabulary, labels, topKLogProbs, entropy } = official.tokens;
    const values = Array.from({ length: tokens * vocabulary }, (_, i) => 3 * Math.sin(1.7 * i));
    const logits = ndArray(values, [tokens, vocabulary]);
    const chosen = ndArray(
      labels.map((label, row) => values[row * vocabulary + label] ?? Number.NaN),
      [tokens, 1],
    );
    expectNear(topKLogProb(referenceOps, logits, chosen).data, topKLogProbs, () => 1e-9);
    expectNear(categorical(referenceOps, logits).entropy().data, entropy, () => 1e-12);
  });
});
