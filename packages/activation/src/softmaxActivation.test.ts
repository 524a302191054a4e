import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { categorical } from "./categorical.ts";
import { derivativeTwoWays } from "./dual.fixture.ts";
import { lambertWm1 } from "./lambert.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";
import { softmaxActivation } from "./softmaxActivation.ts";
import type { ResolvedSoftmax, SoftmaxSpec } from "./softmaxSpec.ts";
import { resolveSoftmax } from "./softmaxSpec.ts";

const entropyAt = (spec: ResolvedSoftmax, logits: ArrayLike<number>, ops = referenceOps) =>
  categorical(ops, softmaxActivation(ops, spec, ndArray(logits))).entropy().data[0] ?? Number.NaN;
const oneHot = (n: number, height: number) => Array.from({ length: n }, (_, i) => (i === 0 ? height : 0));

const kinds = fc.record({
  inverse: fc.constantFrom("lambert" as const, "paper" as const),
  bound: fc.constantFrom("tight" as const, "paper" as const),
});

describe("resolveSoftmax", () => {
  it("makes the tight floor exactly what was asked", () => {
    for (const inverse of ["lambert", "paper"] as const) {
      for (const classes of [2, 3, 10, 100, 1000, 50257]) {
        for (const entropy of [1e-3, 0.3, 0.6, 1, 2, 4].filter((h) => h < Math.log(classes))) {
          const spec = resolveSoftmax({ classes, entropy, inverse });
          expect(spec.floor).toBeCloseTo(entropy, 12);
          expect(entropyAt(spec, oneHot(classes, 800))).toBeCloseTo(entropy, 9);
        }
      }
    }
  });

  it("has the floor log Z + C/Z of the one-hot input", () => {
    for (const [classes, entropy] of [
      [10, 0.6],
      [1000, 0.6],
      [100, 1.5],
    ] as const) {
      const { offset, slope, floor } = resolveSoftmax({ classes, entropy, bound: "paper" });
      const total = slope + classes * offset;
      expect(total).toBeCloseTo(Math.exp(entropy - 1), 12);
      const z = Math.exp(lambertWm1(-(slope + offset))) + (classes - 1) * Math.exp(lambertWm1(-offset));
      expect(floor).toBeCloseTo(Math.log(z) + total / z, 8);
    }
  });

  it("knows how much more than asked the paper's bound enforces", () => {
    const paper = (classes: number, inverse: "lambert" | "paper") =>
      resolveSoftmax({ classes, entropy: 0.6, inverse, bound: "paper" }).floor;
    expect(paper(10, "lambert")).toBeCloseTo(0.97, 2);
    expect(paper(1000, "paper")).toBeCloseTo(1.46, 2);
  });

  it("names the feasible interval", () => {
    const message = (spec: SoftmaxSpec) => {
      try {
        resolveSoftmax(spec);
      } catch (error) {
        return (error as Error).message;
      }
      return "accepted";
    };
    expect(message({ classes: 10, entropy: 2.4 })).toBe(
      "softmax: entropy is 2.4 nats; for 10 classes it must lie between 0 and log(10) = 2.3026, both excluded",
    );
    expect(message({ classes: 10, entropy: 0 })).toMatch(/both excluded/);
    expect(message({ classes: 10, entropy: 2.3, bound: "paper" })).toBe(
      "softmax: entropy is 2.3 nats; for 10 classes and the paper's bound it must lie in [0, 2.2429]",
    );
    expect(message({ classes: 10, entropy: 2.2429, bound: "paper" })).toBe("accepted");
    expect(message({ classes: 10, entropy: Number.NaN, bound: "paper" })).toMatch(/entropy is NaN/);
    expect(message({ classes: 1, entropy: 0.1 })).toBe("softmax: classes is 1; it must be an integer ≥ 2");
  });
});

describe("softmaxActivation", () => {
  it("keeps the entropy above its floor for any logits, and the order of the classes", () => {
    fc.assert(
      fc.property(
        kinds,
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 12 }),
        fc.double({ min: 0.01, max: 0.95, noNaN: true }),
        (kind, logits, share) => {
          const classes = logits.length;
          const highest = kind.bound === "tight" ? Math.log(classes) : Math.log((classes * Math.log(4)) / 4) + 1;
          const spec = resolveSoftmax({ classes, entropy: share * highest, ...kind });
          expect(entropyAt(spec, logits)).toBeGreaterThanOrEqual(spec.floor - 1e-9);
          const out = softmaxActivation(referenceOps, spec, ndArray(logits)).data;
          for (let i = 1; i < classes; i++) {
            const rise = (logits[i] ?? 0) - (logits[i - 1] ?? 0);
            if (rise > 0) expect(out[i]).toBeGreaterThanOrEqual(out[i - 1] ?? Number.NaN);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("has its smallest entropy at one-hot inputs, not at ties among several classes", () => {
    for (const inverse of ["lambert", "paper"] as const) {
      for (const [classes, entropy] of [
        [2, 0.2],
        [10, 0.6],
        [100, 3],
        [1000, 0.6],
      ] as const) {
        const spec = resolveSoftmax({ classes, entropy, inverse });
        for (let k = 1; k < classes; k = Math.ceil(k * 1.5)) {
          for (const height of [1, 4, 10, 40, 400]) {
            const logits = Array.from({ length: classes }, (_, i) => (i < k ? height : 0));
            expect(entropyAt(spec, logits)).toBeGreaterThanOrEqual(spec.floor - 1e-9);
          }
        }
      }
    }
  });

  it("is permutation-equivariant", () => {
    const spec = resolveSoftmax({ classes: 4, entropy: 0.5 });
    const logits = [0.3, -2, 1.7, 0];
    const order = [2, 0, 3, 1];
    const out = softmaxActivation(referenceOps, spec, ndArray(logits)).data;
    const permuted = softmaxActivation(referenceOps, spec, ndArray(order.map((i) => logits[i] ?? 0))).data;
    order.forEach((from, to) => {
      expect(permuted[to]).toBeCloseTo(out[from] ?? Number.NaN, 14);
    });
  });

  it("has the derivatives of its values", () => {
    const z = ndArray([0.3, -1, 2, 0.1, 0.2, -0.4], [2, 3]);
    const direction = ndArray([1, -0.5, 0.3, 0.2, -1, 0.7], [2, 3]);
    for (const inverse of ["lambert", "paper"] as const) {
      const spec = resolveSoftmax({ classes: 3, entropy: 0.5, inverse });
      const { automatic, difference } = derivativeTwoWays(
        (ops, inputs) => softmaxActivation(ops, spec, inputs.z),
        { z },
        { z: direction },
        1e-4,
      );
      automatic.forEach((value, i) => {
        expect(value).toBeCloseTo(difference[i] ?? Number.NaN, 8);
      });
    }
  });

  it("is finite in float32 and keeps its floor there", () => {
    const float32 = arrayOps(Math.fround);
    const logits = fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }).map(Math.fround), {
      minLength: 10,
      maxLength: 10,
    });
    for (const inverse of ["lambert", "paper"] as const) {
      const spec = resolveSoftmax({ classes: 10, entropy: 0.6, inverse });
      fc.assert(
        fc.property(logits, (z) => {
          const out = softmaxActivation(float32, spec, ndArray(z));
          expect(out.data.every((x) => Number.isFinite(x) && x < -Math.log(4) + 2e-6)).toBe(true);
          expect(categorical(referenceOps, out).entropy().data[0]).toBeGreaterThan(0.6 - 2e-6);
        }),
        { numRuns: 200 },
      );
    }
  });
});
