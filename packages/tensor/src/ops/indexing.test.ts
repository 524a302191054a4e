import { describe } from "vitest";
import type { Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { given, type OperationCase, real } from "../testing/operationCases.ts";
import { mul } from "./elementwise.ts";
import * as indexing from "./indexing.ts";

const name = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** Indices with repetitions and with positions counted from the end. */
const index = (shape: readonly number[], count: number, kind: "int64" | "int32" = "int64") => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return given(
    Array.from({ length: size }, (_, i) => (i % 3 === 2 ? -1 : (i * i + 1) % count)),
    shape,
    kind,
  );
};

const gathers: OperationCase[] = [[], [1], [4], [2, 3], [2, 1, 2]].flatMap((indices) =>
  (
    [
      [[3], 0],
      [[3, 2], 0],
      [[2, 3], -1],
      [[2, 3, 2], 1],
    ] as const
  ).map(([shape, axis]) => ({
    name: `${name(shape)} at ${name(indices)} along ${axis}`,
    inputs: [real(shape), index(indices, 3)],
    build: (x: Tensor, i: Tensor) => indexing.gather(x, i, axis),
  })),
);

const ordered = given([3, 1, 2, 1, 3, 0, 2, 2, 2, -1, 5, 4], [2, 3, 2]);

describe("indexing operations", () => {
  describeOperations(indexing, {
    gather: [
      ...gathers,
      {
        name: "with int32 indices, twice from one table",
        inputs: [real([4, 2]), index([3], 4, "int32"), index([3], 4)],
        build: (x, i, j) => mul(indexing.gather(x, i), indexing.gather(x, j)),
      },
      {
        name: "integers and bools",
        inputs: [given([5, 6, 7], [3], "int64"), given([1, 0, 1], [3], "bool"), index([4], 3)],
        build: (x, y, i) => [indexing.gather(x, i), indexing.gather(y, i)],
      },
    ],
    addAlong: [
      {
        name: "repeated, along the last axis",
        inputs: [real([2, 4]), given([0, 1, 0, 3, 3, 3], [2, 3], "int64"), real([2, 3], -1, 1, 2)],
        build: (x, i, u) => indexing.addAlong(x, i, u),
      },
      {
        name: "one a column, along the first axis",
        inputs: [real([3, 2]), given([2, 0], [1, 2], "int32"), real([1, 2], -1, 1, 2)],
        build: (x, i, u) => indexing.addAlong(x, i, u, 0),
      },
    ],
    scatterAdd: [
      ...(
        [
          [[3], []],
          [[3], [4]],
          [[3, 2], [5]],
          [
            [3, 2],
            [2, 3],
          ],
          [[4, 1, 2], [3]],
        ] as const
      ).flatMap(([shape, indices]) =>
        (["int64", "int32"] as const).map((kind) => ({
          name: `${name(shape)} at ${kind} ${name(indices)}`,
          inputs: [real(shape), index(indices, shape[0], kind), real([...indices, ...shape.slice(1)], -2, 2, 1)],
          build: (x: Tensor, i: Tensor, updates: Tensor) => indexing.scatterAdd(x, i, updates),
        })),
      ),
      {
        name: "of integers",
        inputs: [given([1, 2], [2], "int64"), index([5], 2), given([1, 2, 3, 4, 5], [5], "int64")],
        build: (x, i, updates) => indexing.scatterAdd(x, i, updates),
      },
    ],
    takeAlong: (
      [
        [[3], [5], 0],
        [[2, 3], [2, 4], -1],
        [[3, 2], [1, 2], 0],
        [[2, 3, 2], [2, 2, 2], 1],
      ] as const
    ).flatMap(([shape, indices, axis]) =>
      (["int64", "int32"] as const).map((kind) => ({
        name: `${name(shape)} at ${kind} ${name(indices)} along ${axis}`,
        inputs: [real(shape), index(indices, 3, kind)],
        build: (x: Tensor, i: Tensor) => indexing.takeAlong(x, i, axis),
      })),
    ),
    oneHot: (["int64", "int32"] as const).flatMap((kind) =>
      [[], [3], [2, 2]].map((shape) => ({
        name: `${kind} ${name(shape)}`,
        inputs: [given([0, 2, 1, 2].slice(0, shape.length === 0 ? 1 : shape.length === 1 ? 3 : 4), shape, kind)],
        build: (i: Tensor) => indexing.oneHot(i, 3),
      })),
    ),
    topK: [
      ...[true, false].flatMap((largest) =>
        [0, 1, -1].map((axis) => ({
          name: `${largest ? "largest" : "smallest"} two along ${axis}`,
          inputs: [real([3, 2, 4])],
          build: (x: Tensor) => {
            const { values, indices } = indexing.topK(x, 2, { axis, largest });
            return [values, indices];
          },
        })),
      ),
      {
        name: "of equal elements the first",
        inputs: [ordered],
        build: (x) => Object.values(indexing.topK(x, 2, { axis: 1 })),
        gradient: false,
      },
      {
        name: "integers",
        inputs: [given([3, 9, -1, 4], [4], "int64")],
        build: (x) => {
          const { values, indices } = indexing.topK(x, 3);
          return [values, indices];
        },
      },
    ],
    sort: [true, false].flatMap((descending) =>
      [0, 1, -1].flatMap((axis) => [
        {
          name: `${descending ? "descending" : "ascending"} along ${axis}`,
          inputs: [real([3, 2, 4])],
          build: (x: Tensor) => {
            const { values, indices } = indexing.sort(x, { axis, descending });
            return [mul(values, values), indices];
          },
        },
        {
          name: `${descending ? "descending" : "ascending"} along ${axis}, equal elements in their order`,
          inputs: [ordered],
          build: (x: Tensor) => Object.values(indexing.sort(x, { axis, descending })),
          gradient: false as const,
        },
      ]),
    ),
    pick: [
      {
        name: "[3] from [3, 4]",
        inputs: [real([3, 4]), given([3, 0, 3], [3], "int64")],
        build: (x, i) => indexing.pick(x, i),
      },
      {
        name: "[2, 2] from [2, 2, 3]",
        inputs: [real([2, 2, 3]), given([2, 0, 1, 1], [2, 2], "int32")],
        build: (x, i) => indexing.pick(x, i),
      },
      {
        name: "[] from [3]",
        inputs: [real([3]), given([1], [], "int64")],
        build: (x, i) => indexing.pick(x, i),
      },
    ],
  });
});
