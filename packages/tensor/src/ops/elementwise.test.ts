import { describe } from "vitest";
import type { Tensor } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { binaryCases, given, type OperationCase, real, unaryCases } from "../testing/operationCases.ts";
import * as elementwise from "./elementwise.ts";
import { cast, mul } from "./elementwise.ts";

type Operand = Tensor | number;

/** A comparison, with ties, broadcasting, numbers and integers. */
const comparison = (f: (a: Operand, b: Operand) => Tensor): OperationCase[] => [
  {
    name: "[2, 3] with [3], floats",
    inputs: [given([1, 2, 3, 3, 2, 1], [2, 3]), given([2, 2, 2])],
    build: f,
  },
  {
    name: "[2, 1] with [3], integers",
    inputs: [given([-1, 2], [2, 1], "int64"), given([-1, 0, 2], [3], "int64")],
    build: f,
  },
  { name: "a number on the right", inputs: [given([1, 2, 3], [3], "int32")], build: (a) => f(a, 2) },
  { name: "a number on the left", inputs: [given([1, 2, 3])], build: (a) => f(2, a) },
];

const bools = given([0, 0, 1, 1], [2, 2], "bool");
const logical = (f: (a: Operand, b: Operand) => Tensor): OperationCase[] => [
  {
    name: "all four pairs",
    inputs: [bools, given([0, 1, 0, 1], [2, 2], "bool")],
    build: f,
  },
  { name: "broadcast", inputs: [bools, given([1], [], "bool")], build: (a, b) => f(b, a) },
];

const integers = (f: (a: Operand, b: Operand) => Tensor): OperationCase[] =>
  (["int64", "int32"] as const).map((kind) => ({
    name: `${kind}, with another and with a number`,
    inputs: [given([-7, 5, 2, 9], [2, 2], kind), given([3, -2], [2], kind)],
    build: (a, b) => [f(a, b), f(a, 2), f(20, b)],
  }));

const clipped = (low: number, high: number): OperationCase => ({
  name: `to [${low}, ${high}]`,
  inputs: [real([2, 5])],
  build: (x) => elementwise.clip(x, low, high),
});

const float32Only = { float64: false } as const;

describe("elementwise operations", () => {
  describeOperations(elementwise, {
    add: [...binaryCases(elementwise.add), ...integers(elementwise.add)],
    sub: [...binaryCases(elementwise.sub), ...integers(elementwise.sub)],
    mul: [...binaryCases(elementwise.mul), ...integers(elementwise.mul)],
    div: [...binaryCases(elementwise.div, [0.5, 3]), ...integers(elementwise.div)],
    neg: [
      ...unaryCases(elementwise.neg),
      { name: "integers", inputs: [given([-7, 5], [2], "int64")], build: elementwise.neg },
    ],
    maximum: [...binaryCases(elementwise.maximum), ...integers(elementwise.maximum)],
    minimum: [...binaryCases(elementwise.minimum), ...integers(elementwise.minimum)],
    pow: [
      ...binaryCases(elementwise.pow, [0.5, 2]),
      ...[-2, -1, 0, 0.5, 1, 2, 3, 2.5].map((power) => ({
        name: `to the ${power}`,
        inputs: [real([2, 3], 0.2, 2)],
        build: (x: Tensor) => elementwise.pow(x, power),
      })),
      ...[-1, 2, 3].map((power) => ({
        name: `negative numbers to the ${power}`,
        inputs: [real([4], -2, -0.5)],
        build: (x: Tensor) => elementwise.pow(x, power),
      })),
    ],
    less: comparison(elementwise.less),
    lessEqual: comparison(elementwise.lessEqual),
    greater: comparison(elementwise.greater),
    greaterEqual: comparison(elementwise.greaterEqual),
    equal: [...comparison(elementwise.equal), ...logical(elementwise.equal)],
    notEqual: [...comparison(elementwise.notEqual), ...logical(elementwise.notEqual)],
    and: logical(elementwise.and),
    or: logical(elementwise.or),
    not: [{ name: "[2, 2]", inputs: [bools], build: (x) => elementwise.not(x) }],
    where: [
      {
        name: "of three that broadcast",
        inputs: [given([1, 0], [2, 1], "bool"), real([3]), real([2, 2, 1], -2, 2, 1)],
        build: (c, a, b) => elementwise.where(c, a, b),
      },
      {
        name: "of a wide condition and small sides",
        inputs: [given([1, 0, 0, 1, 1, 0], [2, 3], "bool"), real([]), real([1], -2, 2, 1)],
        build: (c, a, b) => elementwise.where(c, a, b),
      },
      {
        name: "with numbers",
        inputs: [bools, real([2, 2])],
        build: (c, x) => [elementwise.where(c, x, 7), elementwise.where(c, -7, x)],
      },
      {
        name: "of integers",
        inputs: [bools, given([1, 2, 3, 4], [2, 2], "int64")],
        build: (c, x) => elementwise.where(c, x, 0),
      },
    ],
    clip: [
      clipped(-1, 1),
      clipped(0.3, Number.POSITIVE_INFINITY),
      clipped(Number.NEGATIVE_INFINITY, -0.3),
      clipped(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
    ],
    exp: unaryCases(elementwise.exp),
    log: unaryCases(elementwise.log, [0.2, 3]),
    sqrt: unaryCases(elementwise.sqrt, [0.2, 3]),
    reciprocal: unaryCases(elementwise.reciprocal, [0.5, 3]),
    square: unaryCases(elementwise.square),
    abs: unaryCases(elementwise.abs),
    sign: unaryCases(elementwise.sign),
    floor: unaryCases(elementwise.floor),
    sin: unaryCases(elementwise.sin, [-4, 4]),
    cos: unaryCases(elementwise.cos, [-4, 4]),
    tanh: unaryCases(elementwise.tanh),
    sigmoid: unaryCases(elementwise.sigmoid, [-4, 4]),
    erf: [
      ...unaryCases(elementwise.erf),
      ...unaryCases(elementwise.erf, [-7, 7])
        .slice(1, 2)
        .map((each) => ({ ...each, name: "to its ends" })),
    ],
    log1p: unaryCases(elementwise.log1p, [-0.8, 2]),
    expm1: unaryCases(elementwise.expm1),
    softplus: unaryCases(elementwise.softplus, [-4, 4], float32Only),
    relu: unaryCases(elementwise.relu),
    elu: unaryCases(elementwise.elu),
    silu: unaryCases(elementwise.silu, [-4, 4]),
    mish: [...unaryCases(elementwise.mish, [-4, 4]), ...unaryCases(elementwise.mish, [15, 25])],
    gelu: unaryCases(elementwise.gelu, [-3, 3], float32Only),
    polynomial: [
      ...unaryCases((x) => elementwise.polynomial(x, [0.5, -1, 2, 0.25])),
      ...[[2], [1, -3], [0, 0, 1]].map((coefficients) => ({
        name: `with coefficients ${coefficients.join(", ")}`,
        inputs: [real([2, 2])],
        build: (x: Tensor) => elementwise.polynomial(x, coefficients),
      })),
    ],
    cast: [
      {
        name: "float32 and float64",
        inputs: [real([2, 3])],
        build: (x) => mul(cast(cast(x, "float64"), "float32"), 2),
        ...float32Only,
      },
      {
        name: "floats to integers and bools",
        inputs: [given([-1.7, 0, 0.4, 2.9])],
        build: (x) => [cast(x, "int64"), cast(x, "int32"), cast(x, "bool")],
      },
      {
        name: "bools to numbers",
        inputs: [bools],
        build: (x) => [cast(x, "float32"), cast(x, "int64"), cast(x, "float64")],
      },
      {
        name: "integers to floats",
        inputs: [given([-3, 0, 5], [3], "int64")],
        build: (x) => [cast(x, "float32"), cast(x, "int32"), cast(x, "bool")],
      },
    ],
    stopGradient: [
      {
        name: "the value of an expression (its derivative: grad.test.ts)",
        inputs: [real([2, 2])],
        build: (x) => elementwise.stopGradient(mul(x, 3)),
        gradient: false,
      },
    ],
  });
});
