import { describe, expect, it } from "vitest";
import { grad, vjp } from "./grad.ts";
import { withDerivatives } from "./ops/customGradient.ts";
import {
  add,
  cast,
  exp,
  greater,
  maximum,
  minimum,
  mul,
  relu,
  sin,
  square,
  stopGradient,
  where,
} from "./ops/elementwise.ts";
import { gather, topK } from "./ops/indexing.ts";
import { expand, reshape, split } from "./ops/layout.ts";
import { argmax, max, mean, min, sum } from "./ops/reduce.ts";
import { State } from "./state.ts";
import { constant, input, type Tensor } from "./tensor.ts";
import { runTensors } from "./testing/checkOperation.ts";
import { interpret } from "./testing/interpret.ts";

const x = input("x", [3], "float64");
const y = input("y", [3], "float64");
const feeds = { x: [1, 2, 3], y: [-1, 0.5, 4] };

/** The numbers of expressions of x = [1, 2, 3] and y = [−1, 0.5, 4]. */
const numbers = (...tensors: readonly Tensor[]): number[][] =>
  interpret(tensors, feeds).map((values) => Array.from(values));

describe("grad", () => {
  it("answers in the structure of the parameters", () => {
    const loss = sum(mul(x, y));
    expect(numbers(...grad(loss, [y, x]))).toEqual([feeds.x, feeds.y]);
    const { ofX, ofY } = grad(loss, { ofX: x, ofY: y });
    expect(numbers(ofX, ofY)).toEqual([feeds.y, feeds.x]);
    expect(grad(loss, [])).toEqual([]);
  });

  it("is zero, in the parameter's shape and type, for what the loss does not depend on", () => {
    const other = input("other", [2, 1], "float64");
    const [gradient] = grad(sum(x), [other]) as [Tensor];
    expect(gradient.shape).toEqual([2, 1]);
    expect(gradient.dtype).toBe("float64");
    expect(numbers(gradient)).toEqual([[0, 0]]);
  });

  it("is one for the loss itself", () => {
    const loss = sum(x);
    expect(numbers(...grad(loss, [loss]))).toEqual([[1]]);
  });

  it("adds up over all uses of a value", () => {
    const twice = mul(x, x);
    const loss = sum(add(add(mul(twice, x), twice), sum(x)));
    expect(numbers(...grad(loss, [x]))).toEqual([[3 + 2 + 3, 12 + 4 + 3, 27 + 6 + 3]]);
  });

  it("reaches intermediate values, also where lowering merges their operations", () => {
    const doubled = mul(x, 2);
    const shaped = reshape(doubled, [3, 1]);
    const loss = sum(square(reshape(mul(shaped, 5), [1, 3])));
    // loss = Σ (5h)² with h = 2x.
    const [ofDoubled, ofShaped, ofX] = numbers(...grad(loss, [doubled, shaped, x]));
    expect(ofDoubled).toEqual([100, 200, 300]);
    expect(ofShaped).toEqual([100, 200, 300]);
    expect(ofX).toEqual([200, 400, 600]);
  });

  it("reaches one output of several", () => {
    const [first, rest] = split(x, [1, 2]) as [Tensor, Tensor];
    const loss = mul(sum(first), sum(square(rest)));
    expect(numbers(...grad(loss, [first, rest, x]))).toEqual([[13], [4, 6], [13, 4, 6]]);
  });

  it("can be differentiated again", () => {
    const loss = sum(mul(sin(x), y));
    const [gradient] = grad(loss, [x]) as [Tensor];
    const [second] = numbers(...grad(sum(square(gradient)), [x]));
    expect(second).toEqual(feeds.x.map((v, i) => -2 * Math.cos(v) * Math.sin(v) * (feeds.y[i] ?? 0) ** 2));
  });

  it("takes variables as parameters, whole or as parts of a group", () => {
    const state = new State();
    const group = state.parameters("net", {
      weight: { shape: [3], dtype: "float32", data: Float32Array.of(1, 2, 3) },
      bias: { shape: [], dtype: "float32", data: Float32Array.of(5) },
    });
    const { weight, bias } = group.tensors;
    expect(numbers(...grad(sum(mul(weight, bias)), [weight, bias]))).toEqual([[5, 5, 5], [6]]);
  });

  it("refuses a loss that is no scalar or no float", () => {
    expect(() => grad(x, [x])).toThrow("grad: the loss must be a scalar, not [3]");
    expect(() => grad(argmax(x), [x])).toThrow("grad: needs a float operand, not int64");
  });
});

describe("vjp", () => {
  it("multiplies the Jacobian from the left, over several outputs", () => {
    const outputs = [square(x), sum(x)];
    expect(numbers(...vjp(outputs, [y, constant(10, [], "float64")], [x]))).toEqual([[-2 + 10, 2 + 10, 24 + 10]]);
  });

  it("takes the same output twice", () => {
    expect(numbers(...vjp([x, x], [y, y], [x]))).toEqual([[-2, 1, 8]]);
  });

  it("names an output without a cotangent of its shape", () => {
    expect(() => vjp([x], [], [x])).toThrow("vjp: output [3] needs a cotangent of its shape, not none");
    expect(() => vjp([x], [sum(y)], [x])).toThrow("vjp: output [3] needs a cotangent of its shape, not []");
  });
});

describe("where no gradient flows", () => {
  it("stopGradient lets none through", () => {
    expect(numbers(...grad(sum(mul(stopGradient(mul(x, 2)), x)), [x]))).toEqual([[2, 4, 6]]);
  });

  it("a stopped value is a parameter of its own, beside what it is made of", () => {
    const stopped = stopGradient(square(x));
    expect(numbers(...grad(sum(mul(stopped, x)), [x, stopped]))).toEqual([
      [1, 4, 9],
      [1, 2, 3],
    ]);
  });

  it("integers, bools and positions have none", () => {
    const whole = cast(cast(x, "int64"), "float64");
    const chosen = where(greater(x, 1.5), 1, cast(constant(0), "float32"));
    expect(numbers(...grad(sum(mul(whole, x)), [x]))).toEqual([[1, 2, 3]]);
    expect(numbers(...grad(sum(gather(y, argmax(x))), [x]))).toEqual([[0, 0, 0]]);
    expect(numbers(...grad(sum(cast(topK(x, 2).indices, "float64")), [x]))).toEqual([[0, 0, 0]]);
    expect(numbers(...grad(sum(chosen), [x]))).toEqual([[0, 0, 0]]);
  });

  it("given derivatives replace the value's own", () => {
    const value = withDerivatives(exp(x), [
      [x, constant([10, 20, 30], [3], "float64")],
      [y, constant(7, [], "float64")],
    ]);
    expect(numbers(...grad(sum(mul(value, x)), [x, y]))).toEqual([
      [10 + Math.E, 40 + Math.exp(2), 90 + Math.exp(3)],
      [7, 14, 21],
    ]);
  });
});

describe("at ties and kinks", () => {
  const tied = { x: [1, 2, 2], y: [1, 2, 0] };
  const at = (...tensors: readonly Tensor[]) =>
    interpret(tensors, tied).map((values) => Array.from(values, (value) => value + 0)); // −0 is 0

  it("largest and smallest elements share the gradient", () => {
    expect(at(...grad(max(x), [x]), ...grad(min(mul(x, -1)), [x]))).toEqual([
      [0, 0.5, 0.5],
      [0, -0.5, -0.5],
    ]);
  });

  it("maximum and minimum give it to their first operand", () => {
    expect(at(...grad(sum(maximum(x, y)), [x, y]))).toEqual([
      [1, 1, 1],
      [0, 0, 0],
    ]);
    expect(at(...grad(sum(minimum(x, y)), [x, y]))).toEqual([
      [1, 1, 0],
      [0, 0, 1],
    ]);
  });

  it("relu has none at 0", () => {
    expect(at(...grad(sum(relu(mul(y, 1))), [y]))).toEqual([[1, 1, 0]]);
  });
});

describe("gradients of large scatters", () => {
  it("add up every repeated row, whatever the number of threads", async () => {
    const [count, width] = [20_000, 16];
    const table = input("table", [3, width]);
    const tokens = constant(
      BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 3)),
      [count],
      "int64",
    );
    const [gradient] = grad(sum(gather(table, tokens)), [table]) as [Tensor];
    const [values] = await runTensors([mean(gradient, 1)], [table], {
      table: Array.from({ length: 3 * width }, () => 0),
    });
    expect(Array.from(values ?? [], Number)).toEqual([6667, 6667, 6666]);
    expect(expand(gradient, [2, 3, width]).shape).toEqual([2, 3, width]);
  });
});
