/** Wrong calls fail where they are written, with the operation and the shapes or types in the message. */
import { describe, expect, it } from "vitest";
import { tensorOps } from "./activationOps.ts";
import { grad } from "./grad.ts";
import * as e from "./ops/elementwise.ts";
import * as i from "./ops/indexing.ts";
import * as l from "./ops/layout.ts";
import { linear, matmul } from "./ops/linear.ts";
import { layerNorm, rmsNorm, standardize } from "./ops/normalization.ts";
import * as r from "./ops/reduce.ts";
import { adam, sgd } from "./optim.ts";
import { ShapeError } from "./shape.ts";
import { State } from "./state.ts";
import { constant, input } from "./tensor.ts";

const x = input("x", [2, 3]);
const y = input("y", [4, 3]);
const row = input("row", [4]);
const scalar = input("scalar", []);
const batch = input("batch", ["batch", 3]);
const double = input("double", [2, 3], "float64");
const whole = input("whole", [2, 3], "int64");
const bool = input("bool", [2, 3], "bool");
const index = input("index", [2], "int64");

type Calls = readonly (readonly [call: () => unknown, message: string])[];

const binary: Calls = Object.entries({
  add: e.add,
  sub: e.sub,
  mul: e.mul,
  div: e.div,
  maximum: e.maximum,
  minimum: e.minimum,
  pow: e.pow,
  less: e.less,
  lessEqual: e.lessEqual,
  greater: e.greater,
  greaterEqual: e.greaterEqual,
  equal: e.equal,
}).map(([name, f]) => [() => f(x, y), `${name}: cannot broadcast [2, 3] with [4, 3]`]);

const reductions: Calls = Object.entries({
  sum: r.sum,
  mean: r.mean,
  prod: r.prod,
  max: r.max,
  min: r.min,
  logSumExp: r.logSumExp,
  softmax: r.softmax,
  logSoftmax: r.logSoftmax,
  argmax: r.argmax,
  argmin: r.argmin,
  cumSum: r.cumSum,
}).map(([name, f]) => [() => f(x, 2), `${name}: axis 2 is not one of the 2 axes of [2, 3]`]);

const shapes: Calls = [
  ...binary,
  [() => e.and(bool, input("c", [4], "bool")), "and: cannot broadcast [2, 3] with [4]"],
  [() => e.where(bool, x, row), "where: cannot broadcast [2, 3] with [4]"],
  [() => e.where(input("c", [4], "bool"), x, x), "where: cannot broadcast [4] with [2, 3]"],
  ...reductions,
  [() => r.sum(x, -3), "sum: axis -3 is not one of the 2 axes of [2, 3]"],
  [() => r.sum(x, [0, 0.5]), "sum: axis 0.5 is not one of the 2 axes of [2, 3]"],
  [() => r.softmax(scalar), "softmax: axis -1 is not one of the 0 axes of []"],

  [() => l.reshape(x, [4]), "reshape: [2, 3] does not fit [4]"],
  [() => l.reshape(x, [-1, 4]), "reshape: [2, 3] does not fit [-1, 4]"],
  [() => l.reshape(x, [-1, -1]), "reshape: [2, 3] does not fit [-1, -1]"],
  [() => l.reshape(batch, [-1]), "reshape: [batch, 3] does not fit [-1]"],
  [() => l.unsqueeze(x, 3), "unsqueeze: axis 3"],
  [() => l.squeeze(x, 1), "squeeze: axis 1 of [2, 3] is not of size 1"],
  [() => l.transpose(x, [0, 0]), "transpose: [0, 0] is no permutation of the axes of [2, 3]"],
  [() => l.transpose(row), "transpose: needs two axes, not [4]"],
  [() => l.expand(x, [2, 4]), "expand: cannot broadcast [2, 3] with [2, 4]"],
  [() => l.expand(x, [3]), "expand: cannot expand [2, 3] to [3]"],
  [() => l.expand(scalar, ["batch"]), 'expand: needs a fixed shape, but [batch] has the named dimension "batch"'],
  [() => l.concat([x, y], 1), "concat: [2, 3] and [4, 3] differ beside axis 1"],
  [() => l.concat([x, row], 0), "concat: [2, 3] and [4] differ beside axis 0"],
  [() => l.concat([]), "concat: needs at least one tensor"],
  [() => l.concat([x], 2), "concat: axis 2 is not one of the 2 axes of [2, 3]"],
  [() => l.stack([x, y]), "stack: [2, 3] and [4, 3] differ"],
  [() => l.stack([]), "stack: needs at least one tensor"],
  [() => l.split(x, [1, 1], 1), "split: parts [1, 1] do not add up to axis 1 of [2, 3]"],
  [() => l.split(x, [4, -1], 1), "split: [2, -1] is no shape"],
  [() => l.slice(x, 1, 3), "slice: 3::1 takes no elements of axis 1 of [2, 3]"],
  [() => l.slice(x, 1, 0.5), "slice: 0.5::1 takes no elements of axis 1 of [2, 3]"],
  [() => l.slice(batch, 0, 1), 'slice: needs a fixed shape, but [batch] has the named dimension "batch"'],
  [() => l.pad(x, [[0, 0.5, 0]]), "pad: widths 0.5 and 0 of axis 0 of [2, 3] must be whole numbers"],
  [() => l.pad(x, [[0, 1, -2]]), "pad: widths 1 and -2 leave nothing of axis 0 of [2, 3]"],
  [
    () =>
      l.pad(x, [
        [0, 1, 0],
        [-2, 0, 1],
      ]),
    "pad: axis -2 of [2, 3] is given twice",
  ],

  [
    () => grad(r.sum(r.mean(batch, 0)), [batch]),
    'mean: needs a fixed shape, but [batch] has the named dimension "batch"',
  ],
  [() => matmul(x, y), "matmul: inner dimensions differ: [2, 3] and [4, 3]"],
  [() => matmul(x, y, { transposeA: true, transposeB: true }), "matmul: inner dimensions differ: [2, 3]ᵀ and [4, 3]ᵀ"],
  [() => matmul(x, row), "matmul: both operands need two axes: [2, 3] and [4]"],
  [() => matmul(input("a", [2, 2, 3]), input("b", [3, 3, 3])), "matmul: cannot broadcast [2] with [3]"],
  [() => linear(x, y), "linear: x [2, 3] does not fit weight [4, 3]"],
  [() => linear(y, input("w", [3, 2]), row), "linear: cannot broadcast [4, 2] with [4]"],
  [() => linear(x, input("w", [3, 1]), row), "linear: bias [4] does not fit weight [3, 1]"],
  [() => standardize(scalar), "standardize: needs at least one axis, not []"],
  [() => layerNorm(x, row, row), "layerNorm: cannot broadcast [2, 3] with [4]"],
  [() => rmsNorm(x, row), "rmsNorm: cannot broadcast [2, 3] with [4]"],
  [() => rmsNorm(scalar, row), "rmsNorm: needs at least one axis, not []"],

  [() => i.gather(x, index, 2), "gather: axis 2 is not one of the 2 axes of [2, 3]"],
  [() => i.scatterAdd(x, index, y), "scatterAdd: updates [4, 3] do not fit indices [2] into [2, 3]"],
  [() => i.scatterAdd(scalar, index, index), "scatterAdd: needs rows to add to, not []"],
  [() => i.takeAlong(x, index), "takeAlong: indices [2] do not fit [2, 3] beside axis -1"],
  [() => i.pick(x, input("j", [3], "int64")), "pick: indices [3] do not fit [2, 3] without its last axis"],
  [() => i.oneHot(index, 0), "[0] is no shape"],
  [() => i.topK(x, 4), "topK: k = 4 must be from 1 to 3, axis -1 of [2, 3]"],
  [() => i.sort(x, { axis: 5 }), "sort: axis 5 is not one of the 2 axes of [2, 3]"],

  [() => input("z", [2, 0]), "input: [2, 0] is no shape: every dimension must be at least 1"],
  [() => input("z", [1.5]), "input: [1.5] is no shape"],
  [() => constant([], [0]), "constant: [0] is no shape"],
  [() => constant([1, 2], [3]), "constant: 2 values do not fill the shape [3]"],
  [() => new State().variable("v", 0, [0]), "variable v: [0] is no shape"],
  [() => new State().variable("v", [1, 2], [3]), "variable v: 2 values do not fill the shape [3]"],
  [
    () => new State().parameters("p", { w: { shape: [3], dtype: "float32", data: new Float32Array(2) } }),
    "parameters p.w: needs [3] float32 values",
  ],
  [
    () => adam({ state: new State(), name: "a" }, row, scalar, { learningRate: 1 }),
    "adam: parameters [4] have a gradient of another shape, []",
  ],
  [
    () => sgd({ state: new State(), name: "s" }, row, scalar, { learningRate: 1 }),
    "sgd: parameters [4] have a gradient of another shape, []",
  ],
  [() => tensorOps.withDerivatives(row, [[x, x]]), "withDerivatives: cannot broadcast [2, 3] with [4]"],
  [
    () => tensorOps.withDerivatives(scalar, [[row, row]]),
    "withDerivatives: [4] does not broadcast to the value's shape []",
  ],
  [() => tensorOps.topK(scalar, 1), "topK: needs a last axis of a fixed size"],
];

const types: Calls = [
  [() => e.add(x, double), "add: operands are float32 and float64; cast one of them"],
  [() => e.add(bool, bool), "add: needs numbers, not bool; cast them"],
  [() => e.less(bool, bool), "less: needs numbers, not bool; cast them"],
  [() => e.add(whole, 0.5), "0.5 is no int64 value"],
  [() => e.and(x, x), "and: needs bools, not float32"],
  [() => e.or(whole, whole), "or: needs bools, not int64"],
  [() => e.not(x), "not: needs bools, not float32"],
  [() => e.where(x, x, x), "where: the condition must be bool, not float32"],
  [() => e.where(bool, bool, bool), "where: needs numbers, not bool; cast them"],
  [() => e.exp(whole), "exp: needs a float operand, not int64"],
  [() => e.polynomial(whole, [1, 2]), "polynomial: needs a float operand, not int64"],
  [() => r.sum(bool), "sum: needs numbers, not bool; cast them"],
  [() => r.mean(whole), "mean: needs a float operand, not int64"],
  [() => r.logSumExp(whole), "logSumExp: needs a float operand, not int64"],
  [() => r.softmax(whole), "softmax: needs a float operand, not int64"],
  [() => r.argmax(bool), "argmax: needs numbers, not bool; cast them"],
  [() => matmul(whole, whole, { transposeB: true }), "matmul: needs a float operand, not int64"],
  [() => matmul(x, double, { transposeB: true }), "matmul: operands are float32 and float64"],
  [() => linear(x, input("w", [3, 2]), input("b", [2], "float64")), "linear: operands are float32 and float64"],
  [() => standardize(whole), "standardize: needs a float operand, not int64"],
  [() => l.concat([x, double]), "concat: parts are float32 and float64"],
  [() => i.gather(x, x), "gather: indices must be int64 or int32, not float32"],
  [() => i.takeAlong(x, x), "takeAlong: indices must be int64 or int32, not float32"],
  [() => i.oneHot(x, 3), "oneHot: indices must be int64 or int32, not float32"],
  [() => i.scatterAdd(x, index, double), "scatterAdd: adds float64 to float32"],
  [() => i.topK(bool, 1), "topK: needs numbers, not bool; cast them"],
  [() => constant([0.5], [1], "int32"), "0.5 is no int32 value"],
  [() => tensorOps.withDerivatives(x, [[double, double]]), "withDerivatives: the value is float32"],
];

describe("a wrong shape or axis is a ShapeError", () => {
  it.each(shapes.map(([call, message]) => [message, call] as const))("%s", (message, call) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });
});

describe("a wrong type is a TypeError", () => {
  it.each(types.map(([call, message]) => [message, call] as const))("%s", (message, call) => {
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
  });
});
