import { compile, input, type NamedArray, Random, State } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { actor, columns, critics, initialActor, initialCritics } from "./networks.ts";

const sizes = { observationSize: 5, actionSize: 3, hidden: [16, 8] };

type Matrix = readonly (readonly number[])[];

/** Matrix number `k` of a stack `[…, rows, columns]`. */
function matrix({ shape, data }: NamedArray, k = 0): Matrix {
  const [rows = 0, width = 0] = shape.slice(-2);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column) => Number(data[(k * rows + row) * width + column])),
  );
}
const transpose = (m: Matrix): Matrix => (m[0] ?? []).map((_, column) => m.map((row) => row[column] ?? NaN));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);

/** Columns (rows, where there are more columns) are orthogonal and as long as the gain. */
function expectOrthogonal(m: Matrix, gain: number): void {
  const vectors = m.length < (m[0]?.length ?? 0) ? m : transpose(m);
  vectors.forEach((a, i) => {
    vectors.forEach((b, j) => {
      expect(dot(a, b)).toBeCloseTo(i === j ? gain ** 2 : 0, 5);
    });
  });
}

const values = (arrays: Record<string, NamedArray>, name: string): number[] =>
  Array.from(arrays[name]?.data ?? [], Number);
const need = (arrays: Record<string, NamedArray>, name: string): NamedArray => {
  const array = arrays[name];
  if (!array) throw new Error(`there is no ${name}`);
  return array;
};

/** Parameters with every entry moved off its initial value, so that each of them matters. */
function disturbed(arrays: Record<string, NamedArray>): Record<string, NamedArray> {
  const random = new Random(3);
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      name,
      { ...array, data: Float32Array.from(array.data as Float32Array, (value) => value + 0.3 * random.normal()) },
    ]),
  );
}

const layersOf = (hidden: readonly number[]): number[] => hidden.map((_, i) => i + 1);
const elu = (x: number): number => (x > 0 ? x : Math.expm1(x));

describe("the actor", () => {
  it("begins with orthogonal matrices, gain √2 for the means and 1 for the log deviations, and no bias", () => {
    const parameters = initialActor(new Random(1), sizes);
    expect(Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape]))).toEqual({
      "dense1.weight": [5, 16],
      "dense1.bias": [16],
      "dense2.weight": [16, 8],
      "dense2.bias": [8],
      "head.weight": [8, 6],
      "head.bias": [6],
    });
    expectOrthogonal(matrix(need(parameters, "dense1.weight")), Math.SQRT2);
    expectOrthogonal(matrix(need(parameters, "dense2.weight")), Math.SQRT2);
    const head = matrix(need(parameters, "head.weight"));
    expectOrthogonal(
      head.map((row) => row.slice(0, 3)),
      Math.SQRT2,
    );
    expectOrthogonal(
      head.map((row) => row.slice(3)),
      1,
    );
    for (const name of ["dense1.bias", "dense2.bias", "head.bias"]) {
      expect(new Set(values(parameters, name))).toEqual(new Set([0]));
    }
  });

  it("is drawn from the generator: the same for the same seed only", () => {
    const of = (seed: number) => initialActor(new Random(seed), sizes);
    expect(of(1)).toEqual(of(1));
    expect(values(of(1), "dense1.weight")).not.toEqual(values(of(2), "dense1.weight"));
  });

  it.each([[[4]], [[6, 5, 4]]])("with layers of %j computes ELU layers and one head", async (hidden) => {
    const parameters = disturbed(initialActor(new Random(2), { ...sizes, hidden }));
    const { tensors } = new State().parameters("actor", parameters);
    const program = await compile({ outputs: { raw: actor(tensors, input("s", ["batch", 5])) } }, { threads: 1 });
    const random = new Random(9);
    const states = Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => random.normal()));
    const expected = states.map((state) => {
      let x: readonly number[] = state;
      for (const i of layersOf(hidden)) x = dense(parameters, `dense${i}`, 0, x).map(elu);
      return dense(parameters, "head", 0, x);
    });
    const { raw } = await program.run({ s: states.flat() });
    expect(raw).toHaveLength(4 * 6);
    expected.flat().forEach((value, i) => {
      expect(Number(raw[i])).toBeCloseTo(value, 4);
    });
  });

  it("says which parameter is missing", () => {
    expect(() => actor({}, input("s", [1, 5]))).toThrow('the parameter "head.weight" is missing');
  });
});

/** x·W + b of matrix `k` of a stack. */
function dense(
  parameters: Record<string, NamedArray>,
  name: string,
  k: number,
  x: readonly number[],
): readonly number[] {
  const weight = transpose(matrix(need(parameters, `${name}.weight`), k));
  const bias = values(parameters, `${name}.bias`).slice(k * weight.length, (k + 1) * weight.length);
  return weight.map((column, i) => dot(x, column) + (bias[i] ?? NaN));
}

describe("the critics", () => {
  it("begin as two different orthogonal networks, their normalizations as identities", () => {
    const parameters = initialCritics(new Random(1), sizes);
    expect(Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape]))).toEqual({
      "dense1.weight": [2, 8, 16],
      "dense1.bias": [2, 1, 16],
      "norm1.scale": [2, 1, 16],
      "norm1.bias": [2, 1, 16],
      "dense2.weight": [2, 16, 8],
      "dense2.bias": [2, 1, 8],
      "norm2.scale": [2, 1, 8],
      "norm2.bias": [2, 1, 8],
      "out.weight": [2, 8, 1],
      "out.bias": [2, 1, 1],
    });
    for (const name of ["dense1", "dense2", "out"]) {
      const weight = need(parameters, `${name}.weight`);
      for (const k of [0, 1]) expectOrthogonal(matrix(weight, k), Math.SQRT2);
      expect(matrix(weight, 0)).not.toEqual(matrix(weight, 1));
      expect(new Set(values(parameters, `${name}.bias`))).toEqual(new Set([0]));
    }
    for (const i of [1, 2]) {
      expect(new Set(values(parameters, `norm${i}.scale`))).toEqual(new Set([1]));
      expect(new Set(values(parameters, `norm${i}.bias`))).toEqual(new Set([0]));
    }
  });

  it.each([[[4]], [[6, 5, 4]]])("with layers of %j each compute normalized ELU layers and a value", async (hidden) => {
    const parameters = disturbed(initialCritics(new Random(2), { ...sizes, hidden }));
    const { tensors } = new State().parameters("critics", parameters);
    const q = critics(tensors, input("s", [4, 5]), input("a", [4, 3]));
    expect(q.shape).toEqual([2, 4, 1]);
    const program = await compile({ outputs: { q } }, { threads: 1 });
    const random = new Random(9);
    const rows = (width: number) =>
      Array.from({ length: 4 }, () => Array.from({ length: width }, () => random.normal()));
    const [states, actions] = [rows(5), rows(3)];
    const expected = [0, 1].flatMap((k) =>
      states.map((state, row) => {
        let x: readonly number[] = [...state, ...(actions[row] ?? [])];
        for (const i of layersOf(hidden))
          x = normalized(parameters, `norm${i}`, k, dense(parameters, `dense${i}`, k, x)).map(elu);
        return dense(parameters, "out", k, x)[0] ?? NaN;
      }),
    );
    const result = await program.run({ s: states.flat(), a: actions.flat() });
    expected.forEach((value, i) => {
      expect(Number(result.q[i])).toBeCloseTo(value, 4);
    });
  });
});

/** (x − mean)/√(variance + 1e-6), times scale and bias `k` of a stack. */
function normalized(
  parameters: Record<string, NamedArray>,
  name: string,
  k: number,
  x: readonly number[],
): readonly number[] {
  const mean =
    dot(
      x,
      x.map(() => 1),
    ) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const part = (what: string) => values(parameters, `${name}.${what}`).slice(k * x.length, (k + 1) * x.length);
  const [scale, bias] = [part("scale"), part("bias")];
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-6)) * (scale[i] ?? NaN) + (bias[i] ?? NaN));
}

describe("plain networks", () => {
  const plain = { ...sizes, style: "plain" } as const;
  const relu = (x: number): number => Math.max(x, 0);

  it("begin as PyTorch's linear layers: everything uniform between ±1/√in", () => {
    const parameters = { ...initialActor(new Random(1), plain), ...initialCritics(new Random(1), plain) };
    expect(Object.keys(initialCritics(new Random(1), plain)).some((name) => name.startsWith("norm"))).toBe(false);
    for (const [name, fanIn] of Object.entries({ dense1: 8, dense2: 16, head: 8, out: 8 })) {
      for (const part of ["weight", "bias"]) {
        const bound = 1 / Math.sqrt(fanIn);
        for (const value of values(parameters, `${name}.${part}`)) expect(Math.abs(value)).toBeLessThanOrEqual(bound);
      }
      const weights = values(parameters, `${name}.weight`);
      const variance = weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length;
      expect(variance * 3 * fanIn).toBeGreaterThan(0.4);
      expect(variance * 3 * fanIn).toBeLessThan(1.7);
    }
  });

  it("compute ReLU layers without normalization", async () => {
    const [policy, values] = [initialActor(new Random(2), plain), initialCritics(new Random(2), plain)];
    const state = new State();
    const raw = actor(state.parameters("actor", policy).tensors, input("s", [1, 5]), "plain");
    const q = critics(state.parameters("critics", values).tensors, input("s", [1, 5]), input("a", [1, 3]), "plain");
    const program = await compile({ outputs: { raw, q } }, { threads: 1 });
    const random = new Random(9);
    const row = (width: number) => Array.from({ length: width }, () => random.normal());
    const [s, a] = [row(5), row(3)];
    const through = (parameters: Record<string, NamedArray>, k: number, x: readonly number[], last: string) =>
      dense(parameters, last, k, dense(parameters, "dense2", k, dense(parameters, "dense1", k, x).map(relu)).map(relu));
    const result = await program.run({ s, a });
    const expected = [
      ...through(policy, 0, s, "head"),
      ...[0, 1].flatMap((k) => through(values, k, [...s, ...a], "out")),
    ];
    [...(result.raw as Float32Array), ...(result.q as Float32Array)].forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? NaN, 5);
    });
  });
});

describe("columns", () => {
  it("puts two matrices beside each other, row by row", () => {
    const array = (shape: number[], data: number[]): NamedArray => ({
      shape,
      dtype: "float32",
      data: Float32Array.from(data),
    });
    const joined = columns(array([2, 1], [1, 2]), array([2, 2], [3, 4, 5, 6]));
    expect(joined.shape).toEqual([2, 3]);
    expect([...(joined.data as Float32Array)]).toEqual([1, 3, 4, 2, 5, 6]);
  });
});
