/** Values and gradients against those of PyTorch in float64 (fixtures/make_torch.py). */
import { describe, expect, it } from "vitest";
import { vjp } from "./grad.ts";
import * as batchNorm from "./ops/batchNorm.ts";
import { conv2d, convTranspose2d } from "./ops/convolution.ts";
import { dropout } from "./ops/dropout.ts";
import * as elementwise from "./ops/elementwise.ts";
import * as indexing from "./ops/indexing.ts";
import * as layout from "./ops/layout.ts";
import * as linear from "./ops/linear.ts";
import * as loss from "./ops/loss.ts";
import * as normalization from "./ops/normalization.ts";
import * as pooling from "./ops/pooling.ts";
import * as reduce from "./ops/reduce.ts";
import { constant, input, type Tensor } from "./tensor.ts";
import { expectClose, runTensors } from "./testing/checkOperation.ts";
import { interpret } from "./testing/interpret.ts";
import { real } from "./testing/operationCases.ts";
import { type TorchOperation, torchFixture } from "./testing/torchFixture.ts";

const { sum, mean, max, min, logSumExp } = reduce;
type Application = (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];
const modules = {
  ...elementwise,
  ...reduce,
  ...layout,
  ...linear,
  ...normalization,
  ...indexing,
  ...pooling,
  ...batchNorm,
  ...loss,
  conv2d,
  convTranspose2d,
  dropout,
};
const int64 = (values: readonly number[], shape?: readonly number[]) => constant(values, shape, "int64");
const rows = int64([2, 0, 2, 1], [2, 2]);
const targets = int64([2, 0, 1]);

/** How what PyTorch did is written here, where it takes more than the tensors; under the operation, or the operation and its variant. */
const applications: Readonly<Record<string, Application>> = {
  "pow 3": (x) => elementwise.pow(x, 3),
  "pow base 2": (x) => elementwise.pow(2, x),
  clip: (x) => elementwise.clip(x, -1, 1),
  polynomial: (x) => elementwise.polynomial(x, [0.5, -1, 2, 0.25]),
  where: (a, b) => elementwise.where(constant([1, 0], [2, 1], "bool"), a, b),
  cast: (x) => elementwise.mul(elementwise.cast(x, "float64"), 2),
  stopGradient: (x) => elementwise.mul(x, elementwise.stopGradient(x)),
  ...Object.fromEntries(
    Object.entries({ sum, mean, max, min, logSumExp }).flatMap(([name, f]): [string, Application][] => [
      [name, (x) => f(x, [0, 2])],
      [`${name} kept`, (x) => f(x, -1, true)],
      [`${name} ties`, (x) => f(x, -1)],
    ]),
  ),
  prod: (x) => reduce.prod(x, 1),
  "softmax axis 0": (x) => reduce.softmax(x, 0),
  "logSoftmax axis 0": (x) => reduce.logSoftmax(x, 0),
  cumSum: (x) => reduce.cumSum(x, 0),
  "cumSum exclusive, reverse": (x) => reduce.cumSum(x, 1, { exclusive: true, reverse: true }),
  reshape: (x) => layout.reshape(x, [3, -1]),
  transpose: (x) => layout.transpose(x, [2, 0, 1]),
  expand: (x) => layout.expand(x, [2, 2, 3]),
  concat: (a, b) => layout.concat([a, b, a], 1),
  stack: (a, b) => layout.stack([a, b], 1),
  split: (x) => layout.split(x, [1, 2, 1], 1).filter((_, i) => i !== 1),
  slice: (x) => layout.slice(x, 1, 1, 7, 3),
  pad: (x) =>
    layout.pad(
      x,
      [
        [0, 0, 1],
        [1, 1, 2],
      ],
      7,
    ),
  flip: (x) => layout.flip(x, [0, 2]),
  conv2d: (x, weight) => conv2d(x, weight),
  "conv2d strided": (x, weight, bias) =>
    conv2d(x, weight, { ...(bias && { bias }), stride: [2, 1], padding: [1, 2], dilation: [1, 2] }),
  "conv2d groups": (x, weight) => conv2d(x, weight, { padding: 1, groups: 2 }),
  "conv2d pointwise": (x, weight) => conv2d(x, weight, { stride: 2 }),
  convTranspose2d: (x, weight, bias) =>
    convTranspose2d(x, weight, { ...(bias && { bias }), stride: [2, 3], padding: 1, outputPadding: [1, 2], groups: 2 }),
  maxPool2d: (x) => pooling.maxPool2d(x, 3, { stride: 2, padding: 1 }),
  "maxPool2d ties": (x) => pooling.maxPool2d(x, 2),
  avgPool2d: (x) => pooling.avgPool2d(x, [3, 2], { stride: 2, padding: 1 }),
  batchNorm: (x, scale, shift) => batchNorm.batchNorm(x, scale, shift, 2 ** -10).output,
  batchNormInference: (x, scale, shift, mean, variance) =>
    batchNorm.batchNormInference(x, scale, shift, { mean, variance }, 2 ** -10),
  crossEntropy: (x) => loss.crossEntropy(x, targets),
  "crossEntropy smoothed": (x) => loss.crossEntropy(x, targets, { labelSmoothing: 0.1 }),
  "crossEntropy soft": (x, y) => loss.crossEntropy(x, reduce.softmax(y), { labelSmoothing: 0.1 }),
  dropout: (x) => dropout(x, constant(real([3, 4], 0, 1, 7).values, [3, 4], x.dtype), 0.4),
  unsqueeze: (x) => layout.unsqueeze(x, 1),
  squeeze: (x) => layout.squeeze(x, 1),
  "matmul false, false": (a, b) => linear.matmul(a, b),
  "matmul false, true": (a, b) => linear.matmul(a, b, { transposeB: true }),
  "matmul true, false": (a, b) => linear.matmul(a, b, { transposeA: true }),
  "matmul true, true": (a, b) => linear.matmul(a, b, { transposeA: true, transposeB: true }),
  standardize: (x) => normalization.standardize(x),
  layerNorm: (x, scale, shift) => normalization.layerNorm(x, scale, shift),
  rmsNorm: (x, scale) => normalization.rmsNorm(x, scale),
  gather: (x) => indexing.gather(x, rows),
  "gather axis 1": (x) => indexing.gather(x, rows, 1),
  scatterAdd: (x, updates) => indexing.scatterAdd(x, int64([1, 0, 1, 1]), updates),
  takeAlong: (x) => indexing.takeAlong(x, int64([0, 2, 2, 1, 1, 0], [2, 3])),
  addAlong: (x, updates) => indexing.addAlong(x, int64([0, 2, 2, 1, 1, 0], [2, 3]), updates),
  pick: (x) => indexing.pick(x, int64([2, 0])),
  topK: (x) => indexing.topK(x, 2).values,
  sort: (x) => indexing.sort(x, { axis: 0 }).values,
};

/** Operations without a derivative, and one that PyTorch has under no name. */
const notCompared = new Set<string>(
  "less lessEqual greater greaterEqual equal notEqual and or not argmax argmin oneHot sumTo runningStatistics".split(
    " ",
  ),
);

/** Applies the operation to inputs of a float type and takes its gradients, in the direction that the fixture's script takes. */
function rebuild({ operation, variant, inputs }: TorchOperation, dtype: "float32" | "float64") {
  const tensors = inputs.map(({ shape }, i) => input(`x${i}`, shape, dtype));
  const apply =
    applications[`${operation} ${variant}`.trim()] ??
    applications[operation] ??
    modules[operation as keyof typeof modules];
  const built = (apply as Application)(...tensors);
  const outputs: readonly Tensor[] = "node" in built ? [built] : built;
  const directions = outputs.map(({ shape, dtype: type }, i) =>
    constant(real(shape as readonly number[], -1, 1, 3 + i).values, shape as readonly number[], type),
  );
  return { tensors, outputs, gradients: vjp(outputs, directions, tensors) };
}

describe("PyTorch's values and gradients", () => {
  it("are recorded for every operation that has a derivative", () => {
    const recorded = new Set(torchFixture.operations.map(({ operation }) => operation));
    const missing = Object.keys(modules).filter((name) => !recorded.has(name) && !notCompared.has(name));
    expect(missing).toEqual([]);
  });

  it.each(torchFixture.operations.map((item) => [`${item.operation} ${item.variant}`.trim(), item] as const))(
    "%s",
    async (name, item) => {
      const feeds = Object.fromEntries(
        item.inputs.map((spec, i) => [
          `x${i}`,
          "values" in spec ? spec.values : real(spec.shape, spec.low, spec.high, spec.phase).values,
        ]),
      );
      const expected = [...item.outputs.map(({ values }) => values), ...item.gradients];
      const exact = rebuild(item, "float64");
      expect(exact.outputs.map(({ shape }) => shape)).toEqual(item.outputs.map(({ shape }) => shape));
      const interpreted = interpret([...exact.outputs, ...exact.gradients], feeds);
      for (const [i, values] of expected.entries())
        expectClose(interpreted[i], values, 1e-13, `${name}, float64, ${i}`);
      if (name === "cast") return; // The same expression in float32 is of float64 within.
      const { tensors, outputs, gradients } = rebuild(item, "float32");
      const results = await runTensors([...outputs, ...gradients], tensors, feeds);
      for (const [i, values] of expected.entries()) expectClose(results[i], values, 2e-6, `${name}, float32, ${i}`);
    },
  );

  it("are recorded for running statistics", () => {
    const x = constant(real([3, 2, 2, 2]).values, [3, 2, 2, 2], "float64");
    const [one, zero] = [constant([1, 1], [2], "float64"), constant([0, 0], [2], "float64")];
    const running = {
      mean: constant([0.5, -1], [2], "float64"),
      variance: constant([2, 0.3], [2], "float64"),
    };
    const written = batchNorm.runningStatistics(running, batchNorm.batchNorm(x, one, zero), 0.2);
    const values = interpret(written.map(([, value]) => value));
    for (const [i, expected] of torchFixture.running.entries()) expectClose(values[i], expected, 1e-13, `running ${i}`);
  });
});
