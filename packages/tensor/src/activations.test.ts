/** The formulas of @era/activation on tensors: values and gradients against its float64 reference. */
import {
  boundedGaussian,
  categorical,
  deltaLoss,
  type NdArray,
  ndArray,
  type Ops,
  referenceOps,
  resolveGaussian,
  resolveSequence,
  resolveSoftmax,
  responseEntropy,
  sequenceFactor,
  softmaxActivation,
  tanhNormal,
  topKLogProb,
  truncatedNormal,
} from "@era/activation";
import { describe, it } from "vitest";
import { tensorOps } from "./activationOps.ts";
import { vjp } from "./grad.ts";
import { constant, input, type Tensor } from "./tensor.ts";
import { expectClose, runTensors } from "./testing/checkOperation.ts";
import { interpret } from "./testing/interpret.ts";
import { type CaseInput, given, real } from "./testing/operationCases.ts";

interface Formula {
  readonly inputs: readonly CaseInput[];
  readonly f: <T>(ops: Ops<T>, x: T, y: T, z: T) => T | readonly T[];
  /** How many of the inputs are differentiated; all where left out. */
  readonly differentiated?: number;
  /** Largest error of the gradient where the formula's forward pass is itself an approximation of what its derivative belongs to. */
  readonly approximation?: number;
  /** "float32" where the formula chooses between two numbers, which are float32 on tensors. */
  readonly dtype?: "float32";
}

const truncated = resolveGaussian({ kind: "truncated", actionDim: 4, entropy: { perDim: 0.25, of: "gaussian" } });
const squashed = resolveGaussian({
  kind: "squashed",
  actionDim: 4,
  meanBound: 2,
  entropy: { perDim: -2, of: "policy" },
});
const learned = resolveGaussian({
  kind: "truncated",
  actionDim: 4,
  entropy: { perDim: 0.25, of: "gaussian" },
  delta: "learned",
});
const softmaxOf = (inverse: "lambert" | "paper") =>
  resolveSoftmax({ classes: 5, entropy: 0.6, inverse, bound: "paper" });
const sequence = resolveSequence({ topFraction: 0.5 });

/** Raw outputs of a network, distribution parameters and draws, for batches of three and four dimensions. */
const raw = [real([3, 4]), real([3, 4], -3, 3, 1)] as const;
const parameters = [real([3, 4], -0.99, 0.99), real([3, 4], -3, 0, 1)] as const;
const uniform = real([3, 4], 0.02, 0.98, 2);
const mask = given([1, 1, 1, 1, 0, 1, 1, 0, 0, 0], [2, 5]);

const formulas: Readonly<Record<string, Formula>> = {
  "bounded Gaussian, truncated": {
    inputs: raw,
    f: (ops, mean, logStd) => Object.values(boundedGaussian(ops, truncated, { mean, logStd })),
  },
  "bounded Gaussian, squashed": {
    inputs: raw,
    f: (ops, mean, logStd) => Object.values(boundedGaussian(ops, squashed, { mean, logStd })),
  },
  "bounded Gaussian, learned delta": {
    inputs: [...raw, given([0.3])],
    f: (ops, mean, logStd, delta) => Object.values(boundedGaussian(ops, learned, { mean, logStd }, delta)),
    differentiated: 2,
  },
  "loss of delta": {
    inputs: [given([0.3]), real([3, 1])],
    f: (ops, delta, entropy) => deltaLoss(ops, learned, delta, entropy),
    differentiated: 1,
  },
  "truncated normal, sample": {
    inputs: [...parameters, uniform],
    f: (ops, location, logStd, draw) => truncatedNormal(ops, { location, logStd }).sample(draw),
    differentiated: 2,
    approximation: 2e-5,
  },
  "truncated normal, densities": {
    inputs: [...parameters, real([3, 4], -0.95, 0.95, 2)],
    f: (ops, location, logStd, x) => truncatedNormal(ops, { location, logStd }).logProb(x),
  },
  "truncated normal, entropy and mean": {
    inputs: parameters,
    f: (ops, location, logStd) => {
      const policy = truncatedNormal(ops, { location, logStd });
      return [policy.entropy(), policy.mean(), policy.mode()];
    },
  },
  "tanh normal, sample": {
    inputs: [...raw, real([3, 4], -2, 2, 2)],
    f: (ops, location, logStd, noise) => Object.values(tanhNormal(ops, { location, logStd }).sample(noise)),
  },
  "tanh normal, densities": {
    inputs: [...parameters, real([3, 4], -0.95, 0.95, 2)],
    f: (ops, location, logStd, action) => tanhNormal(ops, { location, logStd }).logProb(action),
  },
  "tanh normal, entropy": {
    inputs: parameters,
    f: (ops, location, logStd) => tanhNormal(ops, { location, logStd }).entropy(),
  },
  "softmax activation, Lambert": {
    inputs: [real([3, 5], -3, 3)],
    f: (ops, logits) => softmaxActivation(ops, softmaxOf("lambert"), logits),
  },
  "softmax activation, paper's inverse": {
    inputs: [real([3, 5], -3, 3)],
    f: (ops, logits) => softmaxActivation(ops, softmaxOf("paper"), logits),
  },
  categorical: {
    inputs: [real([3, 5], -20, 20), given([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0.5, 0, 0.5, 0, 0], [3, 5])],
    f: (ops, logits, oneHot) => {
      const policy = categorical(ops, logits);
      return [policy.logProbs(), policy.logProb(oneHot), policy.entropy()];
    },
  },
  "response entropy": {
    inputs: [real([2, 5], 0, 4), mask],
    f: (ops, entropy, response) => responseEntropy(ops, sequence, entropy, response),
    differentiated: 1,
    dtype: "float32",
  },
  "sequence factor": {
    inputs: [given([0.1, 5, 1], [3, 1]), real([3, 4], -1, 1)],
    f: (ops, entropy, advantages) => sequenceFactor(ops, sequence, entropy, advantages),
    differentiated: 0,
  },
  "log-probability over the top logits": {
    inputs: [real([3, 6], -4, 4), given([3.5, -3.9, 1], [3, 1])],
    f: (ops, logits, tokenLogit) => topKLogProb(ops, logits, tokenLogit, 3),
  },
};

const list = <T extends object>(result: T | readonly T[]): readonly T[] =>
  Array.isArray(result) ? result : [result as T];

/** The formula's results by the float64 reference. */
function reference({ f }: Formula, inputs: readonly CaseInput[]): readonly NdArray[] {
  const [x, y, z] = inputs.map(({ values, shape }) => ndArray(values, shape)) as [NdArray, NdArray, NdArray];
  return list(f(referenceOps, x, y, z));
}

const direction = (shape: readonly number[], i: number) => real(shape, -1, 1, 3 + i).values;

/** The formula as expressions, and its gradients in a fixed direction. */
function expressions({ inputs, f, differentiated = inputs.length }: Formula, dtype: "float32" | "float64") {
  const tensors = inputs.map(({ shape }, i) => input(`x${i}`, shape, dtype));
  const [x, y, z] = tensors as [Tensor, Tensor, Tensor];
  const outputs = list(f(tensorOps, x, y, z));
  const directions = outputs.map(({ shape }, i) =>
    constant(direction(shape as readonly number[], i), shape as readonly number[], dtype),
  );
  return { tensors, outputs, gradients: vjp(outputs, directions, tensors.slice(0, differentiated)) };
}

/** Central differences of fourth order of Σ direction·result in each element of an input. */
function differences(formula: Formula, inputs: readonly CaseInput[], which: number): number[] {
  const step = 1e-4;
  const total = (values: number[]) => {
    const moved = inputs.map((item, i) => (i === which ? { ...item, values } : item));
    const results = reference(formula, moved).map(({ data, shape }, i) => {
      const weights = direction(shape, i);
      return data.reduce((sum, value, j) => sum + value * (weights[j] ?? 0), 0);
    });
    return results.reduce((sum, value) => sum + value, 0);
  };
  const values = inputs[which]?.values ?? [];
  return values.map((value, i) => {
    const at = (steps: number) => total(values.with(i, value + steps * step));
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
  });
}

describe("the formulas of @era/activation on tensors", () => {
  it.each(Object.entries(formulas))("%s", async (name, formula) => {
    const inputs = formula.inputs.map((item) => ({ ...item, values: item.values.map(Math.fround) }));
    const feeds = Object.fromEntries(inputs.map(({ values }, i) => [`x${i}`, values]));
    const expected = reference(formula, inputs);

    const exact = expressions(formula, formula.dtype ?? "float64");
    const values = interpret(exact.outputs, feeds);
    const gradients = interpret(exact.gradients, feeds);
    expected.forEach(({ data }, i) => {
      expectClose(values[i], data, 1e-12, `${name}: value ${i}`);
    });
    gradients.forEach((gradient, i) => {
      const tolerance = formula.approximation ?? 1e-7;
      expectClose(gradient, differences(formula, inputs, i), tolerance, `${name}: gradient ${i}`);
    });

    const { tensors, outputs, gradients: gradients32 } = expressions(formula, "float32");
    const results = await runTensors([...outputs, ...gradients32], tensors, feeds);
    expected.forEach(({ data }, i) => {
      expectClose(results[i], data, 1e-5, `${name}: float32 value ${i}`);
    });
    gradients.forEach((gradient, i) => {
      expectClose(results[outputs.length + i], gradient, 1e-4, `${name}: float32 gradient ${i}`);
    });
  });
});
