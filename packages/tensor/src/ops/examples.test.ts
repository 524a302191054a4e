/** What the operations' arguments mean, by examples with plain numbers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Shape } from "../shape.ts";
import { constant, type Tensor } from "../tensor.ts";
import { interpret } from "../testing/interpret.ts";
import { clip, equal, floor, not, notEqual, polynomial, sign, where } from "./elementwise.ts";
import { gather, oneHot, pick, scatterAdd, sort, takeAlong, topK } from "./indexing.ts";
import { concat, expand, flip, pad, reshape, slice, split, squeeze, stack, transpose, unsqueeze } from "./layout.ts";
import { linear, matmul } from "./linear.ts";
import { argmax, argmin, cumSum, logSumExp, max, mean, prod, softmax, sum, sumTo } from "./reduce.ts";

const line = constant([0, 10, 20, 30, 40]);
/** [[3, 1, 2], [6, 5, 4]] */
const table = constant([3, 1, 2, 6, 5, 4], [2, 3]);
const indices = (values: readonly number[], shape?: readonly number[]) => constant(values, shape, "int64");

const examples: readonly (readonly [name: string, of: Tensor, shape: Shape, values: readonly number[]])[] = [
  ["sum of all", sum(table), [], [21]],
  ["sum down the columns", sum(table, 0), [3], [9, 6, 6]],
  ["sum along the rows, kept", sum(table, -1, true), [2, 1], [6, 15]],
  ["mean over both axes, kept", mean(table, [0, 1], true), [1, 1], [3.5]],
  ["max of rows", max(table, 1), [2], [3, 6]],
  ["prod of columns", prod(table, 0), [3], [18, 5, 8]],
  ["logSumExp of equal numbers", logSumExp(constant([2, 2, 2, 2])), [], [2 + Math.log(4)]],
  ["sumTo a row", sumTo(table, [1, 3]), [1, 3], [9, 6, 6]],
  ["argmax of rows", argmax(table), [2], [0, 0]],
  ["argmin of columns, kept", argmin(table, 0, true), [1, 3], [0, 0, 0]],
  ["softmax of columns", softmax(constant([0, 0, 0, 0], [2, 2]), 0), [2, 2], [0.5, 0.5, 0.5, 0.5]],
  ["cumSum", cumSum(table), [2, 3], [3, 4, 6, 6, 11, 15]],
  ["cumSum, exclusive", cumSum(table, 1, { exclusive: true }), [2, 3], [0, 3, 4, 0, 6, 11]],
  ["cumSum, reverse", cumSum(table, -1, { reverse: true }), [2, 3], [6, 3, 2, 15, 9, 4]],
  ["cumSum down", cumSum(table, 0), [2, 3], [3, 1, 2, 9, 6, 6]],

  ["slice from a position", slice(line, 0, 3), [2], [30, 40]],
  ["slice between positions from the end", slice(line, -1, -4, -1), [3], [10, 20, 30]],
  ["slice with a step", slice(line, 0, 0, undefined, 2), [3], [0, 20, 40]],
  ["slice of columns", slice(table, 1, 1, 3), [2, 2], [1, 2, 5, 4]],
  ["flip of rows", flip(table, 1), [2, 3], [2, 1, 3, 4, 5, 6]],
  ["split of columns", split(table, [1, 2], -1)[1] as Tensor, [2, 2], [1, 2, 5, 4]],
  ["pad before and after", pad(line, [[0, 1, 2]], -1), [8], [-1, 0, 10, 20, 30, 40, -1, -1]],
  ["pad of the last axis", pad(table, [[-1, 0, 1]]), [2, 4], [3, 1, 2, 0, 6, 5, 4, 0]],
  ["transpose", transpose(table), [3, 2], [3, 6, 1, 5, 2, 4]],
  ["transpose, first axis last", transpose(reshape(table, [2, 3, 1]), [1, 2, 0]), [3, 1, 2], [3, 6, 1, 5, 2, 4]],
  ["expand", expand(reshape(constant([1, 2]), [2, 1]), [2, 3]), [2, 3], [1, 1, 1, 2, 2, 2]],
  ["unsqueeze at the end", unsqueeze(table, -1), [2, 3, 1], [3, 1, 2, 6, 5, 4]],
  ["unsqueeze at the start", unsqueeze(line, 0), [1, 5], [0, 10, 20, 30, 40]],
  ["squeeze", squeeze(reshape(line, [5, 1]), -1), [5], [0, 10, 20, 30, 40]],
  ["concat along columns", concat([table, table], 1), [2, 6], [3, 1, 2, 3, 1, 2, 6, 5, 4, 6, 5, 4]],
  ["stack along a new last axis", stack([line, line], -1), [5, 2], [0, 0, 10, 10, 20, 20, 30, 30, 40, 40]],
  ["stack along a new first axis", stack([constant(1), constant(2)]), [2], [1, 2]],

  ["gather of rows", gather(table, indices([1, 0, 1])), [3, 3], [6, 5, 4, 3, 1, 2, 6, 5, 4]],
  ["gather of columns, from the end", gather(table, indices([-1]), 1), [2, 1], [2, 4]],
  ["gather of one row", gather(table, constant(1, [], "int64")), [3], [6, 5, 4]],
  ["takeAlong of rows", takeAlong(table, indices([2, 0], [2, 1])), [2, 1], [2, 6]],
  ["takeAlong of columns", takeAlong(table, indices([1, 0, 1], [1, 3]), 0), [1, 3], [6, 1, 4]],
  ["pick", pick(table, indices([1, 2])), [2], [1, 4]],
  ["scatterAdd", scatterAdd(line, indices([1, 1, 4]), constant([1, 2, 3])), [5], [0, 13, 20, 30, 43]],
  ["oneHot", oneHot(indices([2, 0]), 3), [2, 3], [0, 0, 1, 1, 0, 0]],
  ["topK, the largest first", topK(table, 2).values, [2, 2], [3, 2, 6, 5]],
  ["topK, where they are", topK(table, 2).indices, [2, 2], [0, 2, 0, 1]],
  ["topK, the smallest first", topK(table, 2, { largest: false }).values, [2, 2], [1, 2, 4, 5]],
  ["topK of columns", topK(table, 1, { axis: 0 }).values, [1, 3], [6, 5, 4]],
  ["sort, ascending", sort(table).values, [2, 3], [1, 2, 3, 4, 5, 6]],
  ["sort, where they were", sort(table).indices, [2, 3], [1, 2, 0, 2, 1, 0]],
  ["sort, descending down the columns", sort(table, { axis: 0, descending: true }).values, [2, 3], [6, 5, 4, 3, 1, 2]],

  ["matmul", matmul(table, table, { transposeB: true }), [2, 2], [14, 31, 31, 77]],
  [
    "matmul of a transposed matrix",
    matmul(table, constant([1, 10], [2, 1]), { transposeA: true }),
    [3, 1],
    [63, 51, 42],
  ],
  ["linear", linear(table, constant([1, 0, 0, 1, 0, 0], [3, 2]), constant([100, 200])), [2, 2], [103, 201, 106, 205]],

  ["clip", clip(table, 2, 4), [2, 3], [3, 2, 2, 4, 4, 4]],
  ["polynomial", polynomial(constant([2]), [1, 0, 3]), [1], [13]],
  ["floor and sign", concat([floor(constant([-1.5, 1.5])), sign(constant([-3, 0]))]), [4], [-2, 1, -1, 0]],
  ["where", where(equal(table, 1), -1, table), [2, 3], [3, -1, 2, 6, 5, 4]],
  ["notEqual and not", not(notEqual(table, 1)), [2, 3], [0, 1, 0, 0, 0, 0]],
];

describe("examples", () => {
  it.each(examples)("%s", (_name, tensor, shape, values) => {
    expect(tensor.shape).toEqual(shape);
    expect(Array.from(interpret([tensor])[0] ?? [])).toEqual(values);
  });

  it("slice takes what an array's slice takes, every step-th of it", () => {
    const numbers = [0, 1, 2, 3, 4, 5, 6];
    const position = fc.integer({ min: -7, max: 7 });
    fc.assert(
      fc.property(
        position,
        fc.option(position, { nil: undefined }),
        fc.integer({ min: 1, max: 8 }),
        (start, end, step) => {
          const expected = numbers.slice(start, end).filter((_, i) => i % step === 0);
          if (expected.length === 0) {
            expect(() => slice(constant(numbers), 0, start, end, step)).toThrow("slice:");
          } else {
            expect(Array.from(interpret([slice(constant(numbers), 0, start, end, step)])[0] ?? [])).toEqual(expected);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});
