/** What holds of every activation for any inputs, by random search (fast-check). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedGaussian } from "./boundedGaussian.ts";
import { categorical } from "./categorical.ts";
import { derivativeTwoWays } from "./dual.fixture.ts";
import { type GaussianSpec, resolveGaussian } from "./gaussianSpec.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps as ops } from "./reference.ts";
import { softmaxActivation } from "./softmaxActivation.ts";
import { resolveSoftmax } from "./softmaxSpec.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

/** Raw outputs as networks may have them: ordinary, extreme, subnormal. */
const raw = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -20, max: 20, noNaN: true }) },
  fc.constantFrom(0, 1, 1e4, -1e4, 5e-324, -5e-324, 1e-45),
);
/** Ordinary raw outputs, for derivatives. */
const mild = fc.double({ min: -2, max: 2, noNaN: true });

const gaussians = [
  ...[0.25, -2].map((perDim): GaussianSpec => ({ kind: "truncated", actionDim: 4, entropy: { perDim, of: "policy" } })),
  { kind: "truncated", actionDim: 4, entropy: { perDim: -4, of: "gaussian" } } satisfies GaussianSpec,
  { kind: "squashed", actionDim: 4, meanBound: 1, entropy: { perDim: -1.5, of: "policy" } } satisfies GaussianSpec,
].map(resolveGaussian);
const softmaxes = (["lambert", "paper"] as const).flatMap((inverse) =>
  (["tight", "paper"] as const).map((bound) => resolveSoftmax({ classes: 5, entropy: 0.6, inverse, bound })),
);
const gaussian = fc.constantFrom(...gaussians);
const softmax = fc.constantFrom(...softmaxes);
const rowOf = (size: number, element: fc.Arbitrary<number>) => fc.array(element, { minLength: size, maxLength: size });
const orderOf = (size: number) =>
  fc.shuffledSubarray(
    Array.from({ length: size }, (_, i) => i),
    { minLength: size },
  );

const reordered = (values: ArrayLike<number>, order: readonly number[]) => order.map((i) => values[i] ?? Number.NaN);
const expectEqual = (actual: NdArray, expected: readonly number[]) =>
  expected.forEach((value, i) => {
    // Sums in another order round differently.
    expect(Math.abs((actual.data[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(value)));
  });

describe("the bounded Gaussian", () => {
  it("is permutation-equivariant", () => {
    fc.assert(
      fc.property(gaussian, rowOf(4, raw), rowOf(4, raw), orderOf(4), (spec, mean, logStd, order) => {
        const plain = boundedGaussian(ops, spec, { mean: ndArray(mean), logStd: ndArray(logStd) });
        const moved = boundedGaussian(ops, spec, {
          mean: ndArray(reordered(mean, order)),
          logStd: ndArray(reordered(logStd, order)),
        });
        expectEqual(moved.location, reordered(plain.location.data, order));
        expectEqual(moved.logStd, reordered(plain.logStd.data, order));
      }),
    );
  });

  it("is monotone: a location rises with its raw mean; a log σ falls with its own raw value and rises with the others'", () => {
    fc.assert(
      fc.property(
        gaussian,
        rowOf(4, raw),
        fc.nat(3),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (spec, row, i, step) => {
          const at = (values: readonly number[]) =>
            boundedGaussian(ops, spec, { mean: ndArray(values), logStd: ndArray(values) });
          const before = at(row);
          const after = at(row.map((x, j) => (j === i ? x + step : x)));
          row.forEach((_, j) => {
            const change = (values: NdArray, others: NdArray) =>
              (values.data[j] ?? Number.NaN) - (others.data[j] ?? Number.NaN);
            const scale = change(after.logStd, before.logStd);
            if (j === i) {
              expect(change(after.location, before.location)).toBeGreaterThanOrEqual(0);
              expect(scale).toBeLessThanOrEqual(1e-12);
            } else expect(scale).toBeGreaterThanOrEqual(-1e-12);
          });
        },
      ),
    );
  });

  it("has gradients that match finite differences away from the clip", () => {
    const direction = ndArray([1, -0.7, 0.4, 0.2]);
    fc.assert(
      fc.property(gaussian, rowOf(4, mild), rowOf(4, mild), (spec, mean, logStd) => {
        const at = { mean: ndArray(mean), logStd: ndArray(logStd) };
        const { logStd: scales } = boundedGaussian(ops, spec, at);
        fc.pre(scales.data.every((s) => s > spec.logStdMin + 1e-3));
        const { automatic, difference } = derivativeTwoWays(
          (library, x) => boundedGaussian(library, spec, { mean: x.mean, logStd: x.logStd }).logStd,
          at,
          { mean: direction, logStd: direction },
          1e-5,
        );
        automatic.forEach((value, i) => {
          expect(Math.abs(value - (difference[i] ?? Number.NaN))).toBeLessThan(1e-7 * (1 + Math.abs(value)));
        });
      }),
    );
  });
});

describe("the truncated normal's entropy", () => {
  const entropy = (location: number, logStd: number) =>
    truncatedNormal(ops, { location: ndArray([location]), logStd: ndArray([logStd]) }).entropy().data[0] ?? Number.NaN;

  it("falls with |location| and rises with log σ (lemmas 1 and 2)", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: -8, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (location, shrink, logStd, step) => {
          expect(entropy(location * shrink, logStd)).toBeGreaterThanOrEqual(entropy(location, logStd) - 1e-12);
          expect(entropy(location, logStd + step)).toBeGreaterThanOrEqual(entropy(location, logStd) - 1e-12);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("the softmax activation", () => {
  it("is permutation-equivariant", () => {
    fc.assert(
      fc.property(softmax, rowOf(5, raw), orderOf(5), (spec, logits, order) => {
        const plain = softmaxActivation(ops, spec, ndArray(logits));
        const moved = softmaxActivation(ops, spec, ndArray(reordered(logits, order)));
        expectEqual(moved, reordered(plain.data, order));
      }),
    );
  });

  it("is monotone: a new logit rises with its own logit and falls with the others', and their order is kept", () => {
    fc.assert(
      fc.property(
        softmax,
        rowOf(5, raw),
        fc.nat(4),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (spec, row, i, step) => {
          const before = softmaxActivation(ops, spec, ndArray(row)).data;
          const after = softmaxActivation(ops, spec, ndArray(row.map((x, j) => (j === i ? x + step : x)))).data;
          row.forEach((x, j) => {
            const change = (after[j] ?? Number.NaN) - (before[j] ?? Number.NaN);
            expect(j === i ? change : -change).toBeGreaterThanOrEqual(-1e-9);
            row.forEach((y, k) => {
              if (x > y) expect(before[j]).toBeGreaterThanOrEqual((before[k] ?? Number.NaN) - 1e-9);
            });
          });
        },
      ),
    );
  });

  it("keeps its floor from any logits, ties and subnormal numbers among them", () => {
    fc.assert(
      fc.property(softmax, rowOf(5, raw), (spec, logits) => {
        const entropy = categorical(ops, softmaxActivation(ops, spec, ndArray(logits))).entropy().data[0];
        expect(entropy).toBeGreaterThanOrEqual(spec.floor - 1e-8);
      }),
      { numRuns: 500 },
    );
  });

  it("has gradients that match finite differences", () => {
    const direction = ndArray([1, -0.7, 0.4, 0.2, -0.1]);
    fc.assert(
      fc.property(softmax, rowOf(5, mild), (spec, logits) => {
        const { automatic, difference } = derivativeTwoWays(
          (library, x) => softmaxActivation(library, spec, x.z),
          { z: ndArray(logits) },
          { z: direction },
          1e-4,
        );
        automatic.forEach((value, i) => {
          expect(Math.abs(value - (difference[i] ?? Number.NaN))).toBeLessThan(2e-6 * (1 + Math.abs(value)));
        });
      }),
    );
  });
});
