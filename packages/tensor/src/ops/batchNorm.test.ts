import { describe, expect, it } from "vitest";
import { compile } from "../program.ts";
import { State } from "../state.ts";
import { constant, input, type Tensor } from "../tensor.ts";
import { describeOperations, expectClose } from "../testing/checkOperation.ts";
import { real } from "../testing/operationCases.ts";
import * as batchNorm from "./batchNorm.ts";
import { mul } from "./elementwise.ts";

const shapes = [
  [3, 2],
  [2, 1, 3],
  [2, 2, 2, 2],
] as const;
const name = (shape: readonly number[]) => `[${shape.join(", ")}]`;
const channels = (shape: readonly number[]) => [shape[1] ?? 0];
const parameters = (shape: readonly number[]) => [real(channels(shape), 0.5, 2, 1), real(channels(shape), -1, 1, 2)];

describe("batch normalization", () => {
  describeOperations(batchNorm, {
    channelAffine: shapes.map((shape) => ({
      name: name(shape),
      inputs: [real(shape), ...parameters(shape)],
      build: (x: Tensor, scale: Tensor, shift: Tensor) => batchNorm.channelAffine(x, scale, shift),
    })),
    batchNorm: shapes.map((shape) => ({
      name: name(shape),
      inputs: [real(shape), ...parameters(shape)],
      build: (x: Tensor, scale: Tensor, shift: Tensor) => {
        const { output, mean, variance } = batchNorm.batchNorm(x, scale, shift, 0.1);
        return [output, mean, variance];
      },
    })),
    batchNormInference: shapes.map((shape) => ({
      name: name(shape),
      inputs: [real(shape), ...parameters(shape), real(channels(shape), -1, 1, 3), real(channels(shape), 0.5, 1.5, 4)],
      build: (x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor) =>
        batchNorm.batchNormInference(x, scale, shift, { mean, variance }, 0.1),
    })),
    runningStatistics: [
      {
        name: "the values that are written",
        inputs: [real([3, 2]), real([2]), real([2], 0.5, 2, 1)],
        build: (x: Tensor, mean: Tensor, variance: Tensor) => {
          const unit = mul(mean, 0);
          const batch = batchNorm.batchNorm(x, unit, unit);
          return batchNorm.runningStatistics({ mean, variance }, batch, 0.25).map(([, value]) => value);
        },
      },
    ],
  });

  it("keeps statistics as state of a program", async () => {
    const state = new State();
    const running = {
      mean: state.variable("mean", 0, [2]),
      variance: state.variable("variance", 1, [2]),
    };
    const batch = batchNorm.batchNorm(input("x", [2, 2]), constant([1, 1]), constant([0, 0]));
    const updates = batchNorm.runningStatistics(running, batch, 0.5);
    const program = await compile({ outputs: { y: batch.output }, updates });
    await program.run({ x: [1, 2, 3, 10] });
    // Means 2 and 6; unbiased variances 2 and 32.
    expectClose(state.read(running.mean), [1, 3], 1e-6, "mean");
    expectClose(state.read(running.variance), [1.5, 16.5], 1e-6, "variance");
    await program.run({ x: [1, 2, 3, 10] });
    expectClose(state.read(running.mean), [1.5, 4.5], 1e-6, "mean");
    await program.dispose();
  });

  it("keeps the statistics of several normalizations apart, of one input, one scale and constants", async () => {
    const [x, y] = [input("x", [2, 2]), input("y", [2, 2])];
    const [one, zero] = [constant([1, 1]), constant([0, 0])];
    const first = batchNorm.batchNorm(x, one, zero);
    const again = batchNorm.batchNorm(x, zero, one);
    const second = batchNorm.batchNorm(mul(y, 2), one, zero);
    const third = batchNorm.batchNorm(second.output, one, zero);
    const outputs = Object.fromEntries(
      [first, again, second, third].flatMap(({ mean, variance }, i) => [
        [`mean${i}`, mul(mean, 3)],
        [`variance${i}`, mul(variance, 3)],
      ]),
    );
    const program = await compile({ outputs });
    for (let run = 0; run < 2; run++) {
      const results = (await program.run({ x: [1, 2, 3, 10], y: [0, 1, 4, 1] })) as Record<string, Float32Array>;
      for (const i of [0, 1]) {
        expectClose(results[`mean${i}`], [6, 18], 1e-6, `mean ${i}`);
        expectClose(results[`variance${i}`], [3, 48], 1e-6, `variance ${i}`);
      }
      expectClose(results.mean2, [12, 6], 1e-6, "mean 2");
      expectClose(results.variance2, [48, 0], 1e-6, "variance 2");
      expectClose(results.mean3, [0, 0], 1e-6, "mean 3");
      expectClose(results.variance3, [3, 0], 1e-5, "variance 3");
    }
    await program.dispose();
  });

  it("says what does not fit", () => {
    const x = input("x", [2, 3, 4]);
    const two = constant([1, 1]);
    expect(() => batchNorm.batchNorm(x, two, two)).toThrow("batchNorm: [2] does not fit the channels of [2, 3, 4]");
    expect(() => batchNorm.channelAffine(input("v", [2]), two, two)).toThrow("needs [batch, channels, …], not [2]");
  });
});
