import { describe, expect, it } from "vitest";
import { counterUniform } from "./ops/counterUniform.ts";
import { compile } from "./program.ts";
import { RandomStream } from "./randomStream.ts";
import { State } from "./state.ts";
import { constant } from "./tensor.ts";
import { interpret } from "./testing/interpret.ts";

async function streamed(seed: number, size: number) {
  const state = new State();
  const stream = new RandomStream(state, "noise", seed);
  const outputs = { a: stream.uniform([size]), b: stream.uniform([2, size / 2]) };
  const program = await compile({ outputs, updates: stream.updates });
  const run = async () => {
    const { a, b } = await program.run();
    return [a, b] as [Float32Array, Float32Array];
  };
  return { state, run, dispose: () => program.dispose() };
}

/** Correlation of two equally long samples of the uniform distribution. */
function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, i) => total + (value - 0.5) * ((b[i] ?? 0) - 0.5), 0) / (a.length / 12);
}

describe("a random stream", () => {
  it("draws what 32-bit arithmetic says, whatever the state", async () => {
    for (const [key, step, draw] of [
      [0, 0, 0],
      [1, 2, 3],
      [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 20 - 1],
      [0x80000000, 12345, 7],
    ] as const) {
      const drawn = counterUniform(constant([key, step], [2], "int64"), draw, [3, 5]);
      const program = await compile({ outputs: { drawn } });
      expect(Array.from((await program.run()).drawn as Float32Array)).toEqual(Array.from(interpret([drawn])[0] ?? []));
      await program.dispose();
    }
  });

  it("is uniform, and draws, runs and seeds are independent", async () => {
    const size = 20_000;
    const [one, other] = [await streamed(1, size), await streamed(2, size)];
    const samples = [...(await one.run()), ...(await one.run()), ...(await other.run())];
    for (const [i, sample] of samples.entries()) {
      const counts = new Array<number>(20).fill(0);
      for (const value of sample) counts[Math.floor(value * 20)] = (counts[Math.floor(value * 20)] ?? 0) + 1;
      const expected = size / 20;
      // χ² with 19 degrees of freedom: 45 is exceeded with probability 7e-4.
      expect(counts.reduce((total, n) => total + (n - expected) ** 2 / expected, 0)).toBeLessThan(45);
      expect(Math.abs(correlation(sample.subarray(1), sample.subarray(0, -1)))).toBeLessThan(0.03);
      for (const another of samples.slice(i + 1)) expect(Math.abs(correlation(sample, another))).toBeLessThan(0.03);
    }
    await Promise.all([one.dispose(), other.dispose()]);
  });

  it("goes on from a saved state", async () => {
    const [one, other] = [await streamed(1, 8), await streamed(99, 8)];
    await one.run();
    const saved = structuredClone(one.state.arrays());
    const expected = await one.run();
    other.state.load(saved);
    expect(await other.run()).toEqual(expected);
    await Promise.all([one.dispose(), other.dispose()]);
  });
});
