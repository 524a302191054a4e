import { describe, expect, it } from "vitest";
import { compile } from "../program.ts";
import { constant, input } from "../tensor.ts";
import { describeOperations } from "../testing/checkOperation.ts";
import { given, real } from "../testing/operationCases.ts";
import * as order from "./after.ts";
import { exp, mul, square } from "./elementwise.ts";
import { sum } from "./reduce.ts";

describe("order of computation", () => {
  describeOperations(order, {
    after: [
      { name: "a scalar", inputs: [real([2, 3]), real([])], build: (x, y) => order.after(square(x), [exp(y)]) },
      {
        name: "several, of other shapes",
        inputs: [real([3]), real([2, 1, 2]), given([1], [1])],
        build: (x, y, z) => mul(order.after(exp(x), [square(y), z]), x),
      },
      { name: "nothing", inputs: [real([2])], build: (x) => order.after(x, []) },
    ],
  });

  it("computes anew what is computed of the copy, and refuses another type", async () => {
    const x = input("x", [4]);
    const first = exp(x);
    const program = await compile({ outputs: { first, again: exp(order.after(x, [sum(first)])) } });
    // exp twice, and what makes the copy wait: a sum that is multiplied by 0 and added.
    expect(program.nodeCount).toBe(5);
    const { first: one, again } = await program.run({ x: [1, 2, 3, 4] });
    await program.dispose();
    expect(again).toEqual(one);
    expect(() => order.after(x, [constant(1, [], "float64")])).toThrow("after: x is float32");
  });
});
