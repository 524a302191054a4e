import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedGaussian } from "./boundedGaussian.ts";
import { categorical } from "./categorical.ts";
import { type ActivationSpec, calibrate, float32Margin, floor } from "./certificate.ts";
import { type GaussianSpec, resolveGaussian } from "./gaussianSpec.ts";
import { lambertWm1 } from "./lambert.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { softmaxActivation } from "./softmaxActivation.ts";
import { resolveSoftmax } from "./softmaxSpec.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

/** The entropy of a normal with σ = e^s around 1, truncated to [−1, 1], by numerical integration of −p·log p. */
function halfTruncatedEntropy(logStd: number): number {
  const std = Math.exp(logStd);
  const steps = 200_000;
  const end = Math.min(2, 12 * std);
  const width = end / steps;
  let mass = 0;
  let cross = 0;
  for (let i = 0; i < steps; i++) {
    const energy = ((i + 0.5) * width) ** 2 / (2 * std * std);
    mass += Math.exp(-energy) * width;
    cross += energy * Math.exp(-energy) * width;
  }
  return Math.log(mass) + cross / mass;
}

describe("floor", () => {
  it("is the official recipe's −0.578 nat per dimension at D = 19, from an entropy integrated numerically", () => {
    // Budget 19·(c − 0.25) = 22.21: two dimensions at the clip (8 each), one with the remaining 6.21, sixteen at σ = 1.
    const budget = 19 * (0.5 * Math.log(2 * Math.PI * Math.E) - 0.25);
    const expected = 2 * halfTruncatedEntropy(-8) + halfTruncatedEntropy(-(budget - 16)) + 16 * halfTruncatedEntropy(0);
    const spec = { kind: "truncated", actionDim: 19, entropy: { perDim: 0.25, of: "gaussian" } } as const;
    expect(floor(spec)).toBeCloseTo(expected, 6);
    expect(floor(spec) / 19).toBeCloseTo(-0.5776, 4);
  });

  it("is the entropy of the one-hot input, by W₋₁ itself", () => {
    for (const classes of [2, 10, 100, 1000]) {
      const { slope, offset } = resolveSoftmax({ classes, entropy: 0.3, bound: "tight" });
      const logits = [lambertWm1(-(slope + offset)), lambertWm1(-offset)] as const;
      const z = Math.exp(logits[0]) + (classes - 1) * Math.exp(logits[1]);
      expect(floor({ kind: "softmax", classes, entropy: 0.3 })).toBeCloseTo(
        Math.log(z) + (slope + classes * offset) / z,
        7,
      );
    }
  });

  it("promises nothing where nothing can be: 0 for sampled sequences, −∞ for a squashed Gaussian with a free mean", () => {
    expect(floor({ kind: "sequence" })).toBe(0);
    expect(floor({ kind: "squashed", actionDim: 2, entropy: { perDim: 0, of: "gaussian" } })).toBe(
      Number.NEGATIVE_INFINITY,
    );
  });
});

describe("calibrate", () => {
  it("makes the floor exactly what was asked: a Gaussian policy at D = 19, 0.25 nat per dimension", () => {
    const spec = calibrate({ kind: "truncated", actionDim: 19, entropy: { perDim: 0.25, of: "gaussian" } });
    expect(Math.abs(floor(spec) - 19 * 0.25)).toBeLessThan(1e-6);
    // The policy at the worst point of all: every location on the edge, all of the budget in one dimension.
    const gaussian = resolveGaussian(spec);
    const logStd = ndArray(Float64Array.from({ length: 19 }, (_, i) => (i === 0 ? 800 : 0)));
    const raw = { mean: ndArray(new Float64Array(19).fill(40)), logStd };
    const entropy = truncatedNormal(referenceOps, boundedGaussian(referenceOps, gaussian, raw)).entropy().data[0];
    expect(entropy).toBeCloseTo(19 * 0.25, 9);
  });

  it("makes the floor exactly what was asked: softmaxes of 10, 100 and 1000 classes at 0.3, 0.6, 1 and 2 nats", () => {
    for (const inverse of ["lambert", "paper"] as const) {
      for (const classes of [10, 100, 1000]) {
        for (const entropy of [0.3, 0.6, 1, 2]) {
          const spec = calibrate({ kind: "softmax", classes, entropy, inverse, bound: "paper" });
          expect(Math.abs(floor(spec) - entropy)).toBeLessThan(1e-9);
          const oneHot = ndArray(Float64Array.from({ length: classes }, (_, i) => (i === 0 ? 800 : 0)));
          const logits = softmaxActivation(referenceOps, resolveSoftmax(spec), oneHot);
          expect(categorical(referenceOps, logits).entropy().data[0]).toBeCloseTo(entropy, 7);
        }
      }
    }
  });

  it("meets any feasible target of any spec, in real numbers and, with the margin, in float32", () => {
    const specs: fc.Arbitrary<ActivationSpec & { kind: "truncated" | "squashed" | "softmax" }> = fc.oneof(
      fc.record({
        kind: fc.constant("truncated" as const),
        actionDim: fc.integer({ min: 1, max: 61 }),
        entropy: fc.record({
          perDim: fc.double({ min: -7, max: 0.55, noNaN: true }),
          of: fc.constant("policy" as const),
        }),
      }),
      fc.record({
        kind: fc.constant("squashed" as const),
        actionDim: fc.integer({ min: 1, max: 8 }),
        meanBound: fc.constant(0.5),
        entropy: fc.record({
          perDim: fc.double({ min: -6.5, max: 0, noNaN: true }),
          of: fc.constant("policy" as const),
        }),
      }),
      fc
        .record({
          classes: fc.integer({ min: 2, max: 50257 }),
          share: fc.double({ min: 0.001, max: 0.99, noNaN: true }),
        })
        .map(({ classes, share }) => ({ kind: "softmax" as const, classes, entropy: share * Math.log(classes) })),
    );
    fc.assert(
      fc.property(specs, (spec) => {
        const target = spec.kind === "softmax" ? spec.entropy : spec.actionDim * spec.entropy.perDim;
        expect(Math.abs(floor(calibrate(spec)) - target)).toBeLessThan(1e-9 * (1 + Math.abs(target)));
        const raised = calibrate(spec, "float32");
        expect(floor(raised, "float32")).toBeGreaterThanOrEqual(target - 1e-12 * Math.abs(target));
        expect(floor(raised)).toBeLessThan(target + 1.05 * float32Margin(raised) + 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it("names the feasible interval of a target out of reach, and refuses what keeps no floor", () => {
    const message = (spec: ActivationSpec) => {
      try {
        calibrate(spec);
      } catch (error) {
        return (error as Error).message;
      }
      return "accepted";
    };
    const gaussian = (perDim: number): GaussianSpec => ({
      kind: "truncated",
      actionDim: 3,
      entropy: { perDim, of: "policy" },
    });
    expect(message(gaussian(0.8))).toMatch(/is 0.8 nats; with log σ in \[-8, 0\] it must lie in \[-7.2742, 0.566\]/);
    expect(message({ kind: "softmax", classes: 10, entropy: 2.4 })).toMatch(/between 0 and log\(10\) = 2.3026/);
    expect(message({ kind: "sequence" })).toMatch(/keeps no floor/);
    expect(message({ ...gaussian(0), kind: "squashed" })).toMatch(/needs a meanBound/);
  });
});
