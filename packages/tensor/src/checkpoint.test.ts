import { describe, expect, it } from "vitest";
import { checkpoint } from "./checkpoint.ts";
import { grad } from "./grad.ts";
import { withVjp } from "./ops/customGradient.ts";
import { exp, mul, square, tanh } from "./ops/elementwise.ts";
import { matmul } from "./ops/linear.ts";
import { sum } from "./ops/reduce.ts";
import { compile } from "./program.ts";
import { State } from "./state.ts";
import { input, type Tensor } from "./tensor.ts";

const matrix = (seed: number) => Float32Array.from({ length: 9 }, (_, i) => Math.sin((i + 1) * seed));

describe("checkpoint", () => {
  it("changes no bit of values and gradients, through several parts", async () => {
    const state = new State();
    const weights = [1, 2, 3].map((seed) => state.variable(`w${seed}`, matrix(seed), [3, 3]));
    const x = input("x", [2, 3]);
    const loss = (part: (layer: (y: Tensor) => Tensor, y: Tensor, w: Tensor) => Tensor) =>
      sum(square(weights.reduce((y, w) => part((z) => mul(tanh(matmul(z, w)), exp(z)), y, w), x)));
    const plain = loss((layer, y) => layer(y));
    const kept = loss((layer, y, w) => checkpoint(layer, y, [w]));
    const outputs = (value: Tensor) => ({
      value,
      ...Object.fromEntries(grad(value, [...weights, x]).map((g, i) => [`g${i}`, g])),
    });
    const programs = [await compile({ outputs: outputs(plain) }), await compile({ outputs: outputs(kept) })];
    const feeds = { x: Float32Array.of(0.1, -0.4, 0.7, 0.2, 0.3, -0.9) };
    const [expected, actual] = [await programs[0]?.run(feeds), await programs[1]?.run(feeds)];
    expect(actual).toEqual(expected);
    expect(programs[1]?.nodeCount).toBeGreaterThan((programs[0]?.nodeCount ?? 0) + 10);
    for (const program of programs) await program.dispose();
  });

  it("gives no gradient of what is not wanted, and none where none flows", () => {
    const [x, w] = [input("x", [2, 3]), input("w", [3, 3])];
    const y = checkpoint((z) => matmul(z, w), x, [w]);
    const [byX] = grad(sum(y), [x]);
    expect(byX?.shape).toEqual([2, 3]);
    const [unused] = grad(sum(square(x)), [w]);
    expect(unused?.shape).toEqual([3, 3]);
  });
});

describe("withVjp", () => {
  it("takes the given product in place of the values' own", async () => {
    const x = input("x", [2]);
    const [double, triple] = withVjp([mul(x, 2), mul(x, 3)], [x], ([g, h], wanted) => {
      expect(wanted).toEqual([true]);
      expect(h).toBeUndefined();
      return [g && mul(g, 10)];
    });
    const [gradient] = grad(sum(double as Tensor), [x]);
    const program = await compile({ outputs: { triple: triple as Tensor, gradient: gradient as Tensor } });
    const results = await program.run({ x: [1, 2] });
    await program.dispose();
    expect(results).toEqual({ triple: Float32Array.of(3, 6), gradient: Float32Array.of(10, 10) });
  });
});
