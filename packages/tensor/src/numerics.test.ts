/** float32 programs at the ends of the range and where formulas cancel, against float64 references. */
import { describe, expect, it } from "vitest";
import { grad } from "./grad.ts";
import * as elementwise from "./ops/elementwise.ts";
import { standardize } from "./ops/normalization.ts";
import { logSoftmax, logSumExp, softmax, sum } from "./ops/reduce.ts";
import { input, type Tensor } from "./tensor.ts";
import { runTensors } from "./testing/checkOperation.ts";

const infinity = Number.POSITIVE_INFINITY;

/** Values and derivatives of a function of one number at each of `xs`, as a float32 program gives them. */
async function evaluate(f: (x: Tensor) => Tensor, xs: readonly number[]): Promise<{ value: number; slope: number }[]> {
  const x = input("x", [xs.length]);
  const y = f(x);
  const [values, slopes] = await runTensors([y, ...grad(sum(y), [x])], [x], { x: xs });
  return xs.map((_, i) => ({ value: Number(values?.[i]), slope: Number(slopes?.[i]) }));
}

/** Whether the error is within `relative` of the number or within `absolute`. */
function expectNear(actual: number, expected: number, relative: number, absolute: number, what: string): void {
  const isNear =
    Object.is(actual, expected) ||
    actual === expected ||
    Math.abs(actual - expected) <= Math.max(relative * Math.abs(expected), absolute);
  expect(isNear, `${what}: ${actual}, not ${expected}`).toBe(true);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const near0 = [0, 1e-8, -1e-8, 1e-6, -1e-6, 1e-4, -1e-4, 1e-3, -1e-3, 0.01, -0.01, 0.3, -0.3, 0.49, -0.49, 0.51, -0.51];
const far = [1, -1, 5, -5, 17, -17, 30, -30, 88, -88, 100, -100, 1e10, -1e10, 1e38, -1e38];

/** Errors are relative to the number, or absolute where that is larger. */
const functions: readonly (readonly [
  name: string,
  f: (x: Tensor) => Tensor,
  value: (x: number) => number,
  slope: (x: number) => number,
  xs: readonly number[],
  errors: { readonly value: readonly [number, number]; readonly slope: readonly [number, number] },
])[] = [
  [
    "log1p",
    elementwise.log1p,
    Math.log1p,
    (x) => 1 / (1 + x),
    [...near0, -0.9, -0.9999, ...far.filter((x) => x > -1), -1, infinity],
    { value: [3e-7, 0], slope: [3e-7, 0] },
  ],
  [
    "expm1",
    elementwise.expm1,
    Math.expm1,
    Math.exp,
    [...near0, ...far, infinity, -infinity],
    { value: [3e-7, 0], slope: [3e-7, 1.2e-7] },
  ],
  [
    "softplus",
    elementwise.softplus,
    softplus,
    sigmoid,
    [...near0, ...far, infinity, -infinity],
    { value: [3e-7, 1e-38], slope: [0, 1.2e-7] },
  ],
  [
    "sigmoid",
    elementwise.sigmoid,
    sigmoid,
    (x) => sigmoid(x) * sigmoid(-x),
    [...near0, ...far, infinity, -infinity],
    { value: [0, 1.2e-7], slope: [0, 1.2e-7] },
  ],
  [
    "tanh",
    elementwise.tanh,
    Math.tanh,
    (x) => 1 - Math.tanh(x) ** 2,
    [...near0, ...far, infinity, -infinity],
    { value: [3e-7, 0], slope: [0, 2e-7] },
  ],
  [
    "elu",
    elementwise.elu,
    (x) => (x > 0 ? x : Math.expm1(x)),
    (x) => Math.exp(Math.min(x, 0)),
    [...near0, ...far, -infinity],
    { value: [1e-7, 1.2e-7], slope: [3e-7, 1e-38] },
  ],
  [
    "silu",
    elementwise.silu,
    (x) => x * sigmoid(x),
    (x) => sigmoid(x) * (1 + x * sigmoid(-x)),
    [...near0, ...far],
    { value: [1.2e-6, 2e-6], slope: [0, 2e-6] },
  ],
  [
    "mish",
    elementwise.mish,
    (x) => x * Math.tanh(softplus(x)),
    (x) => Math.tanh(softplus(x)) + x * (1 - Math.tanh(softplus(x)) ** 2) * sigmoid(x),
    [...near0, ...far],
    { value: [5e-7, 1e-36], slope: [5e-7, 4e-7] },
  ],
  [
    "relu",
    elementwise.relu,
    (x) => Math.max(x, 0),
    (x) => Number(x > 0),
    [...near0, ...far],
    { value: [1e-7, 0], slope: [0, 0] },
  ],
  [
    "sqrt",
    elementwise.sqrt,
    Math.sqrt,
    (x) => 0.5 / Math.sqrt(x),
    [0, 1e-30, 1e-8, 2, 1e30, infinity],
    { value: [2e-7, 0], slope: [3e-7, 0] },
  ],
  [
    "log",
    elementwise.log,
    Math.log,
    (x) => 1 / x,
    [0, 1e-30, 1e-8, 0.9999, 1, 1.0001, 1e30, infinity],
    { value: [3e-7, 0], slope: [3e-7, 0] },
  ],
  [
    "exp",
    elementwise.exp,
    Math.exp,
    Math.exp,
    [...near0, 5, -5, 88, -80, 100, -100, infinity, -infinity],
    { value: [3e-7, 1e-38], slope: [3e-7, 1e-38] },
  ],
];

describe("functions in float32", () => {
  it.each(functions)("%s", async (name, f, value, slope, xs, errors) => {
    const results = await evaluate(f, xs);
    results.forEach((result, i) => {
      const x = Math.fround(xs[i] ?? 0);
      const overflows = (y: number) => (Math.fround(y) === infinity ? infinity : y);
      expectNear(result.value, overflows(value(x)), ...errors.value, `${name}(${x})`);
      expectNear(result.slope, overflows(slope(x)), ...errors.slope, `${name}'(${x})`);
    });
  });

  it("gelu, whose slope goes to 0 and 1", async () => {
    const results = await evaluate(elementwise.gelu, [0, -30, 30, -1e10, 1e10]);
    expect(results).toEqual([
      { value: 0, slope: 0.5 },
      { value: -0, slope: 0 },
      { value: 30, slope: 1 },
      { value: -0, slope: 0 },
      { value: Math.fround(1e10), slope: 1 },
    ]);
  });

  it("outside of their domain give NaN", async () => {
    for (const f of [elementwise.log, elementwise.sqrt]) {
      expect((await evaluate(f, [-1]))[0]?.value).toBeNaN();
    }
    expect((await evaluate(elementwise.log1p, [-1.5]))[0]?.value).toBeNaN();
  });

  it("pow at 0", async () => {
    const cube = await evaluate((x) => elementwise.pow(x, 3), [0, -2]);
    expect(cube).toEqual([
      { value: 0, slope: 0 },
      { value: -8, slope: 12 },
    ]);
    const one = await evaluate((x) => elementwise.pow(x, 0), [0, 3]);
    expect(one).toEqual([
      { value: 1, slope: 0 },
      { value: 1, slope: 0 },
    ]);
  });

  it("products with numbers do not overflow because they were merged", async () => {
    const [result] = await evaluate((x) => elementwise.mul(elementwise.mul(x, 1e30), 1e30), [1e-30]);
    expectNear(result?.value ?? 0, 1e30, 1e-6, 0, "1e-30·1e30·1e30");
    const [small] = await evaluate((x) => elementwise.mul(elementwise.div(x, 1e-36), 1e-36), [3]);
    expectNear(small?.value ?? 0, 3, 1e-6, 0, "3/1e-36·1e-36");
  });
});

describe("the softmax family in float32", () => {
  const rows = [1e4, 1e4, -1e4, -1e30, -1e30, -1e30, Number.NEGATIVE_INFINITY, 0, 1, 88, 89, 90];
  const run = (f: (x: Tensor) => Tensor) => {
    const x = input("x", [4, 3]);
    return runTensors([f(x)], [x], { x: rows }).then(([values]) => Array.from(values ?? [], Number));
  };
  const exponentials = [1, Math.exp(-1), Math.exp(-2)];
  const total = exponentials.reduce((a, b) => a + b);

  it("softmax neither overflows nor loses a row", async () => {
    const values = await run((x) => softmax(x));
    const e = Math.E;
    const expected = [
      0.5,
      0.5,
      0,
      1 / 3,
      1 / 3,
      1 / 3,
      0,
      1 / (1 + e),
      e / (1 + e),
      ...exponentials.map((v) => v / total).reverse(),
    ];
    values.forEach((value, i) => {
      expectNear(value, expected[i] ?? 0, 3e-7, 0, `softmax ${i}`);
    });
  });

  it("logSumExp and logSoftmax agree with it", async () => {
    const peaks = [1e4 + Math.LN2, -1e30, Math.log(1 + Math.E), 90 + Math.log(total)];
    const [sums, logs] = [await run((x) => logSumExp(x, -1)), await run((x) => logSoftmax(x))];
    sums.forEach((value, i) => {
      expectNear(value, peaks[i] ?? 0, 3e-7, 0, `logSumExp ${i}`);
    });
    logs.forEach((value, i) => {
      const expected = (rows[i] ?? 0) - (peaks[Math.floor(i / 3)] ?? 0);
      if (i < 3 || i > 5) expectNear(value, expected, 3e-7, 1e-6, `logSoftmax ${i}`);
      else expectNear(value, -Math.log(3), 3e-7, 0, `logSoftmax ${i}`);
    });
  });

  it("their gradients stay finite", async () => {
    const x = input("x", [4, 3]);
    const weights = elementwise.add(elementwise.mul(elementwise.cast(elementwise.greater(x, 0), "float32"), 3), 1);
    const losses = [sum(elementwise.mul(softmax(x), weights)), sum(logSumExp(x, -1))];
    const gradients = losses.flatMap((loss) => grad(loss, [x]));
    for (const values of await runTensors(gradients, [x], { x: rows })) {
      expect(Array.from(values, Number).every(Number.isFinite)).toBe(true);
    }
  });
});

describe("standardize in float32", () => {
  it.each([0, 10, 1000, 10_000])("keeps its digits at a mean of %d", async (mean) => {
    const x = input("x", [1, 64]);
    const values = Array.from({ length: 64 }, (_, i) => Math.fround(mean + Math.sin(i)));
    const average = values.reduce((a, b) => a + b) / 64;
    const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / 64;
    const [result] = await runTensors([standardize(x)], [x], { x: values });
    values.forEach((value, i) => {
      const expected = (value - average) / Math.sqrt(variance + 1e-5);
      expectNear(Number(result?.[i]), expected, 0, 1e-6 + mean * 1e-7, `standardize ${i}`);
    });
  });

  it("of a constant row is 0, with a finite gradient", async () => {
    const x = input("x", [1, 4]);
    const [values, slopes] = await runTensors(
      [standardize(x), ...grad(sum(elementwise.mul(standardize(x), x)), [x])],
      [x],
      { x: [3, 3, 3, 3] },
    );
    expect(Array.from(values ?? [], Number).map(Math.abs)).toEqual([0, 0, 0, 0]);
    expect(Array.from(slopes ?? [], Number).every(Number.isFinite)).toBe(true);
  });
});
