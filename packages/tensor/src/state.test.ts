import { describe, expect, it } from "vitest";
import { grad } from "./grad.ts";
import { add, mul, square, sub } from "./ops/elementwise.ts";
import { concat, reshape } from "./ops/layout.ts";
import { sum } from "./ops/reduce.ts";
import { adam, polyak } from "./optim.ts";
import { flatGradient, unflatten } from "./parameters.ts";
import { compile } from "./program.ts";
import { type NamedArray, State, viewRows } from "./state.ts";
import { constant, input } from "./tensor.ts";

const list = (values: ArrayLike<number | bigint> | undefined) => Array.from(values ?? [], Number);
const float32 = (values: readonly number[], shape: readonly number[] = [values.length]): NamedArray => ({
  shape,
  dtype: "float32",
  data: Float32Array.from(values),
});

describe("state that programs advance", () => {
  it("is one for all programs that use it", async () => {
    const state = new State();
    const count = state.variable("count", 0, [], "int64");
    const total = state.variable("total", 0);
    const x = input("x", []);
    const step = await compile({
      outputs: { before: total },
      updates: [
        [count, add(count, 1)],
        [total, add(total, x)],
      ],
    });
    const double = await compile({ outputs: {}, updates: [[total, mul(total, 2)]] });
    const look = await compile({ outputs: { count, total } });
    const befores = [];
    for (const value of [1, 2, 3]) {
      befores.push(...list((await step.run({ x: [value] })).before));
      await double.run();
    }
    expect(befores).toEqual([0, 2, 8]);
    const results = await look.run();
    expect([list(results.count), list(results.total)]).toEqual([[3], [22]]);
    expect(list(state.read(total))).toEqual([22]);
  });

  it("is read as it was before the run by every update", async () => {
    const state = new State();
    const [a, b, c] = [state.variable("a", 1), state.variable("b", 2), state.variable("c", 3)];
    const program = await compile({
      outputs: { sum: add(add(a, b), c) },
      updates: [
        [a, b],
        [b, a],
        [c, constant(9)],
      ],
    });
    expect(list((await program.run()).sum)).toEqual([6]);
    expect([a, b, c].map((variable) => list(state.read(variable))[0])).toEqual([2, 1, 9]);
    expect(list((await program.run()).sum)).toEqual([12]);
    expect([a, b, c].map((variable) => list(state.read(variable))[0])).toEqual([1, 2, 9]);
  });

  it("holds every element type", async () => {
    const state = new State();
    const types = ["float32", "float64", "int64", "int32"] as const;
    const variables = types.map((dtype) => state.variable(dtype, [1, 2], [2], dtype));
    const flag = state.variable("bool", [1, 0], [2], "bool");
    const program = await compile({
      outputs: {},
      updates: [...variables.map((variable) => [variable, mul(variable, 3)] as const), [flag, flag]],
    });
    await program.run();
    for (const variable of variables) expect(list(state.read(variable))).toEqual([3, 6]);
    expect(list(state.read(flag))).toEqual([1, 0]);
  });

  it("advances a group through its flat vector and shows the parts", async () => {
    const state = new State();
    const net = state.parameters("net", { w: float32([1, 2, 3, 4], [2, 2]), b: float32([5], []) });
    const { w, b } = net.tensors;
    const program = await compile({
      outputs: { loss: add(sum(square(w)), b), flat: net.flat },
      updates: [[net.flat, mul(net.flat, 10)]],
    });
    expect(list((await program.run()).loss)).toEqual([35]);
    expect(list((await program.run()).loss)).toEqual([3050]);
    expect([list(state.read(w)), list(state.read(b))]).toEqual([[100, 200, 300, 400], [500]]);
    const { "net.w": part } = state.arrays();
    expect(part).toEqual({ name: "net.w", shape: [2, 2], dtype: "float32", data: Float32Array.of(100, 200, 300, 400) });
  });
});

describe("groups of parameters", () => {
  const state = new State();
  const net = state.parameters("net", { w: float32([1, 2, 3, 4], [2, 2]), b: float32([5, 6]) });
  const { w, b } = net.tensors;

  it("have one flat gradient in their order, and names for the parts of another vector", async () => {
    const gradient = flatGradient(add(sum(mul(w, w)), sum(mul(b, 7))), net);
    const parts = unflatten(mul(net.flat, 2), net);
    expect([parts.w.shape, parts.b.shape]).toEqual([[2, 2], [2]]);
    const program = await compile({
      outputs: {
        gradient,
        parts: concat([reshape(parts.w, [-1]), parts.b]),
        viaGrad: grad(sum(mul(w, w)), [w])[0] ?? w,
      },
    });
    const results = await program.run();
    expect(list(results.gradient)).toEqual([2, 4, 6, 8, 7, 7]);
    expect(list(results.parts)).toEqual([2, 4, 6, 8, 10, 12]);
    expect(list(results.viaGrad)).toEqual([2, 4, 6, 8]);
  });

  it("average towards another by polyak", async () => {
    const program = await compile({ outputs: { y: polyak(net.flat, mul(net.flat, 3), 0.25) } });
    expect(list((await program.run()).y)).toEqual([1.5, 3, 4.5, 6, 7.5, 9]);
  });
});

describe("saving and loading", () => {
  /** A network in training: one Adam step a run. */
  async function training() {
    const state = new State();
    const net = state.parameters("net", { w: float32([1, -1]), b: float32([0.5]) });
    const loss = sum(square(sub(add(mul(net.tensors.w, input("x", [2])), net.tensors.b), 3)));
    const { updates } = adam({ state, name: "adam" }, net.flat, flatGradient(loss, net), { learningRate: 0.1 });
    const program = await compile({ outputs: { loss }, updates });
    const run = async (from: number, to: number) => {
      const losses = [];
      for (let i = from; i < to; i++) losses.push(...list((await program.run({ x: [Math.sin(i), i] })).loss));
      return losses;
    };
    return { state, run };
  }
  const copied = (arrays: Record<string, NamedArray>) =>
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, { ...array, data: array.data.slice() }]));

  it("names every variable, and a group's parts", async () => {
    const { state } = await training();
    expect(Object.keys(state.arrays())).toEqual([
      "net.w",
      "net.b",
      "adam.first",
      "adam.second",
      "adam.correction1",
      "adam.correction2",
    ]);
  });

  it("continues bit for bit in another process' state", async () => {
    const whole = await (await training()).run(0, 9);
    const first = await training();
    const losses = await first.run(0, 4);
    const saved = copied(first.state.arrays());
    const second = await training();
    await second.run(0, 2);
    second.state.load(saved);
    expect([...losses, ...(await second.run(4, 9))]).toEqual(whole);
  });

  it("changes nothing unless everything fits", async () => {
    const { state, run } = await training();
    await run(0, 1);
    const before = copied(state.arrays());
    const other = Object.fromEntries(
      Object.entries(before).map(([name, array]) => [name, { ...array, data: array.data.map(() => 9 as never) }]),
    ) as Record<string, NamedArray>;
    const { "adam.first": _, ...missing } = other;
    const second = other["adam.second"] as NamedArray;
    const wrong: [Record<string, NamedArray>, string][] = [
      [missing, 'state: "adam.first" is missing from what is loaded'],
      [
        { ...other, "adam.second": { ...second, shape: [1, 3] } },
        '"adam.second" is float32 [1, 3] in what is loaded, but float32 [3] here',
      ],
      [
        { ...other, "adam.second": { ...second, dtype: "float64" } },
        '"adam.second" is float64 [3] in what is loaded, but float32 [3] here',
      ],
      [{ ...other, "adam.second": { ...second, data: new Float32Array(2) } }, '"adam.second" is float32 [3]'],
      [{ ...other, "adam.second": { ...second, data: new Float64Array(3) } }, '"adam.second" is float32 [3]'],
    ];
    for (const [arrays, message] of wrong) {
      expect(() => state.load(arrays)).toThrow(message);
      expect(copied(state.arrays())).toEqual(before);
    }
    state.load({ ...other, extra: second });
    expect(Object.values(state.arrays()).flatMap(({ data }) => list(data))).toEqual(Array(11).fill(9));
  });

  it("may load its own arrays", async () => {
    const { state } = await training();
    const before = copied(state.arrays());
    state.load(state.arrays());
    expect(copied(state.arrays())).toEqual(before);
  });
});

describe("names in a state", () => {
  it("are taken once, by variables, groups and their parts", () => {
    const state = new State();
    state.variable("a", 0);
    state.parameters("net", { w: float32([1]) });
    const taken = (name: string) => `state: there is already a variable "${name}"`;
    expect(() => state.variable("a", 1)).toThrow(taken("a"));
    expect(() => state.variable("net", 1)).toThrow(taken("net"));
    expect(() => state.variable("net.w", 1)).toThrow(taken("net.w"));
    expect(() => state.parameters("a", { w: float32([1]) })).toThrow(taken("a"));
    expect([...state.variables].map(({ name }) => name)).toEqual(["a", "net"]);
  });

  it("are copies of the initial values", () => {
    const state = new State();
    const initial = Float32Array.of(1, 2);
    const variable = state.variable("v", initial);
    initial[0] = 50;
    expect(list(state.read(variable))).toEqual([1, 2]);
  });

  it("are read through tensors of the state alone", () => {
    const state = new State();
    const variable = state.variable("v", [1, 2]);
    expect(() => state.read(mul(variable, 2))).toThrow("state: mul[2] float32 is not a variable");
  });
});

describe("viewRows", () => {
  it("reads rows of a variable, or of a part of a group, as a slice of anything else does", async () => {
    const state = new State();
    const { tensors } = state.parameters("group", { a: float32([9]), b: float32([1, 2, 3, 4, 5, 6], [3, 2]) });
    const x = input("x", [3, 2]);
    const outputs = { view: viewRows(tensors.b, 1, 3), all: viewRows(tensors.b, 0, 3), cut: viewRows(x, 0, 1) };
    const program = await compile({ outputs });
    const { view, all, cut } = await program.run({ x: [7, 8, 9, 10, 11, 12] });
    await program.dispose();
    expect([list(view), list(all), list(cut)]).toEqual([
      [3, 4, 5, 6],
      [1, 2, 3, 4, 5, 6],
      [7, 8],
    ]);
    expect(() => viewRows(tensors.b, 2, 4)).toThrow("viewRows: there are no rows 2 to 4 of [3, 2]");
  });
});
