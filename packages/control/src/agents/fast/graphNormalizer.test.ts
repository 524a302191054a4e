import { compile, input, Random, State } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { graphNormalizer, noNormalizer } from "./graphNormalizer.ts";

describe("the running normalization of observations", () => {
  it("has the mean and variance of all observations that it saw, in whatever batches", async () => {
    const state = new State();
    const normalizer = graphNormalizer(state, 2);
    const small = normalizer.seeing(input("x", [3, 2]));
    const large = normalizer.seeing(input("x", [20, 2]));
    const programs = [
      { size: 3, program: await compile({ outputs: {}, updates: small.updates }) },
      { size: 20, program: await compile({ outputs: {}, updates: large.updates }) },
    ];
    const random = new Random(1);
    const seen: number[][] = [];
    for (const [round, which] of [0, 1, 0, 0, 1].entries()) {
      const { size, program } = programs[which] ?? programs[0] ?? { size: 0, program: undefined };
      const rows = Array.from({ length: size }, () => [random.normal() * 2 + round, 100 + random.normal()]);
      seen.push(...rows);
      await program?.run({ x: rows.flat() });
    }
    const arrays = state.arrays();
    for (const column of [0, 1]) {
      const values = seen.map((row) => row[column] ?? NaN);
      const mean = values.reduce((a, b) => a + b) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      expect(Number(arrays["normalizer.mean"]?.data[column])).toBeCloseTo(mean, 4);
      expect(Number(arrays["normalizer.variance"]?.data[column])).toBeCloseTo(variance, 3);
    }
    expect(arrays["normalizer.count"]?.data[0]).toBe(seen.length);
    for (const { program } of programs) await program.dispose();
  });

  it("leaves a constant finite, and everything as it is where there is none", async () => {
    const normalizer = graphNormalizer(new State(), 1);
    const x = input("x", [4, 1]);
    const program = await compile({ outputs: { y: normalizer.seeing(x).normalize(x) } });
    expect(Array.from((await program.run({ x: [7, 7, 7, 7] })).y as Float32Array)).toEqual([0, 0, 0, 0]);
    await program.dispose();
    expect(noNormalizer.seeing(x).normalize(x)).toBe(x);
  });
});
