import { describe } from "vitest";
import type { Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { type OperationCase, real } from "../testing/operationCases.ts";
import { add, tanh } from "./elementwise.ts";
import * as linear from "./linear.ts";

/** m, k and n of the products below. */
const [m, k, n] = [2, 3, 4];

/** Leading axes of the two operands: none, equal, on one side only, and broadcast. */
const leads: [readonly number[], readonly number[]][] = [
  [[], []],
  [[2], [2]],
  [[2], []],
  [[], [2]],
  [[1], [2]],
  [[2, 1], [2]],
  [
    [2, 1],
    [1, 2],
  ],
];

const products: OperationCase[] = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) =>
    leads.map(([leadA, leadB]) => {
      const a = [...leadA, ...(transposeA ? [k, m] : [m, k])];
      const b = [...leadB, ...(transposeB ? [n, k] : [k, n])];
      return {
        name: `[${a.join(", ")}]${transposeA ? "ᵀ" : ""} · [${b.join(", ")}]${transposeB ? "ᵀ" : ""}`,
        inputs: [real(a), real(b, -2, 2, 1)],
        build: (p: Tensor, q: Tensor) => linear.matmul(p, q, { transposeA, transposeB }),
      };
    }),
  ),
);

const layer = (...shapes: readonly (readonly number[])[]): OperationCase => ({
  name: shapes.map((shape) => `[${shape.join(", ")}]`).join(" · "),
  inputs: shapes.map((shape, i) => real(shape, -2, 2, i)),
  build: linear.linear as OperationCase["build"],
});

describe("linear operations", () => {
  describeOperations(linear, {
    matmul: [
      ...products,
      {
        name: "of a matrix with itself, transposed",
        inputs: [real([2, 3])],
        build: (x) => linear.matmul(x, x, { transposeB: true }),
      },
      {
        name: "powers of a matrix",
        inputs: [real([2, 2])],
        build: (x) => linear.matmul(linear.matmul(x, x), x),
      },
    ],
    linear: [
      layer([3, 2], [2, 4]),
      layer([3, 2], [2, 4], [4]),
      layer([1, 2], [2, 1], [1]),
      layer([3, 2], [2, 4], [1, 4]),
      layer([3, 2], [2, 4], []),
      layer([2, 3, 2], [2, 4], [4]),
      layer([2, 3, 2], [2, 2, 4], [2, 1, 4]),
      layer([3, 2], [2, 2, 4], [2, 1, 4]),
      {
        name: "two layers",
        inputs: [real([3, 2]), real([2, 3], -1, 1, 1), real([3], -1, 1, 2), real([3, 2], -1, 1, 3), real([2])],
        build: (x, w1, b1, w2, b2) => add(linear.linear(tanh(linear.linear(x, w1, b1)), w2, b2), x),
      },
    ],
  });
});
