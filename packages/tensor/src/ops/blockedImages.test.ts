import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { buildModel } from "../model.ts";
import { ModelProtoSchema } from "../onnx/onnx_pb.ts";
import { compile } from "../program.ts";
import { State } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import { real } from "../testing/operationCases.ts";
import { batchNorm, channelAffine } from "./batchNorm.ts";
import { conv2d } from "./convolution.ts";
import { add, greater, mul, relu, sigmoid, square, sub, where } from "./elementwise.ts";
import { pad } from "./layout.ts";
import { globalAveragePool2d } from "./pooling.ts";
import { mean, sum } from "./reduce.ts";

const channels = 32;

/** A residual block on images of many positions, with all that may stand between convolutions. */
function block() {
  const state = new State();
  const variable = (name: string, shape: readonly number[], seed: number, shift = 0) =>
    state.variable(
      name,
      Float32Array.from(real(shape, -1, 1, seed).values, (value) => value + shift),
      shape,
    );
  const image = [16, channels, 16, 17];
  const parameters = {
    // Far from 0, where a variance as a difference of two large numbers would show.
    x: variable("x", image, 1, 30),
    first: variable("first", [channels, channels, 3, 3], 2),
    second: variable("second", [channels, channels, 3, 3], 3),
    scale: variable("scale", [channels], 4),
    shift: variable("shift", [channels], 5),
  };
  const { x, first, second, scale, shift } = parameters;
  const normal = batchNorm(conv2d(x, first, { padding: 1 }), scale, shift);
  const inner = relu(normal.output);
  const y = batchNorm(conv2d(inner, second, { padding: 1 }), shift, scale);
  const together = relu(add(y.output, sub(x, 30)));
  const gated = mul(sigmoid(together), where(greater(together, 0.2), channelAffine(y.output, scale, shift), inner));
  const pooled = globalAveragePool2d(gated);
  const framed = mean(square(pad(gated, [[3, 1, 0]])), [0, 2, 3], true);
  const loss = add(sum(mul(square(pooled), shift)), sum(mul(framed, 0.1)));
  return { parameters, outputs: { mean: normal.mean, variance: y.variance, pooled, framed, loss } };
}

describe("images in ONNX Runtime's own layout", () => {
  // A frozen program has the usual layout.
  it("give the values, statistics and gradients that they give in the usual one", async () => {
    const { parameters, outputs } = block();
    const slopes = grad(outputs.loss, parameters);
    const all: Record<string, Tensor> = { ...outputs, ...slopes };
    const results = await Promise.all(
      [false, true].map(async (frozen) => (await compile({ outputs: all }, { frozen, threads: 1 })).run()),
    );
    for (const name of Object.keys(all)) {
      const [own, expected] = results.map((result) => result[name]) as [Float32Array, Float32Array];
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const apart = own.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(expected[i]))), 0);
      expect(largest, name).toBeGreaterThan(1e-3);
      expect(apart / largest, name).toBeLessThan(2e-5);
    }
  });

  it("are reordered where they come in, and not between operations", () => {
    const { graph } = fromBinary(
      ModelProtoSchema,
      buildModel({ y: block().outputs.pooled }, { channelBlock: 16 }).bytes,
    );
    const reorders = graph?.node.filter(({ opType }) => opType === "ReorderOutput");
    expect(reorders).toEqual([]);
  });
});
