/** Attention with a cache in place against attention over whole sequences, written out. */
import { describe, expect, it } from "vitest";
import { compile } from "../program.ts";
import { Random } from "../random.ts";
import { constant, input } from "../tensor.ts";
import { cachedAttention } from "./cachedAttention.ts";

const [batch, heads, keyValueHeads, width, capacity, positions] = [3, 4, 2, 16, 11, 24];
const random = new Random(7);
const angles = Float64Array.from({ length: (positions * width) / 2 }, (_, i) => {
  const pair = i % (width / 2);
  return Math.floor(i / (width / 2)) * 50 ** (-pair / (width / 2));
});
const cos = constant(Float32Array.from(angles, Math.cos), [positions, width / 2]);
const sin = constant(Float32Array.from(angles, Math.sin), [positions, width / 2]);

const q = input("query", [batch, "length", heads * width]);
const k = input("key", [batch, "length", keyValueHeads * width]);
const v = input("value", [batch, "length", keyValueHeads * width]);
const pastKey = input("pastKey", [batch, keyValueHeads, "capacity", width]);
const pastValue = input("pastValue", [batch, keyValueHeads, "capacity", width]);
const last = input("last", [batch], "int32");
const total = input("total", [1], "int32");
const inputs = { query: q, key: k, value: v, pastKey, pastValue, last, total, cos, sin };

/** One row's attention in float64, token by token: `[length, heads · width]`. */
function reference(query: Float32Array, key: Float32Array, value: Float32Array, length: number): Float64Array {
  const rotated = (x: Float32Array, count: number, at: number, head: number) =>
    Array.from({ length: width }, (_, i) => {
      const half = width / 2;
      const angle = angles[at * half + (i % half)] ?? 0;
      const number = (j: number) => x[(at * count + head) * width + j] ?? 0;
      return i < half
        ? number(i) * Math.cos(angle) - number(i + half) * Math.sin(angle)
        : number(i) * Math.cos(angle) + number(i - half) * Math.sin(angle);
    });
  const out = new Float64Array(length * heads * width);
  for (let at = 0; at < length; at++) {
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor((head * keyValueHeads) / heads);
      const own = rotated(query, heads, at, head);
      const weights = Array.from({ length: at + 1 }, (_, seen) => {
        const other = rotated(key, keyValueHeads, seen, shared);
        return Math.exp(own.reduce((sum, x, i) => sum + x * (other[i] ?? 0), 0) / Math.sqrt(width));
      });
      const mass = weights.reduce((sum, weight) => sum + weight, 0);
      for (let i = 0; i < width; i++) {
        const attended = weights.reduce(
          (sum, weight, seen) => sum + weight * (value[(seen * keyValueHeads + shared) * width + i] ?? 0),
          0,
        );
        out[(at * heads + head) * width + i] = attended / mass;
      }
    }
  }
  return out;
}

describe("cachedAttention", () => {
  it("of prompts of several lengths and then token by token is that over whole sequences, in place", async () => {
    const present = cachedAttention(inputs, heads, keyValueHeads);
    const program = await compile({
      outputs: { attended: present.attended },
      overwrites: [
        [pastKey, present.key],
        [pastValue, present.value],
      ],
    });
    const lengths = [5, 2, 7];
    const steps = 4;
    const make = (count: number) =>
      lengths.map((length) => random.fillNormal(new Float32Array((length + steps) * count * width)));
    const [queries, keys, values] = [make(heads), make(keyValueHeads), make(keyValueHeads)];
    const expected = lengths.map((length, row) =>
      reference(
        queries[row] ?? new Float32Array(),
        keys[row] ?? new Float32Array(),
        values[row] ?? new Float32Array(),
        length + steps,
      ),
    );
    const longest = Math.max(...lengths);
    /** The rows' tokens from their own first on, `length` of them, padded with huge numbers, which must not be seen. */
    const batchOf = (rows: readonly Float32Array[], count: number, starts: readonly number[], length: number) => {
      const all = new Float32Array(batch * length * count * width).fill(1e30);
      rows.forEach((numbers, row) => {
        const end = Math.min(starts[row] === 0 ? (lengths[row] ?? 0) : (starts[row] ?? 0) + length, numbers.length);
        all.set(
          numbers.subarray((starts[row] ?? 0) * count * width, end * count * width),
          row * length * count * width,
        );
      });
      return all;
    };
    const caches = {
      pastKey: new Float32Array(batch * keyValueHeads * capacity * width).fill(1e30),
      pastValue: new Float32Array(batch * keyValueHeads * capacity * width).fill(1e30),
    };
    for (let step = 0; step <= steps; step++) {
      const starts = lengths.map((length) => (step === 0 ? 0 : length + step - 1));
      const length = step === 0 ? longest : 1;
      const { attended } = await program.run({
        query: batchOf(queries, heads, starts, length),
        key: batchOf(keys, keyValueHeads, starts, length),
        value: batchOf(values, keyValueHeads, starts, length),
        ...caches,
        last: Int32Array.from(lengths, (own) => own + step - 1),
        total: Int32Array.of(longest + step),
      });
      lengths.forEach((own, row) => {
        const count = step === 0 ? own : 1;
        for (let i = 0; i < count * heads * width; i++) {
          const value = Number(attended[row * length * heads * width + i]);
          const other = expected[row]?.[(starts[row] ?? 0) * heads * width + i] ?? Number.NaN;
          expect(Math.abs(value - other)).toBeLessThan(2e-6);
        }
      });
    }
    await program.dispose();
    // Written in place: the first row's first value is there, and nothing beyond its tokens.
    expect(caches.pastValue[0]).toBe(values[0]?.[0]);
    expect(caches.pastValue[(capacity - 1) * width]).toBe(Math.fround(1e30));
  });

  it("refuses shapes that do not fit, and heads that are no multiple of 16 wide", () => {
    expect(() => cachedAttention(inputs, heads, 4)).toThrow(/do not fit 4 heads and 4/);
    const narrow = (name: string, count: number) => input(name, [batch, "length", count * 8]);
    const past = input("past", [batch, keyValueHeads, "capacity", 8]);
    const table = input("table", [positions, 4]);
    const given = { ...inputs, query: narrow("q", heads), key: narrow("k", 2), value: narrow("v", 2) };
    expect(() =>
      cachedAttention({ ...given, pastKey: past, pastValue: past, cos: table, sin: table }, heads, keyValueHeads),
    ).toThrow(/multiple of 16 numbers, not 8/);
  });
});

describe("overwrites", () => {
  const present = () => cachedAttention(inputs, heads, keyValueHeads);
  it("need an input of the same shape, and a typed array in it", async () => {
    const { attended, key, value } = present();
    await expect(compile({ outputs: { attended }, overwrites: [[attended, key]] })).rejects.toThrow(/is no input/);
    await expect(compile({ outputs: { attended }, overwrites: [[q, key]] })).rejects.toThrow(/written over the input/);
    const program = await compile({
      outputs: { attended },
      overwrites: [
        [pastKey, key],
        [pastValue, value],
      ],
    });
    const zeros = (count: number) => new Array<number>(count * width).fill(0);
    const feeds = {
      query: zeros(batch * heads),
      key: zeros(batch * keyValueHeads),
      value: zeros(batch * keyValueHeads),
      last: [0, 0, 0],
      total: [1],
      pastValue: new Float32Array(batch * keyValueHeads * 2 * width),
      pastKey: zeros(batch * keyValueHeads * 2),
    };
    await expect(program.run(feeds)).rejects.toThrow(/"pastKey" is overwritten, so it must be a typed array/);
    await program.dispose();
  });
});
