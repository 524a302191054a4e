import { type GaussianEntropyTarget, STANDARD_NORMAL_ENTROPY } from "@era/activation";
import { compile, input, Random } from "@era/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampedHead, eraHead, type Head, maximumEntropyHead } from "./heads.ts";

const bounds = { logStdMin: -8, logStdMax: 0 };
const maxent = (actionDim: number, given: Partial<Parameters<typeof maximumEntropyHead>[0]> = {}) =>
  maximumEntropyHead({ ...bounds, actionDim, target: -actionDim, ...given });

/** Everything that a head says about a batch of raw outputs `[batch, 2·D]`, with noise `[batch, D]`. */
async function program(head: Head, actionDim: number) {
  const policy = head.policy(input("raw", ["batch", 2 * actionDim]));
  const { action, logProb } = policy.sample(input("noise", ["batch", actionDim]));
  const outputs = { action, logProb: logProb(), mode: policy.mode(), entropy: policy.entropy() };
  const compiled = await compile({ outputs }, { threads: 1 });
  return async (raw: readonly number[], noise: Float32Array | readonly number[]) =>
    (await compiled.run({ raw, noise })) as Record<keyof typeof outputs, Float32Array>;
}

const least = (values: Float32Array): number => values.reduce((low, value) => Math.min(low, value), Infinity);
const repeated = (row: readonly number[], times: number): number[] => Array.from({ length: times }, () => row).flat();

/** Raw network outputs as no sane network has them. */
const extreme = fc.oneof(
  fc.constantFrom(0, 1e4, -1e4, 1e-30, -20, 20),
  fc.double({ min: -1e4, max: 1e4, noNaN: true }),
  // ONNX Runtime's tanh rounds to above 1 here.
  fc.double({ min: 8.2, max: 9.1, noNaN: true }).map((x) => (Math.round(x * 1e6) % 2 === 0 ? x : -x)),
  fc.double({ min: -3, max: 3, noNaN: true }),
);
const lastUniform = 1 - 2 ** -24;

const targets: readonly GaussianEntropyTarget[] = [
  { perDim: 0.25, of: "gaussian" },
  { perDim: -1.1, of: "gaussian" },
  { perDim: 0.25, of: "policy" },
  { perDim: -3, of: "policy" },
];

/**
 * Raw log deviations that reach the corners of what the softmax can share out: `clipped` dimensions get the whole depth, one more what
 * is left of the budget, all others nothing.
 */
function cornersOf(actionDim: number, budget: number): number[][] {
  const depth = bounds.logStdMax - bounds.logStdMin;
  const most = Math.min(Math.floor(budget / depth), actionDim);
  return Array.from({ length: most + 1 }, (_, clipped) =>
    Array.from({ length: actionDim }, (_, i) => {
      if (i < clipped) return Math.log(clipped === most && most < actionDim ? depth : budget / clipped);
      return i === clipped && clipped === most ? Math.log(Math.max(budget - most * depth, 1e-6)) : -1e4;
    }),
  );
}

describe("ERA's head", () => {
  describe.each(targets)("asked for $perDim nats a dimension of the $of", (entropy) => {
    it.each([1, 3, 17])("keeps its floor in %i dimensions whatever the network says", async (actionDim) => {
      const head = eraHead({ actionDim, entropy });
      const { floor, target } = head.entropy;
      const run = await program(head, actionDim);
      await fc.assert(
        fc.asyncProperty(
          fc.array(extreme, { minLength: 32 * 2 * actionDim, maxLength: 32 * 2 * actionDim }),
          fc.constantFrom(0, 0.5, lastUniform),
          async (raw, uniform) => {
            const result = await run(raw, new Float32Array(32 * actionDim).fill(uniform));
            // What float32 leaves of a sum of up to 17 terms.
            expect(least(result.entropy)).toBeGreaterThanOrEqual((floor ?? NaN) - 1e-5);
            for (const action of [...result.action, ...result.mode]) expect(Math.abs(action)).toBeLessThanOrEqual(1);
            expect(result.logProb.every(Number.isFinite)).toBe(true);
          },
        ),
        { numRuns: 40, seed: 1 },
      );
      expect(target).toBeCloseTo(actionDim * entropy.perDim, 9);
    });

    it.each([1, 3, 17])("has a floor that is reached in %i dimensions, not a loose one", async (actionDim) => {
      const head = eraHead({ actionDim, entropy });
      const floor = head.entropy.floor ?? NaN;
      if (entropy.of === "policy") expect(floor).toBeCloseTo(actionDim * entropy.perDim, 6);
      const run = await program(head, actionDim);
      // The Gaussian's entropy at raw zeros shows what it shares out in all: D·log σ_max less the deviations' sum.
      const { entropy: even } = await run(new Array(2 * actionDim).fill(0), new Float32Array(actionDim).fill(0.5));
      expect(even[0]).toBeGreaterThan(floor);
      const gaussian =
        entropy.of === "gaussian" ? actionDim * entropy.perDim : gaussianEntropyOf(even[0] ?? NaN, actionDim);
      const budget = actionDim * (STANDARD_NORMAL_ENTROPY + bounds.logStdMax) - gaussian;
      const rows = cornersOf(actionDim, budget).map((logStd) => [...new Array(actionDim).fill(1e4), ...logStd]);
      const noise = new Float32Array(rows.length * actionDim).fill(0.5);
      const { entropy: reached } = await run(rows.flat(), noise);
      expect(least(reached)).toBeCloseTo(floor, 2);
    });
  });

  it.each(["gaussian", "policy"] as const)("names the feasible interval of the %s, whose ends are feasible", (of) => {
    const make = (perDim: number) => eraHead({ actionDim: 3, entropy: { perDim, of } });
    expect(() => make(5)).toThrow(/is 5 nats; with log σ in \[-8, 0\] it must lie in \[-?[\d.]+, -?[\d.]+\]$/);
    let message = "";
    try {
      make(5);
    } catch (error) {
      message = (error as Error).message;
    }
    const [low, high] = (/must lie in \[(.+), (.+)\]/.exec(message) ?? []).slice(1).map(Number) as [number, number];
    expect(low).toBeLessThan(high);
    for (const perDim of [low, (low + high) / 2, high]) expect(() => make(perDim)).not.toThrow();
    for (const perDim of [low - 1e-3, high + 1e-3]) expect(() => make(perDim)).toThrow("must lie in");
  });
});

/** The entropy of D equal Gaussians around 0 whose truncation to [−1, 1] has this entropy, by bisection on a sum. */
function gaussianEntropyOf(truncated: number, actionDim: number): number {
  let [low, high] = [bounds.logStdMin, bounds.logStdMax];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (actionDim * truncatedEntropy(Math.exp(middle)) < truncated) low = middle;
    else high = middle;
  }
  return actionDim * (STANDARD_NORMAL_ENTROPY + low);
}

/** −∫ p·log p of the normal with deviation σ truncated to [−1, 1], by the midpoint rule. */
function truncatedEntropy(sigma: number): number {
  const n = 20_000;
  const density = Array.from({ length: n }, (_, i) => Math.exp(-0.5 * ((2 * (i + 0.5)) / n - 1) ** 2 * sigma ** -2));
  const mass = (2 / n) * density.reduce((sum, p) => sum + p, 0);
  return (-2 / n) * density.reduce((sum, p) => sum + (p > 0 ? (p / mass) * Math.log(p / mass) : 0), 0);
}

describe("every head", () => {
  const heads: readonly [string, Head, actionDim: number][] = [
    ["era", eraHead({ actionDim: 2, entropy: { perDim: 0.25, of: "gaussian" } }), 2],
    ["era, of the policy", eraHead({ actionDim: 2, entropy: { perDim: 0.1, of: "policy" } }), 2],
    ["clamped", clampedHead(bounds), 2],
    ["maxent", maxent(2), 2],
  ];
  const rows = [
    [0, 0, 0, 0],
    [1.2, -0.4, 0.5, -1.5],
    [-3, 2.5, -2, -0.5],
  ];
  it.each(heads)("%s: the entropy is the mean of −log π over its samples", async (_, head, actionDim) => {
    const samples = 40_000;
    const run = await program(head, actionDim);
    for (const row of rows) {
      const random = new Random(7);
      const noise = new Float32Array(samples * actionDim);
      if (head.noise === "uniform") random.fillUniform(noise);
      else random.fillNormal(noise);
      const { logProb, entropy } = await run(repeated(row, samples), noise);
      const mean = logProb.reduce((sum, value) => sum - value, 0) / samples;
      const variance = logProb.reduce((sum, value) => sum + (value + mean) ** 2, 0) / samples;
      expect(Math.abs(mean - (entropy[0] ?? NaN))).toBeLessThan(4 * Math.sqrt(variance / samples) + 1e-5);
    }
  });

  it.each(heads)("%s: actions lie in [−1, 1] and follow the mean", async (_, head, actionDim) => {
    const run = await program(head, actionDim);
    const noise = new Float32Array(2).fill(head.noise === "uniform" ? 0.5 : 0);
    const { mode, action } = await run([2, -0.5, 0, 0], noise);
    expect(mode[0]).toBeCloseTo(Math.tanh(2), 5);
    expect(mode[1]).toBeCloseTo(Math.tanh(-0.5), 5);
    expect(Math.sign(action[0] ?? 0)).toBe(1);
    expect(Math.sign(action[1] ?? 0)).toBe(-1);
  });

  it.each([
    ["clamped", clampedHead],
    ["maxent", (given: typeof bounds) => maxent(2, given)],
  ] as const)("%s: clamps log σ to its bounds, and refuses bounds with nothing between them", async (_, make) => {
    const [low, high] = [-2, -1];
    const run = await program(make({ logStdMin: low, logStdMax: high }), 2);
    const of = async (logStd: number) => (await run([0, 0, logStd, logStd], [0.3, 0.3])).entropy[0];
    expect(await of(-1e4)).toBe(await of(low));
    expect(await of(1e4)).toBe(await of(high));
    expect(await of(-1.5)).toBeGreaterThan((await of(low)) ?? NaN);
    expect(await of(-1.5)).toBeLessThan((await of(high)) ?? NaN);
    expect(() => make({ logStdMin: 0, logStdMax: 0 })).toThrow("the smallest, 0, must be below the largest, 0");
  });
});

describe("the maximum-entropy head", () => {
  it("refuses a target above what squashed actions can have, which is just below log 2 each", () => {
    const wide = { logStdMin: -5, logStdMax: 2 };
    const limit = (given: typeof bounds): number => {
      try {
        maxent(3, { ...given, target: 100 });
      } catch (error) {
        return Number(/of 3 squashed actions is at most ([\d.-]+) nats$/.exec((error as Error).message)?.[1]);
      }
      return NaN;
    };
    expect(limit(wide)).toBeGreaterThan(3 * 0.65);
    expect(limit(wide)).toBeLessThan(3 * Math.LN2);
    // Where deviations are small, tanh does nothing.
    expect(limit({ logStdMin: -7, logStdMax: -6 })).toBeCloseTo(3 * (STANDARD_NORMAL_ENTROPY - 6), 3);
    expect(() => maxent(3, { ...wide, target: limit(wide) })).not.toThrow();
    expect(() => maxent(3, { ...wide, target: limit(wide) + 1e-3 })).toThrow("at most");
  });

  it("stays finite at extreme outputs", async () => {
    const run = await program(maxent(3), 3);
    for (const mean of [-1e4, 1e4]) {
      for (const logStd of [-1e4, 1e4]) {
        for (const noise of [-5.5, 0, 5.5]) {
          const result = await run([mean, mean, 0, logStd, logStd, logStd], new Float32Array(3).fill(noise));
          for (const values of Object.values(result)) expect(values.every(Number.isFinite)).toBe(true);
        }
      }
    }
  });
});
