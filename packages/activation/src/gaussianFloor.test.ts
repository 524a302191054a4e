import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedGaussian } from "./boundedGaussian.ts";
import { allocationFloor, worstDimension } from "./gaussianFloor.ts";
import type { GaussianSpec, ResolvedGaussian } from "./gaussianSpec.ts";
import { resolveGaussian } from "./gaussianSpec.ts";
import { normalQuadrature } from "./quadrature.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { tanhNormal } from "./tanhNormal.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

const rule = normalQuadrature(60, 9);

/** Exact policy entropies `[batch, 1]` for raw network outputs. */
function entropies(gaussian: ResolvedGaussian, mean: NdArray, logStd: NdArray): Float64Array {
  const params = boundedGaussian(referenceOps, gaussian, { mean, logStd });
  const policy =
    gaussian.kind === "truncated" ? truncatedNormal(referenceOps, params) : tanhNormal(referenceOps, params);
  return policy.entropy(rule).data;
}

const specs: GaussianSpec[] = [1, 2, 3, 5, 19].flatMap((actionDim) =>
  [-6, -2, 0.25].flatMap((perDim) => [
    { kind: "truncated", actionDim, entropy: { perDim, of: "gaussian" } },
    { kind: "truncated", actionDim, entropy: { perDim: Math.min(perDim, 0.25), of: "policy" }, logStdMin: -9 },
    {
      kind: "truncated",
      actionDim,
      entropy: { perDim: Math.max(perDim, -1), of: "gaussian" },
      logStdMin: -3,
      logStdMax: 1,
    },
    { kind: "squashed", actionDim, entropy: { perDim, of: "gaussian" }, meanBound: 1 },
    { kind: "squashed", actionDim, entropy: { perDim, of: "gaussian" }, meanBound: 2, logStdMax: 1 },
  ]),
);

/** Raw outputs whose softmax is concentrated to all degrees on all numbers of dimensions, at the worst and at random locations. */
function attacks(actionDim: number, rows: number, seed: number) {
  let state = seed;
  const random = () => {
    // Lehmer's generator: any seeded stream will do.
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const logStd: number[] = [];
  const mean: number[] = [];
  for (let row = 0; row < rows; row++) {
    const chosen = 1 + Math.floor(random() * actionDim);
    const height = random() < 0.5 ? 60 : 8 * random();
    const noise = random() < 0.5 ? 0 : 2;
    const worst = random() < 0.7;
    for (let i = 0; i < actionDim; i++) {
      logStd.push((i < chosen ? height : 0) + noise * random());
      mean.push((worst ? 40 : 4 * random()) * (random() < 0.5 ? -1 : 1));
    }
  }
  return { mean: ndArray(mean, [rows, actionDim]), logStd: ndArray(logStd, [rows, actionDim]) };
}

describe("the floor of a bounded Gaussian policy", () => {
  it("is not broken by any allocation or location", () => {
    for (const spec of specs) {
      const gaussian = resolveGaussian(spec);
      const { mean, logStd } = attacks(spec.actionDim, 400, 7);
      expect(Math.min(...entropies(gaussian, mean, logStd))).toBeGreaterThanOrEqual(gaussian.floor - 1e-8);
    }
  });

  it("is not broken by random logits either", () => {
    const policies = specs.map((spec) => resolveGaussian(spec));
    fc.assert(
      fc.property(
        fc.nat(policies.length - 1),
        fc.infiniteStream(fc.double({ min: -30, max: 30, noNaN: true })),
        (i, stream) => {
          const gaussian = policies[i];
          if (gaussian === undefined) return;
          const draw = () => ndArray(Array.from({ length: gaussian.actionDim }, () => stream.next().value as number));
          expect(entropies(gaussian, draw(), draw())[0]).toBeGreaterThanOrEqual(gaussian.floor - 1e-8);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is attained at a vertex of the allocations", () => {
    for (const spec of specs) {
      const gaussian = resolveGaussian(spec);
      const { actionDim, logStdMin, logStdMax, gaussianEntropy } = gaussian;
      const budget = actionDim * (0.5 * Math.log(2 * Math.PI * Math.E) + logStdMax) - gaussianEntropy;
      const depth = logStdMax - logStdMin;
      // Vertices: `count` dimensions share what is needed for their clip, one takes part or all of the rest.
      const rows: number[][] = [];
      for (let count = 0; count * depth <= budget && count <= actionDim; count++) {
        const rest = budget - count * depth;
        const spent = (i: number) => (i < count ? depth : i === count ? rest : 0);
        const excess = (i: number) => (i < count ? budget / count : 0);
        for (const shares of [spent, excess]) {
          rows.push(Array.from({ length: actionDim }, (_, i) => Math.log(Math.max(shares(i), 1e-30))));
        }
      }
      const logStd = ndArray(rows.flat(), [rows.length, actionDim]);
      const mean = ndArray(new Float64Array(logStd.data.length).fill(60), logStd.shape);
      const values = [...entropies(gaussian, mean, logStd)].filter((x) => !Number.isNaN(x));
      expect(Math.min(...values)).toBeCloseTo(gaussian.floor, 6);
    }
  });

  it("is the minimum over a fine grid of allocations, for two dimensions and any concave entropy", () => {
    const range = { logStdMin: -4, logStdMax: 0.5 };
    const functions = [
      worstDimension("truncated", Number.POSITIVE_INFINITY, range).entropy,
      worstDimension("squashed", 0.5, range).entropy,
      (s: number) => -((s + 1) ** 2), // concave and far from monotone: narrow and wide are both bad
      (s: number) => -((s + 3) ** 2), // and wide is worse
    ];
    for (const f of functions) {
      const clipped = (x: number) => f(Math.max(range.logStdMax - x, range.logStdMin));
      const floor = allocationFloor(f, 2, range);
      for (const budget of [0, 0.7, 3, 4.5, 6, 8.9, 9]) {
        // The clip is at 4.5: a grid of step 0.1 meets every vertex.
        const values = Array.from({ length: Math.round(10 * budget) + 1 }, (_, i) => clipped(i / 10));
        const sums = values.map((value, i) => value + (values[values.length - 1 - i] ?? Number.NaN));
        expect(floor(budget)).toBeCloseTo(Math.min(...sums), 9);
      }
    }
  });

  it("rests on a dimension's entropy that is smallest at the largest |location| and concave in log σ", () => {
    for (const [kind, bound] of [
      ["truncated", Number.POSITIVE_INFINITY],
      ["squashed", 0.5],
      ["squashed", 3],
    ] as const) {
      const f = worstDimension(kind, bound, { logStdMin: -8, logStdMax: 2 }).entropy;
      const edge = kind === "truncated" ? 1 : bound;
      const logStds = Array.from({ length: 40 }, (_, i) => -7.9 + i / 4);
      for (const s of logStds) expect((f(s - 0.05) + f(s + 0.05)) / 2).toBeLessThanOrEqual(f(s) + 1e-12);
      const worst = logStds.map(f);
      for (const share of [0, 0.3, 0.7, 0.95, 0.999]) {
        const shape = [logStds.length, 1];
        const params = {
          location: ndArray(
            logStds.map(() => edge * share),
            shape,
          ),
          logStd: ndArray(logStds, shape),
        };
        const policy = kind === "truncated" ? truncatedNormal(referenceOps, params) : tanhNormal(referenceOps, params);
        policy.entropy(normalQuadrature(180, 9)).data.forEach((entropy, i) => {
          expect(entropy).toBeGreaterThanOrEqual((worst[i] ?? Number.NaN) - 1e-12);
        });
      }
    }
  });
});
