import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildModel } from "./model.ts";
import { add, cast, div, equal, exp, log, mul, not } from "./ops/elementwise.ts";
import { gather } from "./ops/indexing.ts";
import { sum } from "./ops/reduce.ts";
import { compile, NonFiniteError, type Program } from "./program.ts";
import { ShapeError } from "./shape.ts";
import { State } from "./state.ts";
import { constant, input } from "./tensor.ts";

const list = (values: ArrayLike<number | bigint> | undefined) => Array.from(values ?? [], Number);

describe("feeding a program", () => {
  let program: Program<"y" | "picked" | "flipped">;
  beforeAll(async () => {
    const x = input("x", ["batch", 2]);
    program = await compile({
      outputs: {
        y: mul(x, 2),
        picked: gather(constant([10, 20, 30]), input("tokens", [2], "int64")),
        flipped: not(input("flags", [3], "bool")),
      },
    });
  });
  afterAll(() => program.dispose());

  const feeds = { x: [1, 2], tokens: [2, 0], flags: [1, 0, 1] };

  it("takes lists of numbers for every type", async () => {
    const results = await program.run(feeds);
    expect(results.y).toEqual(Float32Array.of(2, 4));
    expect(list(results.picked)).toEqual([30, 10]);
    expect(results.flipped).toEqual(Uint8Array.of(0, 1, 0));
  });

  it("takes typed arrays, of its own type without a copy and of others converted", async () => {
    const own = { x: Float32Array.of(1, 2), tokens: BigInt64Array.of(1n, 1n), flags: Uint8Array.of(0, 0, 1) };
    expect(list((await program.run(own)).y)).toEqual([2, 4]);
    own.x[0] = 50;
    expect(list((await program.run(own)).y)).toEqual([100, 4]);
    const other = { ...own, x: Float64Array.of(3, 4), tokens: Int32Array.of(0, 1) };
    const results = await program.run(other);
    expect([list(results.y), list(results.picked)]).toEqual([
      [6, 8],
      [10, 20],
    ]);
  });

  it("fills a named dimension with what is given", async () => {
    expect(list((await program.run({ ...feeds, x: [1, 2, 3, 4, 5, 6] })).y)).toEqual([2, 4, 6, 8, 10, 12]);
    expect(list((await program.run(feeds)).y)).toEqual([2, 4]);
  });

  it("gives fresh arrays", async () => {
    const first = await program.run(feeds);
    await program.run({ ...feeds, x: [100, 100] });
    expect(list(first.y)).toEqual([2, 4]);
  });

  it.each([
    [{ x: [1, 2], tokens: [0, 0] }, 'run: the input "flags" [3] is missing'],
    [{ ...feeds, z: [1] }, 'run: there is no input "z"; inputs are x, tokens, flags'],
    [{ ...feeds, x: [1, 2, 3] }, 'run: the input "x" needs [batch, 2] values, not 3'],
    [{ ...feeds, x: [] }, 'run: the input "x" needs [batch, 2] values, not 0'],
    [{ ...feeds, tokens: [1] }, 'run: the input "tokens" needs [2] values, not 1'],
    [{ ...feeds, tokens: [0.5, 1] }, 'run: the input "tokens": 0.5 is no int64 value'],
    [{ ...feeds, tokens: [Number.NaN, 1] }, 'run: the input "tokens": NaN is no int64 value'],
  ])("refuses %o", async (wrong, message) => {
    await expect(program.run(wrong)).rejects.toThrow(message);
  });
});

describe("compile", () => {
  it("refuses updates of what is no whole variable, of one twice, and to another shape or type", async () => {
    const state = new State();
    const v = state.variable("v", [1, 2]);
    const { tensors } = state.parameters("net", {
      w: { shape: [2], dtype: "float32", data: Float32Array.of(1, 2) },
      b: { shape: [1], dtype: "float32", data: Float32Array.of(3) },
    });
    const outputs = {};
    const refuse = async (updates: Parameters<typeof compile>[0]["updates"] & object, message: string) =>
      expect(compile({ outputs, updates })).rejects.toThrow(message);
    await refuse([[mul(v, 1.5), v]], "compile: mul[2] float32 is not a whole variable");
    await refuse([[tensors.w, tensors.w]], "compile: variable[2] float32 is not a whole variable");
    await refuse(
      [
        [v, mul(v, 2)],
        [v, mul(v, 3)],
      ],
      "compile: variable v is updated twice",
    );
    await refuse([[v, sum(v)]], "compile: variable v [2] cannot become sum[] float32");
    await refuse([[v, cast(v, "float64")]], "compile: variable v [2] cannot become cast[2] float64");
    await expect(compile({ outputs, updates: [[v, sum(v)]] })).rejects.toThrow(ShapeError);
  });

  it("says what ONNX Runtime cannot compute in float64", async () => {
    const x = input("x", [2], "float64");
    const { gelu } = await import("./ops/elementwise.ts");
    await expect(compile({ outputs: { y: gelu(x) } })).rejects.toThrow("gelu: ONNX Runtime has no float64 kernel");
  });

  it("freezes variables at the values of the moment", async () => {
    const state = new State();
    const v = state.variable("v", [1, 2]);
    const outputs = { y: mul(v, 10) };
    const [frozen, live] = [await compile({ outputs }, { frozen: true }), await compile({ outputs })];
    const update = await compile({ outputs: {}, updates: [[v, add(v, 1)]] });
    await update.run();
    expect(list((await frozen.run()).y)).toEqual([10, 20]);
    expect(list((await live.run()).y)).toEqual([20, 30]);
    await expect(compile({ outputs: {}, updates: [[v, v]] }, { frozen: true })).rejects.toThrow(
      "compile: a frozen program cannot update variables",
    );
  });

  it("refuses a run that writes what another is writing", async () => {
    const state = new State();
    const v = state.variable("v", 1);
    const program = await compile({ outputs: {}, updates: [[v, mul(v, 2)]] });
    const first = program.run();
    await expect(program.run()).rejects.toThrow('run: variable "v" is being written by a run; await that first');
    await first;
    await program.run();
    expect(list(state.read(v))).toEqual([4]);
  });

  it("runs on the number of threads asked for", async () => {
    const program = await compile({ outputs: { y: exp(input("x", [2])) } }, { threads: 1 });
    expect(list((await program.run({ x: [0, 0] })).y)).toEqual([1, 1]);
  });
});

describe("a guard", () => {
  it("stops a run whose output is not finite, names it, and leaves the state as it was", async () => {
    const state = new State();
    const weight = state.variable("weight", [1, 2]);
    const x = input("x", []);
    const loss = log(x);
    const program = await compile({
      outputs: { fine: sum(weight), loss, rate: div(1, x) },
      updates: [[weight, add(weight, loss)]],
      guard: ["loss", "rate"],
    });
    await program.run({ x: [1] });
    expect(list(state.read(weight))).toEqual([1, 2]);

    const failure = program.run({ x: [0] });
    await expect(failure).rejects.toThrow(NonFiniteError);
    await expect(failure).rejects.toMatchObject({ quantity: "loss", value: Number.NEGATIVE_INFINITY });
    await expect(program.run({ x: [-1] })).rejects.toThrow("loss is NaN");
    expect(list(state.read(weight))).toEqual([1, 2]);

    const { fine } = await program.run({ x: [Math.E] });
    expect(list(fine)).toEqual([3]);
    expect(list(state.read(weight))).toEqual([2, 3]);
  });

  it("lets other outputs be what they are", async () => {
    const x = input("x", [2]);
    const program = await compile({ outputs: { y: log(x), same: equal(x, x) }, guard: ["same"] });
    expect(list((await program.run({ x: [0, 1] })).y)).toEqual([Number.NEGATIVE_INFINITY, 0]);
  });
});

describe("named dimensions", () => {
  it("have one size in a run, which an input with fewer of them tells", async () => {
    const table = input("table", ["rows", "columns"]);
    const weights = input("weights", ["rows", 1]);
    const program = await compile({ outputs: { y: mul(table, weights) } });
    const { y } = await program.run({ table: [1, 2, 3, 4, 5, 6], weights: [1, 10] });
    expect(list(y)).toEqual([1, 2, 3, 40, 50, 60]);
    await expect(program.run({ table: [1, 2, 3, 4, 5], weights: [1, 10] })).rejects.toThrow(
      'run: the input "table" needs [rows, columns] values (rows 2 by another input), not 5',
    );
    const again = await program.run({ table: [1, 2, 3, 4, 5, 6], weights: [1, 10, 100] });
    expect(list(again.y)).toEqual([1, 2, 30, 40, 500, 600]);
  });

  it("are the sizes of outputs beside updates too", async () => {
    const state = new State();
    const sums = state.variable("sums", 0);
    const x = input("x", ["rows"]);
    const program = await compile({ outputs: { doubled: mul(x, 2) }, updates: [[sums, add(sums, sum(x))]] });
    expect(list((await program.run({ x: [1, 2, 3] })).doubled)).toEqual([2, 4, 6]);
    expect(list((await program.run({ x: [4] })).doubled)).toEqual([8]);
    expect(list(state.read(sums))).toEqual([10]);
  });
});

describe("large constants", () => {
  it("lie outside the serialized model, and change no more once the program is there", async () => {
    const values = Float32Array.from({ length: 3000 }, (_, i) => i);
    const table = constant(values, [1000, 3]);
    const rows = gather(table, input("which", [2], "int64"));
    const { bytes, external } = buildModel({ rows }, { external: true });
    expect(bytes.length).toBeLessThan(1000);
    expect([...external.values()].map(({ buffer }) => buffer)).toEqual([values.buffer]);
    const program = await compile({ outputs: { rows } });
    const whole = await compile({ outputs: { rows } }, { folds: false });
    values.fill(-1);
    for (const each of [program, whole]) {
      expect(list((await each.run({ which: [2, 999] })).rows)).toEqual([6, 7, 8, 2997, 2998, 2999]);
    }
  });
});
