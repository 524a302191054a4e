import { grad, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { boundedGaussian } from "./boundedGaussian.ts";
import { categorical } from "./categorical.ts";
import { resolveGaussian } from "./gaussianSpec.ts";
import { jaxOps } from "./jax.fixture.ts";
import type { Ops } from "./ops.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { resolveSequence, responseEntropy, sequenceFactor, topKLogProb } from "./sequence.ts";
import { softmaxActivation } from "./softmaxActivation.ts";
import { resolveSoftmax } from "./softmaxSpec.ts";
import { tanhNormal } from "./tanhNormal.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

/** A formula of two inputs, whatever the tensor library. */
type Formula = <T>(ops: Ops<T>, x: T, y: T) => T;

const gaussian = resolveGaussian({ kind: "truncated", actionDim: 3, entropy: { perDim: 0, of: "policy" } });
const squashed = resolveGaussian({
  kind: "squashed",
  actionDim: 3,
  entropy: { perDim: 0.25, of: "gaussian" },
  meanBound: 2,
});
const lambert = resolveSoftmax({ classes: 3, entropy: 0.6 });
const paper = resolveSoftmax({ classes: 3, entropy: 0.6, inverse: "paper", bound: "paper" });
const sequence = resolveSequence({ low: 0.5, high: 1 });

const truncatedPolicy = <T>(ops: Ops<T>, mean: T, logStd: T) =>
  truncatedNormal(ops, boundedGaussian(ops, gaussian, { mean, logStd }));
const squashedPolicy = <T>(ops: Ops<T>, mean: T, logStd: T) =>
  tanhNormal(ops, boundedGaussian(ops, squashed, { mean, logStd }));

/** Every activation and distribution, from raw network outputs `[2, 3]` (or entropies and advantages). */
const formulas: Record<string, Formula> = {
  "truncated: sample": (ops, x, y) => truncatedPolicy(ops, x, y).sample(ops.mul(ops.add(ops.positions(x), 1), 0.24)),
  "truncated: log-density": (ops, x, y) => truncatedPolicy(ops, x, y).logProb(ops.mul(ops.positions(x), 0.4)),
  "truncated: entropy": (ops, x, y) => truncatedPolicy(ops, x, y).entropy(),
  "truncated: mean": (ops, x, y) => truncatedPolicy(ops, x, y).mean(),
  "squashed: sample": (ops, x, y) => squashedPolicy(ops, x, y).sample(ops.sub(ops.positions(x), 1)).action,
  "squashed: log-density": (ops, x, y) => squashedPolicy(ops, x, y).sample(ops.sub(ops.positions(x), 1)).logProb,
  "squashed: entropy": (ops, x, y) => squashedPolicy(ops, x, y).entropy(),
  "softmax, Lambert's inverse": (ops, x) => softmaxActivation(ops, lambert, x),
  "softmax, paper's inverse": (ops, x) => softmaxActivation(ops, paper, x),
  "softmax: entropy": (ops, x) => categorical(ops, softmaxActivation(ops, lambert, x)).entropy(),
  "sequence: logits": (ops, x, y) => {
    const entropy = responseEntropy(ops, sequence, ops.exp(y), ops.where(ops.less(x, 3), 1, 0));
    return ops.mul(x, sequenceFactor(ops, sequence, ops.stopGradient(entropy), ops.sub(y, 0.1)));
  },
  "sequence: top log-probability": (ops, x) => topKLogProb(ops, x, ops.max(x), 2),
};

const x = [0.4, -1.2, 0.3, 2, 0.1, -0.6];
const y = [0.2, 0.9, -0.5, -1, 0.6, 0.05];
const shape = [2, 3];
const jax = (values: ArrayLike<number>) => np.array(Float32Array.from(values)).reshape(shape);

/** Weights that make one number of a result of any shape. */
const weigh = <T>(ops: Ops<T>, result: T): T => ops.mul(result, ops.add(1, ops.positions(result)));

describe("the formulas on @jax-js/jax", () => {
  it.each(Object.entries(formulas))("%s: value", (_, formula) => {
    const expected = formula(referenceOps, ndArray(x, shape), ndArray(y, shape));
    const actual = formula(jaxOps, jax(x), jax(y));
    expect(actual.shape).toEqual(expected.shape);
    const values = actual.dataSync();
    expected.data.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 4);
    });
  });

  it.each(Object.entries(formulas))("%s: gradient", (_, formula) => {
    const total = (a: NdArray) => a.data.reduce((sum, value) => sum + value, 0);
    const at = (point: number[], other: number[]) =>
      total(weigh(referenceOps, formula(referenceOps, ndArray(point, shape), ndArray(other, shape))));
    const moved = (values: number[], i: number, h: number) => values.map((value, j) => (i === j ? value + h : value));
    const h = 1e-4;
    const expectedX = x.map((__, i) => (at(moved(x, i, h), y) - at(moved(x, i, -h), y)) / (2 * h));
    const expectedY = y.map((__, i) => (at(x, moved(y, i, h)) - at(x, moved(y, i, -h))) / (2 * h));

    const loss = (a: np.Array, b: np.Array) => np.sum(weigh(jaxOps, formula(jaxOps, a, b)));
    const gradientX = grad((a: np.Array) => loss(a, jax(y)))(jax(x)).dataSync();
    const gradientY = grad((b: np.Array) => loss(jax(x), b))(jax(y)).dataSync();
    const close = (actual: ArrayLike<number>, expected: number[]) => {
      expected.forEach((value, i) => {
        expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThan(2e-3 * (1 + Math.abs(value)));
      });
    };
    close(gradientX, expectedX);
    close(gradientY, expectedY);
  });
});
