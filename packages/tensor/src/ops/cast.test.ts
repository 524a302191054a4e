import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { compile } from "../program.ts";
import { input } from "../tensor.ts";
import { cast } from "./cast.ts";
import { mul, square } from "./elementwise.ts";
import { sum } from "./reduce.ts";

describe("cast", () => {
  it("rounds to float32 and carries gradients back in the type they came from", async () => {
    const x = input("x", [2], "float64");
    const y = sum(square(cast(mul(x, 3), "float32")));
    const program = await compile({ outputs: { y, gradient: grad(y, [x])[0] ?? x } });
    const { y: value, gradient } = await program.run({ x: Float64Array.of(0.1, -2) });
    expect(value).toBeInstanceOf(Float32Array);
    expect(gradient).toBeInstanceOf(Float64Array);
    expect(Number(value[0])).toBeCloseTo(36.09, 5);
    expect(Number(gradient[0])).toBe(6 * Math.fround(Math.fround(3 * 0.1)));
    expect(Number(gradient[1])).toBeCloseTo(-36, 5);
    await program.dispose();
  });

  it("turns numbers into masks and whole numbers, and leaves its own type alone", async () => {
    const x = input("x", [3]);
    const program = await compile({ outputs: { whole: cast(x, "int64"), mask: cast(x, "bool") } });
    const { whole, mask } = await program.run({ x: Float32Array.of(-1.7, 0, 2.9) });
    expect([...whole]).toEqual([-1n, 0n, 2n]);
    expect([...mask]).toEqual([1, 0, 1]);
    expect(cast(x, "float32")).toBe(x);
    await program.dispose();
  });
});
