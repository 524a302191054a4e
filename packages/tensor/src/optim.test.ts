/** Averages and accumulation as programs; the optimizers' steps themselves are PyTorch's, in torchOptimizers.test.ts. */
import { describe, expect, it } from "vitest";
import { grad } from "./grad.ts";
import { mul, square, sub } from "./ops/elementwise.ts";
import { mean, sum } from "./ops/reduce.ts";
import { accumulate, movingAverage, sgd } from "./optim.ts";
import { compile } from "./program.ts";
import { State } from "./state.ts";
import { input, type Tensor } from "./tensor.ts";
import { expectClose } from "./testing/checkOperation.ts";

describe("a moving average of parameters", () => {
  it.each([false, true])("follows the closed recursion (warm-up: %s)", async (warmUp) => {
    const state = new State();
    const x = state.variable("x", [1, 2]);
    const next = mul(x, 2);
    const ema = movingAverage({ state, name: "ema" }, x, next, { decay: 0.5, warmUp });
    const program = await compile({ outputs: {}, updates: [[x, next], ...ema.updates] });
    let [value, average] = [1, 1];
    for (let step = 0; step < 12; step++) {
      await program.run();
      value *= 2;
      const decay = warmUp ? Math.min(0.5, (1 + step) / (10 + step)) : 0.5;
      average = decay * average + (1 - decay) * value;
      expectClose(state.read(ema.average), [average, 2 * average], 1e-6, `step ${step}`);
    }
    await program.dispose();
  });

  it("needs a variable", () => {
    const x = input("x", [2]);
    expect(() => movingAverage({ state: new State(), name: "ema" }, x, x, { decay: 0.5 })).toThrow("is not a variable");
  });
});

describe("gradient accumulation", () => {
  it("takes the step of the whole batch, in parts, again and again", async () => {
    const make = () => {
      const state = new State();
      return { state, weights: state.variable("w", [0.5, -1]) };
    };
    const lossOf = (weights: Tensor, rows: number) =>
      mean(square(sub(sum(mul(input("x", [rows, 2]), weights), -1), input("y", [rows]))));
    const whole = make();
    const gradientOf = (weights: Tensor, rows: number) => grad(lossOf(weights, rows), [weights])[0] as Tensor;
    const step = (state: State, weights: Tensor, gradient: Tensor) =>
      sgd({ state, name: "sgd" }, weights, gradient, { learningRate: 0.1, momentum: 0.9 }).updates;
    const wholeProgram = await compile({
      outputs: {},
      updates: step(whole.state, whole.weights, gradientOf(whole.weights, 6)),
    });

    const parts = make();
    const accumulation = accumulate({ state: parts.state, name: "parts" }, gradientOf(parts.weights, 2));
    const gather = await compile({ outputs: {}, updates: accumulation.gather });
    const last = await compile({
      outputs: {},
      updates: [...step(parts.state, parts.weights, accumulation.mean), ...accumulation.reset],
    });

    for (let round = 0; round < 3; round++) {
      const x = Array.from({ length: 12 }, (_, i) => Math.sin(i + 1 + round));
      const y = Array.from({ length: 6 }, (_, i) => Math.cos(i * 2 + round));
      await wholeProgram.run({ x, y });
      for (const [i, program] of [gather, gather, last].entries()) {
        await program.run({ x: x.slice(4 * i, 4 * i + 4), y: y.slice(2 * i, 2 * i + 2) });
      }
      expectClose(parts.state.read(parts.weights), whole.state.read(whole.weights), 1e-6, `round ${round}`);
    }
    await Promise.all([wholeProgram, gather, last].map((program) => program.dispose()));
  });
});
