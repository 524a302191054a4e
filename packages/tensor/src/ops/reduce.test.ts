import { describe, expect, it } from "vitest";
import { compile } from "../program.ts";
import { input, type Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { given, type OperationCase, real } from "../testing/operationCases.ts";
import * as reduce from "./reduce.ts";

type Axes = number | readonly number[] | undefined;

/** Over all axes, none, one from either end, several, in any order; of ranks 0 to 4; with and without the reduced axes kept. */
function reductions(
  f: (x: Tensor, axes?: Axes, keepDims?: boolean) => Tensor,
  [low, high]: readonly [number, number] = [-2, 2],
): OperationCase[] {
  const shapesAndAxes: [number[], Axes][] = [
    [[], undefined],
    [[4], undefined],
    [[4], 0],
    [[2, 3], undefined],
    [[2, 3], []],
    [[2, 3], 0],
    [[2, 3], -1],
    [
      [2, 3],
      [1, 0],
    ],
    [
      [2, 1, 3],
      [0, 2],
    ],
    [[2, 1, 3], 1],
    [
      [2, 2, 1, 3],
      [-1, 0, -1],
    ],
    [
      [2, 2, 2, 2],
      [1, 2],
    ],
  ];
  return shapesAndAxes.flatMap(([shape, axes]) =>
    [false, true].map((keepDims) => ({
      name: `[${shape.join(", ")}] over ${axes === undefined ? "all" : `[${axes}]`}${keepDims ? ", kept" : ""}`,
      inputs: [real(shape, low, high)],
      build: (x: Tensor) => f(x, axes, keepDims),
    })),
  );
}

const alongAxes = (f: (x: Tensor, axis?: number) => Tensor): OperationCase[] =>
  (
    [
      [[4], undefined],
      [[1], 0],
      [[2, 3], undefined],
      [[2, 3], 0],
      [[2, 3, 2], -2],
      [[2, 2, 1, 3], -4],
    ] as const
  ).map(([shape, axis]) => ({
    name: `[${shape.join(", ")}] along ${axis ?? "the last"}`,
    inputs: [real(shape, -3, 3)],
    build: (x: Tensor) => f(x, axis),
  }));

/** Positions of extremes, of equal elements the first. */
const positions = (f: (x: Tensor, axis?: number, keepDims?: boolean) => Tensor): OperationCase[] =>
  (["float", "int64", "int32"] as const).map((kind) => ({
    name: `${kind}s, with equal elements`,
    inputs: [given([3, 1, 3, 2, 2, 2, -1, 5, -1, 4, 4, 0], [2, 3, 2], kind)],
    build: (x: Tensor) => [f(x), f(x, 0), f(x, -2, true), f(x, 2, true)],
  }));

const integerReduction = (f: (x: Tensor, axes?: Axes) => Tensor): OperationCase => ({
  name: "integers",
  inputs: [given([3, -1, 4, 1, -5, 9], [2, 3], "int64")],
  build: (x) => [f(x), f(x, 0), f(x, -1)],
});

describe("reductions and the softmax family", () => {
  describeOperations(reduce, {
    sum: [...reductions(reduce.sum), integerReduction(reduce.sum)],
    mean: reductions(reduce.mean),
    prod: [...reductions(reduce.prod, [0.5, 1.5]), integerReduction(reduce.prod)],
    max: [...reductions(reduce.max), integerReduction(reduce.max)],
    min: [...reductions(reduce.min), integerReduction(reduce.min)],
    logSumExp: reductions(reduce.logSumExp),
    sumTo: (
      [
        [[2, 3], []],
        [[2, 3], [3]],
        [
          [2, 3],
          [2, 1],
        ],
        [
          [2, 3],
          [1, 1],
        ],
        [
          [2, 2, 1, 3],
          [2, 1, 1],
        ],
        [
          [2, 3],
          [2, 3],
        ],
        [[1, 1, 2], [2]],
      ] as const
    ).map(([from, to]) => ({
      name: `[${from.join(", ")}] to [${to.join(", ")}]`,
      inputs: [real(from)],
      build: (x) => reduce.sumTo(x, to),
    })),
    softmax: alongAxes(reduce.softmax),
    logSoftmax: alongAxes(reduce.logSoftmax),
    argmax: positions(reduce.argmax),
    argmin: positions(reduce.argmin),
    cumSum: [
      ...alongAxes(reduce.cumSum),
      ...[
        { exclusive: true, reverse: false },
        { exclusive: false, reverse: true },
        { exclusive: true, reverse: true },
      ].map((options) => ({
        name: `exclusive ${options.exclusive}, reverse ${options.reverse}`,
        inputs: [real([2, 3, 2])],
        build: (x: Tensor) => [reduce.cumSum(x, 1, options), reduce.cumSum(x, -1, options)],
      })),
      {
        name: "integers",
        inputs: [given([3, -1, 4, 1], [2, 2], "int64")],
        build: (x) => reduce.cumSum(x, 0),
      },
    ],
  });
});

it("adds up long vectors without losing small numbers beside the sum", async () => {
  const length = 3 * 2 ** 23;
  const program = await compile({ outputs: { sum: reduce.sum(input("x", [length])) } }, { threads: 1 });
  const { sum } = await program.run({ x: new Float32Array(length).fill(0.1) });
  expect(Number(sum[0]) / (Math.fround(0.1) * length)).toBeCloseTo(1, 4);
  await program.dispose();
});
