import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { compile } from "../program.ts";
import { State } from "../state.ts";
import { input, type Tensor } from "../tensor.ts";
import { describeOperations, expectClose, runTensors } from "../testing/checkOperation.ts";
import { interpret } from "../testing/interpret.ts";
import { type OperationCase, real } from "../testing/operationCases.ts";
import { type ConvolutionOptions, conv2d, convTranspose2d, type TransposedConvolutionOptions } from "./convolution.ts";
import { mul, square } from "./elementwise.ts";
import { sum } from "./reduce.ts";

type Shape4 = readonly [number, number, number, number];

function cases<O extends ConvolutionOptions>(
  f: (x: Tensor, weight: Tensor, options: O) => Tensor,
  list: readonly (readonly [name: string, x: Shape4, weight: Shape4, options: O, bias?: number])[],
): OperationCase[] {
  return list.map(([name, x, weight, options, bias], i) => ({
    name,
    inputs: [real(x), real(weight, -1, 1, 1), ...(bias ? [real([bias], -1, 1, 2)] : [])],
    build: (p: Tensor, q: Tensor, r?: Tensor) => f(p, q, { ...options, ...(r && { bias: r }) }),
    float64: false as const,
    // Second derivatives of a few: they are made of the same operations.
    ...(i % 3 !== 0 && { second: false as const }),
  }));
}

const convolutions = cases<ConvolutionOptions>(conv2d, [
  ["plain", [1, 2, 3, 3], [2, 2, 2, 2], {}],
  ["bias", [2, 1, 3, 2], [3, 1, 2, 2], {}, 3],
  ["padding", [1, 1, 3, 3], [2, 1, 3, 3], { padding: 1 }],
  ["stride", [1, 2, 5, 4], [1, 2, 3, 2], { stride: 2 }],
  ["stride that leaves rows over", [1, 1, 4, 6], [1, 1, 3, 3], { stride: [2, 3], padding: [1, 0] }],
  ["dilation", [1, 1, 5, 4], [1, 1, 2, 2], { dilation: [3, 2], padding: [0, 1] }],
  ["groups", [1, 4, 3, 3], [2, 2, 2, 2], { groups: 2 }],
  ["depthwise with two kernels a channel", [1, 2, 3, 3], [4, 1, 2, 2], { groups: 2, stride: 2, padding: 1 }],
  ["1×1", [2, 3, 2, 2], [2, 3, 1, 1], {}, 2],
  ["1×1 with stride", [2, 2, 3, 3], [3, 2, 1, 1], { stride: 2 }],
  ["1×1 in groups", [2, 4, 2, 1], [2, 2, 1, 1], { groups: 2 }],
  ["1×1 on one position", [3, 4, 1, 1], [5, 4, 1, 1], {}],
  ["padding beyond the kernel", [1, 1, 2, 2], [1, 1, 2, 2], { padding: 2 }],
]);

const transposedConvolutions = cases<TransposedConvolutionOptions>(convTranspose2d, [
  ["plain", [1, 2, 2, 2], [2, 1, 2, 2], {}],
  ["bias and stride", [1, 1, 2, 2], [1, 2, 2, 3], { stride: 2 }, 2],
  ["padding and output padding", [1, 1, 2, 3], [1, 1, 3, 3], { stride: [2, 3], padding: 1, outputPadding: [1, 2] }],
  ["groups and dilation", [1, 2, 2, 2], [2, 1, 2, 2], { groups: 2, dilation: 2, padding: 1 }],
]);

describe("convolutions", () => {
  describeOperations({ conv2d, convTranspose2d }, { conv2d: convolutions, convTranspose2d: transposedConvolutions });

  // Sizes at which the other forms of both gradients are chosen.
  it.each([
    ["many positions", [4, 2, 16, 16], [3, 2, 3, 3], { padding: 1 }],
    ["many positions and groups", [4, 4, 16, 16], [2, 2, 3, 3], { padding: 1, groups: 2 }],
    ["many positions, 1×1", [4, 2, 16, 16], [3, 2, 1, 1], {}],
    ["many channels", [2, 16, 8, 8], [2, 16, 3, 3], { padding: 1 }],
    ["many channels, dilated", [1, 16, 9, 11], [2, 16, 3, 2], { padding: [2, 0], dilation: [2, 3] }],
    ["many channels and positions", [1, 16, 28, 29], [2, 16, 3, 3], { padding: 1 }],
    ["many channels and positions, dilated", [1, 16, 33, 32], [1, 16, 3, 2], { padding: [0, 1], dilation: [2, 3] }],
    ["a large kernel with stride", [1, 3, 11, 12], [4, 3, 7, 7], { padding: 3, stride: 2 }],
    ["more weights than activations, 1×1", [2, 16, 1, 2], [12, 16, 1, 1], {}],
    ["more inputs than outputs, 1×1", [2, 8, 6, 6], [4, 8, 1, 1], {}],
  ] as const)("gradients of %s are those of the quadratic", async (_name, xShape, weightShape, options) => {
    const tensors = [input("x", xShape), input("weight", weightShape)] as const;
    const [x, weight] = tensors;
    const loss = sum(mul(square(conv2d(x, weight, options)), 1e-2));
    const gradients = grad(loss, tensors);
    const values = { x: real(xShape).values, weight: real(weightShape, -1, 1, 1).values };
    const expected = interpret(gradients, values);
    for (const [i, name] of (["x", "weight"] as const).entries()) {
      // The loss is quadratic in each, so that a central difference is exact at any distance.
      const direction = real(tensors[i]?.shape as readonly number[], -1, 1, 5).values;
      const moved = (sign: number) => ({
        ...values,
        [name]: values[name].map((value, j) => value + sign * (direction[j] ?? 0)),
      });
      const lossAt = (sign: number) => interpret([loss], moved(sign))[0]?.[0] ?? Number.NaN;
      const along = expected[i]?.reduce((total, g, j) => total + g * (direction[j] ?? 0), 0);
      expectClose([along ?? 0], [(lossAt(1) - lossAt(-1)) / 2], 1e-10, `gradient in ${name}`);
    }
    const results = await runTensors(gradients, tensors, values);
    for (const [i, result] of results.entries()) expectClose(result, expected[i], 1e-5, `${tensors[i]}`);
  });

  // A frozen program has ONNX's own convolution, which the other cases check.
  it.each([
    ["", [4, 32, 32, 32], [16, 32, 3, 3], { padding: 1 }],
    [
      " with stride, dilation and bias",
      [5, 16, 61, 60],
      [32, 16, 3, 2],
      { stride: 2, dilation: [1, 2], padding: [1, 0] },
      32,
    ],
    [" with 1×1 kernels behind another", [4, 32, 32, 32], [16, 32, 1, 1], {}],
    [" with 1×1 kernels behind another, with stride", [4, 32, 32, 32], [16, 32, 1, 1], { stride: 2 }],
    [" with a block of images", [16, 32, 17, 20], [16, 32, 3, 3], { padding: 1 }],
    [" with blocks of images and stride", [32, 16, 32, 31], [32, 16, 3, 3], { padding: 1, stride: 2 }],
    [
      " with a block of images and another kernel",
      [16, 16, 17, 20],
      [32, 16, 5, 4],
      { padding: [2, 0], stride: [2, 1] },
    ],
  ] as const)(
    "in ONNX Runtime's own layout give the same%s",
    async (_name, xShape, weightShape, options, bias?: number) => {
      const state = new State();
      const variable = (name: string, shape: readonly number[], seed: number) =>
        state.variable(name, Float32Array.from(real(shape, -1, 1, seed).values), shape);
      const x = variable("x", xShape, 1);
      const weight = variable("weight", weightShape, 2);
      // A convolution before it and one after it, so that x and the gradient of y are in that layout.
      const square3 = (name: string, channels: number, seed: number) =>
        mul(variable(name, [channels, channels, 3, 3], seed), 0.1);
      const before = conv2d(x, square3("before", xShape[1], 4), { padding: 1 });
      const y = conv2d(before, weight, { ...options, ...(bias && { bias: variable("bias", [bias], 3) }) });
      const after = conv2d(y, square3("after", weightShape[0], 5), { padding: 1 });
      const [slope, weightSlope] = grad(sum(mul(square(after), 1e-2)), [x, weight]) as [Tensor, Tensor];
      const results = await Promise.all(
        [false, true].map(async (frozen) => (await compile({ outputs: { y, slope, weightSlope } }, { frozen })).run()),
      );
      const [own, plain] = results;
      for (const name of ["y", "slope", "weightSlope"] as const) {
        const [actual, expected] = [own?.[name] as Float32Array, plain?.[name] as Float32Array];
        const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
        const apart = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(expected[i]))), 0);
        expect(scale).toBeGreaterThan(1e-2);
        // A gradient in the weight is a sum over all positions, of which one order rounds as well as another.
        expect(apart / scale, name).toBeLessThan(name === "weightSlope" ? 1e-5 : 3e-6);
      }
    },
  );

  it("says what does not fit", () => {
    const x = input("x", [1, 4, 5, 5]);
    const weight = (...shape: number[]) => input("w", shape);
    expect(() => conv2d(x, weight(2, 3, 3, 3))).toThrow("conv2d: x [1, 4, 5, 5] does not have the channels of weight");
    expect(() => conv2d(x, weight(2, 4, 6, 1))).toThrow("a window of 6×1 is larger than [1, 4, 5, 5]");
    expect(() => conv2d(x, weight(3, 2, 3, 3), { groups: 2 })).toThrow("2 groups do not divide the channels");
    expect(() => conv2d(x, weight(2, 4, 3, 3), { stride: 0 })).toThrow(
      "stride is 0, 0; it must be whole numbers from 1",
    );
    expect(() => conv2d(x, weight(2, 4, 3, 3), { bias: weight(3) })).toThrow(
      "the bias [3] does not fit 2 output channels",
    );
    expect(() => conv2d(input("y", [4, 5, 5]), weight(2, 4, 3, 3))).toThrow("needs [batch, channels, height, width]");
    expect(() => convTranspose2d(x, weight(4, 2, 3, 3), { outputPadding: 1 })).toThrow(
      "outputPadding 1, 1 is not below",
    );
    expect(() => convTranspose2d(x, weight(2, 4, 3, 3))).toThrow("convTranspose2d: x [1, 4, 5, 5] does not have");
  });
});
