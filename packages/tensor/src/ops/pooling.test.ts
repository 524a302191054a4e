import { describe, expect, it } from "vitest";
import { input, type Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { given, type OperationCase, real } from "../testing/operationCases.ts";
import * as pooling from "./pooling.ts";
import type { Pair } from "./windows.ts";

type Pool = (x: Tensor, kernel: Pair, options?: pooling.PoolingOptions) => Tensor;

const cases = (pool: Pool): OperationCase[] =>
  (
    [
      ["windows side by side", [2, 1, 4, 2], 2, {}],
      ["windows that overlap", [1, 2, 3, 3], 2, { stride: 1 }],
      ["padding", [1, 2, 3, 4], [3, 2], { stride: 2, padding: [1, 1] }],
      ["rows left over", [1, 1, 5, 3], 2, {}],
    ] as const
  ).map(([name, shape, kernel, options]) => ({
    name,
    inputs: [real(shape)],
    build: (x: Tensor) => pool(x, kernel, options),
    float64: false,
  }));

describe("pooling", () => {
  describeOperations(pooling, {
    maxPool2d: [
      ...cases(pooling.maxPool2d),
      {
        name: "equal elements: the first",
        inputs: [given([1, 1, 1, 1, 0, 2, 2, 0], [1, 1, 2, 4])],
        build: (x) => pooling.maxPool2d(x, 2),
        float64: false,
        gradient: false,
      },
    ],
    avgPool2d: cases(pooling.avgPool2d),
    globalAveragePool2d: [
      { name: "channels", inputs: [real([2, 2, 2, 3])], build: (x) => pooling.globalAveragePool2d(x) },
    ],
  });

  it("says what does not fit", () => {
    const x = input("x", [1, 1, 4, 4]);
    expect(() => pooling.maxPool2d(x, 5)).toThrow("maxPool2d: a window of 5×5 is larger than [1, 1, 4, 4]");
    expect(() => pooling.avgPool2d(x, 2, { padding: 2 })).toThrow("padding 2, 2 is more than half the kernel 2, 2");
    expect(() => pooling.globalAveragePool2d(input("y", [4, 4]))).toThrow("globalAveragePool2d: needs");
  });
});
