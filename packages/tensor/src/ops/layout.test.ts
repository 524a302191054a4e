import { describe } from "vitest";
import type { Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { given, type OperationCase, real } from "../testing/operationCases.ts";
import { mul } from "./elementwise.ts";
import * as layout from "./layout.ts";

const of = (shape: readonly number[], name: string, build: OperationCase["build"]): OperationCase => ({
  name: `[${shape.join(", ")}] ${name}`,
  inputs: [real(shape)],
  build,
});

const integers = (build: OperationCase["build"]): OperationCase => ({
  name: "integers",
  inputs: [given([1, 2, 3, 4, 5, 6], [2, 3], "int64")],
  build,
});

const bools = (build: OperationCase["build"]): OperationCase => ({
  name: "bools",
  inputs: [given([1, 0, 0, 1, 1, 0], [2, 3], "bool")],
  build,
});

const slices: (readonly [shape: number[], axis: number, start: number, end?: number | undefined, step?: number])[] = [
  [[5], 0, 1],
  [[5], 0, 0, 4],
  [[5], 0, -3],
  [[5], -1, -4, -1],
  [[5], 0, 0, 99],
  [[7], 0, 0, undefined, 2],
  [[7], 0, 1, 6, 2],
  [[8], 0, 1, undefined, 3],
  [[3, 5], 1, 1, 4],
  [[5, 3], 0, 0, 5, 2],
  [[2, 7, 2], -2, 1, -1, 4],
  [[2, 2, 4, 2], 2, 3],
];

describe("layout operations", () => {
  describeOperations(layout, {
    reshape: [
      of([2, 3], "to [6]", (x) => layout.reshape(x, [6])),
      of([2, 3, 2], "to [3, -1]", (x) => layout.reshape(x, [3, -1])),
      of([], "to [1, 1]", (x) => layout.reshape(x, [1, 1])),
      of([1], "to []", (x) => layout.reshape(x, [])),
      of([2, 3], "there and back", (x) => layout.reshape(mul(layout.reshape(x, [6]), 2), [2, 3])),
      of([2, 3], "twice, both used", (x) => {
        const flat = layout.reshape(x, [6]);
        return [flat, layout.reshape(flat, [3, 2])];
      }),
      integers((x) => layout.reshape(x, [3, 2])),
      bools((x) => layout.reshape(x, [-1])),
    ],
    unsqueeze: [0, 1, 2, -1, -2, -3].map((axis) => of([2, 3], `at ${axis}`, (x) => layout.unsqueeze(x, axis))),
    squeeze: [0, 2, -1, -3].map((axis) => of([1, 3, 1], `at ${axis}`, (x) => layout.squeeze(x, axis))),
    transpose: [
      of([2, 3], "", (x) => layout.transpose(x)),
      of([2, 3, 4], "", (x) => layout.transpose(x)),
      of([2, 3, 2], "by 2, 0, 1", (x) => layout.transpose(x, [2, 0, 1])),
      of([2, 1, 3, 2], "by 3, 1, 0, 2", (x) => layout.transpose(x, [3, 1, 0, 2])),
      of([2, 3], "by 0, 1", (x) => layout.transpose(x, [0, 1])),
      of([], "by nothing", (x) => layout.transpose(x, [])),
      integers((x) => layout.transpose(x)),
      bools((x) => layout.transpose(x)),
    ],
    expand: [
      of([], "to [2, 3]", (x) => layout.expand(x, [2, 3])),
      of([3], "to [2, 3]", (x) => layout.expand(x, [2, 3])),
      of([2, 1], "to [2, 3]", (x) => layout.expand(x, [2, 3])),
      of([2, 1, 2], "to [2, 2, 3, 2]", (x) => layout.expand(x, [2, 2, 3, 2])),
      of([2, 3], "to [2, 3]", (x) => layout.expand(x, [2, 3])),
      integers((x) => layout.expand(x, [2, 2, 3])),
      bools((x) => layout.expand(x, [2, 2, 3])),
    ],
    concat: [
      of([2, 2], "alone", (x) => layout.concat([x], 1)),
      of([2, 2], "with itself", (x) => layout.concat([x, mul(x, 2), x], -1)),
      ...[0, 1, -1].map((axis) => ({
        name: `three parts along ${axis}`,
        inputs: [1, 2, 3].map((size, i) => real([2, 3, 2].with(axis, size), -2, 2, i)),
        build: (...parts: readonly Tensor[]) => layout.concat(parts, axis),
      })),
      integers((x) => layout.concat([x, x], 1)),
      bools((x) => layout.concat([x, x], 0)),
    ],
    stack: [0, 1, 2, -1, -3].map((axis) => ({
      name: `along ${axis}`,
      inputs: [real([2, 3]), real([2, 3], -2, 2, 1)],
      build: (...parts: readonly Tensor[]) => layout.stack(parts, axis),
    })),
    split: [
      of([5], "2, 3", (x) => layout.split(x, [2, 3])),
      of([5], "into one", (x) => layout.split(x, [5])),
      of([2, 6, 2], "1, 3, 2 along 1", (x) => layout.split(x, [1, 3, 2], 1)),
      of([3, 4], "1, 2, 1 along -1, the middle unused", (x) => {
        const [first, , last] = layout.split(x, [1, 2, 1], -1) as [Tensor, Tensor, Tensor];
        return mul(first, last);
      }),
      of([6], "1, 2, 3, only one used", (x) => layout.split(x, [1, 2, 3]).slice(1, 2)),
      of([4], "2, 2, multiplied", (x) => {
        const [p, q] = layout.split(x, [2, 2]) as [Tensor, Tensor];
        return mul(mul(p, q), p);
      }),
      integers((x) => layout.split(x, [1, 2], 1)),
      bools((x) => layout.split(x, [1, 1], 0)),
    ],
    slice: [
      {
        name: "along several axes, one of them twice",
        inputs: [real([5, 6])],
        build: (x) => layout.slice(layout.slice(layout.slice(x, 0, 1, 5, 2), 1, 1), 1, 0, 5, 3),
      },
      ...slices.map(([shape, axis, start, end, step]) =>
        of(shape, `axis ${axis}, ${start}:${end ?? ""}:${step ?? ""}`, (x) => layout.slice(x, axis, start, end, step)),
      ),
      integers((x) => layout.slice(x, 1, 1)),
      bools((x) => layout.slice(x, 0, 1)),
    ],
    flip: [
      { name: "all axes", inputs: [real([2, 3])], build: (x) => layout.flip(x) },
      { name: "one of three", inputs: [real([2, 3, 2])], build: (x) => layout.flip(x, -2) },
      { name: "an axis of size 1", inputs: [real([1, 2])], build: (x) => layout.flip(x, 0) },
    ],
    pad: [
      of([3], "1 and 2", (x) => layout.pad(x, [[0, 1, 2]])),
      of([2, 3], "both axes, with 7", (x) =>
        layout.pad(
          x,
          [
            [0, 1, 0],
            [-1, 0, 2],
          ],
          7,
        ),
      ),
      of([2, 1, 2], "the middle", (x) => layout.pad(x, [[1, 2, 1]])),
      of([2], "nothing", (x) => layout.pad(x, [[0, 0, 0]])),
      of([5], "a shift", (x) => layout.pad(x, [[0, 2, -2]])),
      of([3, 4], "cut, shifted back and widened", (x) =>
        layout.pad(x, [
          [0, -1, 2],
          [1, -3, 1],
        ]),
      ),
      of([3, 4], "cut alone", (x) =>
        layout.pad(x, [
          [0, -1, 0],
          [1, -1, -2],
        ]),
      ),
      integers((x) => layout.pad(x, [[0, 1, 1]], -1)),
      bools((x) => layout.pad(x, [[1, 1, 0]], 1)),
    ],
  });
});
