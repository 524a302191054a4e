import { describe, expect, it } from "vitest";
import { tensorOps } from "./activationOps.ts";
import { grad } from "./grad.ts";
import { mul, square } from "./ops/elementwise.ts";
import { sum } from "./ops/reduce.ts";
import { compile } from "./program.ts";
import { constant, input, type Tensor } from "./tensor.ts";

/** Runs expressions of x = [[1, 5, 3], [2, 2, −1]]. */
async function run(build: (x: Tensor) => Record<string, Tensor>): Promise<Record<string, number[]>> {
  const program = await compile({ outputs: build(input("x", [2, 3])) });
  const results = await program.run({ x: [1, 5, 3, 2, 2, -1] });
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)]));
}

describe("tensorOps", () => {
  it("keeps the last axis in reductions and gives its positions and its largest elements in order", async () => {
    const results = await run((x) => ({
      sum: tensorOps.sum(x),
      max: tensorOps.max(x),
      top: tensorOps.topK(x, 2),
      all: tensorOps.topK(x, Number.POSITIVE_INFINITY),
      positions: tensorOps.positions(x),
      masked: tensorOps.where(tensorOps.less(x, 2), 0, x),
    }));
    expect(results).toEqual({
      sum: [9, 3],
      max: [5, 2],
      top: [5, 3, 2, 2],
      all: [5, 3, 1, 2, 2, -1],
      positions: [0, 1, 2],
      masked: [0, 5, 3, 2, 2, 0],
    });
  });

  it("takes given derivatives instead of the value's own, summed over broadcast axes", async () => {
    const scale = input("scale", []);
    const program = await compile({
      outputs: (() => {
        const x = input("x", [2, 3]);
        const value = tensorOps.withDerivatives(mul(square(x), scale), [
          [x, constant([10, 20, 30])],
          [scale, x],
        ]);
        const [dx, dScale] = grad(sum(value), [x, scale]) as [Tensor, Tensor];
        return { value, dx, dScale };
      })(),
    });
    const results = await program.run({ x: [1, 5, 3, 2, 2, -1], scale: [2] });
    expect(Array.from(results.value, Number)).toEqual([2, 50, 18, 8, 8, 2]);
    expect(Array.from(results.dx, Number)).toEqual([10, 20, 30, 10, 20, 30]);
    expect(Array.from(results.dScale, Number)).toEqual([12]);
  });

  it("computes given derivatives only where a gradient is taken", async () => {
    const x = input("x", [2, 3]);
    const program = await compile({
      outputs: { value: tensorOps.withDerivatives(square(x), [[x, tensorOps.exp(x)]]) },
    });
    expect(program.nodeCount).toBe(1);
  });
});
