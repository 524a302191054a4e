import { describe } from "vitest";
import type { Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { real } from "../testing/operationCases.ts";
import * as normalization from "./normalization.ts";

const shapes = [[4], [1, 3], [3, 4], [2, 1, 3], [2, 1, 2, 3]];
const name = (shape: readonly number[]) => `[${shape.join(", ")}]`;
const float32Only = { float64: false } as const;

describe("normalizations", () => {
  describeOperations(normalization, {
    standardize: [
      ...shapes.map((shape) => ({
        name: name(shape),
        inputs: [real(shape)],
        build: (x: Tensor) => normalization.standardize(x),
        ...float32Only,
      })),
      {
        name: "with a large epsilon",
        inputs: [real([2, 4])],
        build: (x) => normalization.standardize(x, 0.5),
        ...float32Only,
      },
    ],
    layerNorm: (
      [
        [[3, 4], [4], [4]],
        [[2, 3, 4], [4], [4]],
        [
          [2, 3, 4],
          [2, 1, 4],
          [2, 1, 4],
        ],
        [[3, 4], [], [1]],
      ] as const
    ).map(([x, scale, shift]) => ({
      name: `${name(x)}, scale ${name(scale)}, shift ${name(shift)}`,
      inputs: [real(x), real(scale, 0.5, 2, 1), real(shift, -1, 1, 2)],
      build: (p: Tensor, q: Tensor, r: Tensor) => normalization.layerNorm(p, q, r),
      ...float32Only,
    })),
    rmsNorm: shapes.map((shape) => ({
      name: name(shape),
      inputs: [real(shape), real(shape.slice(-1), 0.5, 2, 1)],
      build: (x: Tensor, scale: Tensor) => normalization.rmsNorm(x, scale),
    })),
  });
});
