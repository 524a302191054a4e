/** What the float32 margins of @era/activation (THEORY.md, proposition 8) assume of the runtime, and what it does with inputs that are no numbers. */
import {
  boundedGaussian,
  categorical,
  lambertInverse,
  lambertWm1,
  resolveGaussian,
  resolveSoftmax,
  softmaxActivation,
  truncatedNormal,
} from "@era/activation";
import { describe, expect, it } from "vitest";
import { tensorOps as ops } from "./activationOps.ts";
import { grad } from "./grad.ts";
import { sum } from "./ops/reduce.ts";
import { compile } from "./program.ts";
import { input, type Tensor } from "./tensor.ts";

async function evaluate(
  f: (x: Tensor) => Tensor,
  values: readonly number[],
  shape: readonly number[] = [values.length],
) {
  const program = await compile({ outputs: { y: f(input("x", shape)) } });
  try {
    return Array.from((await program.run({ x: Float32Array.from(values) })).y as Float32Array);
  } finally {
    await program.dispose();
  }
}

const sweep = (low: number, high: number, points: number) =>
  Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1));

describe("the runtime's float32", () => {
  it("keeps tanh within ±1 once it is clipped", async () => {
    const values = await evaluate(ops.tanh, [...sweep(7, 12, 200_000), ...sweep(-12, -7, 200_000)]);
    expect(values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)).toBe(1);
  });

  it("has softmax elements in [0, 1] that keep their ratios to the largest", async () => {
    for (const width of [2, 3, 10, 61, 1000, 50257]) {
      const row = Array.from({ length: width }, (_, i) => (i === width - 1 ? 0 : -((i * 7.31) % 30)));
      const weights = await evaluate(ops.softmax, row, [1, width]);
      expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
      const top = weights.at(-1) ?? Number.NaN;
      weights.forEach((weight, i) => {
        expect(Math.abs(weight / top / Math.exp(Math.fround(row[i] ?? 0)) - 1)).toBeLessThan(1e-5);
      });
    }
  });

  it("inverts h by W₋₁ within 1e-6 over all of (0, 1/e], without a NaN at the ends", async () => {
    const branch = 1 / Math.E;
    const terms = [
      ...sweep(1e-4, branch, 20_000),
      ...Array.from({ length: 400 }, (_, i) => branch * (1 - 10 ** (-i / 60))),
      ...Array.from({ length: 400 }, (_, i) => 10 ** (-i / 10.6)),
    ]
      .map(Math.fround)
      .filter((h) => h > 1.2e-38 && h < branch);
    const inverted = await evaluate((h) => lambertInverse(ops, h), terms);
    let worst = 0;
    terms.forEach((h, i) => {
      worst = Math.max(worst, Math.abs((inverted[i] ?? Number.NaN) / lambertWm1(-h) - 1));
    });
    expect(worst).toBeLessThan(1e-6);
    const ends = await evaluate((h) => lambertInverse(ops, h), [0, 1e-45, 1e-39, branch, Number.NaN]);
    expect(ends[0]).toBe(Number.NEGATIVE_INFINITY);
    // Subnormal numbers may count as 0.
    for (const end of ends.slice(1, 3)) expect(end).toBeLessThan(-85);
    expect(ends[3]).toBe(-1);
    expect(ends[4]).toBeNaN();
  });

  it("inverts the softmax activation's terms within 1e-6, exactly and by the paper's approximation", async () => {
    for (const inverse of ["lambert", "paper"] as const) {
      const softmax = resolveSoftmax({ classes: 1000, entropy: 0.6, inverse });
      const logits = sweep(0, 40, 1000);
      const actual = await evaluate((z) => softmaxActivation(ops, softmax, z), logits, [1, 1000]);
      const total = logits.reduce((s, z) => s + Math.exp(Math.fround(z) - 40), 0);
      actual.forEach((z, i) => {
        const h = (softmax.slope * Math.exp(Math.fround(logits[i] ?? 0) - 40)) / total + softmax.offset;
        const u = -1 - Math.log(h);
        const exact = inverse === "lambert" ? lambertWm1(-h) : -1 - Math.sqrt(2 * u) - 0.75 * u;
        expect(Math.abs(z / exact - 1)).toBeLessThan(1e-6);
      });
    }
  });
});

describe("inputs that are no finite numbers", () => {
  const gaussian = resolveGaussian({ kind: "truncated", actionDim: 2, entropy: { perDim: 0.25, of: "policy" } });
  const softmax = resolveSoftmax({ classes: 2, entropy: 0.3 });
  const policyEntropy = (raw: Tensor) =>
    truncatedNormal(ops, boundedGaussian(ops, gaussian, { mean: raw, logStd: raw })).entropy();
  const classEntropy = (raw: Tensor) => categorical(ops, softmaxActivation(ops, softmax, raw)).entropy();

  it("give NaN entropies where they are NaN, never a plausible number", async () => {
    for (const entropy of [policyEntropy, classEntropy]) {
      expect((await evaluate(entropy, [Number.NaN, 0], [1, 2]))[0]).toBeNaN();
      expect((await evaluate(entropy, [Number.NaN, Number.NaN], [1, 2]))[0]).toBeNaN();
    }
  });

  it("give NaN where a logit is +∞, and the limit where one is −∞", async () => {
    const infinity = Number.POSITIVE_INFINITY;
    for (const [entropy, floor] of [
      [policyEntropy, gaussian.floor],
      [classEntropy, softmax.floor],
    ] as const) {
      expect((await evaluate(entropy, [infinity, 0], [1, 2]))[0]).toBeNaN();
      expect((await evaluate(entropy, [-infinity, 0], [1, 2]))[0]).toBeGreaterThan(floor - 1e-5);
    }
  });

  it("leave finite gradients at ±10⁴, at ties and at subnormal numbers", async () => {
    for (const entropy of [policyEntropy, classEntropy]) {
      const x = input("x", [4, 2]);
      const [gradient] = grad(sum(entropy(x)), [x]);
      if (!gradient) throw new Error("no gradient");
      const program = await compile({ outputs: { gradient } });
      const rows = Float32Array.from([1e4, -1e4, 1e4, 1e4, 1e-45, -1e-45, -1e4, 0]);
      expect(Array.from((await program.run({ x: rows })).gradient as Float32Array).every(Number.isFinite)).toBe(true);
      await program.dispose();
    }
  });
});
