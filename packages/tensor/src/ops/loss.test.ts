import { describe, expect, it } from "vitest";
import { constant, input, type Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { interpret } from "../testing/interpret.ts";
import { real } from "../testing/operationCases.ts";
import * as loss from "./loss.ts";
import { softmax } from "./reduce.ts";

const classes = (values: readonly number[], shape?: readonly number[]) => constant(values, shape, "int64");

describe("losses", () => {
  describeOperations(loss, {
    crossEntropy: [
      { name: "classes", inputs: [real([3, 4])], build: (x: Tensor) => loss.crossEntropy(x, classes([2, 0, 3])) },
      {
        name: "classes of two axes, smoothed",
        inputs: [real([2, 1, 3])],
        build: (x: Tensor) => loss.crossEntropy(x, classes([2, 0], [2, 1]), { labelSmoothing: 0.1 }),
      },
      {
        name: "probabilities",
        inputs: [real([2, 3]), real([2, 3], -1, 1, 1)],
        build: (x: Tensor, y: Tensor) => loss.crossEntropy(x, softmax(y)),
      },
      {
        name: "probabilities, smoothed",
        inputs: [real([2, 3]), real([2, 3], -1, 1, 1)],
        build: (x: Tensor, y: Tensor) => loss.crossEntropy(x, softmax(y), { labelSmoothing: 0.3 }),
      },
    ],
  });

  it("is log n for equal logits, whatever the target", () => {
    const values = interpret([
      loss.crossEntropy(constant([7, 7, 7, 7], [1, 4]), classes([1]), { labelSmoothing: 0.2 }),
    ]);
    expect(values[0]?.[0]).toBeCloseTo(Math.log(4), 6);
  });

  it("says what does not fit", () => {
    const x = input("x", [2, 3]);
    expect(() => loss.crossEntropy(x, classes([1]))).toThrow("int64 targets [1] do not fit logits [2, 3]");
    expect(() => loss.crossEntropy(x, constant([1, 1]))).toThrow("float32 targets [2] do not fit logits [2, 3]");
    expect(() => loss.crossEntropy(x, x, { labelSmoothing: 2 })).toThrow("labelSmoothing is 2");
  });
});
