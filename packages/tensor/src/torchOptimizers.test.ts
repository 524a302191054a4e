/** Optimizer steps against those of PyTorch in float64 (fixtures/make_torch.py). */
import { describe, it } from "vitest";
import { adam, clipByGlobalNorm, globalNorm, sgd } from "./optim.ts";
import { compile } from "./program.ts";
import { State } from "./state.ts";
import { input } from "./tensor.ts";
import { expectClose } from "./testing/checkOperation.ts";
import { interpret } from "./testing/interpret.ts";
import { real } from "./testing/operationCases.ts";
import { torchFixture } from "./testing/torchFixture.ts";

/** The gradients that the fixture's script gives the optimizers. */
const slopes = (step: number): number[] => {
  const factors = [1, 1e-3, 100, step === 0 ? 0 : 1, 1];
  return real([5], -1, 1, step).values.map((value, i) => value * (factors[i] ?? 0));
};

/** PyTorch's names of options, and ours. */
function optimizer(name: "sgd" | "adam", options: Record<string, unknown>, dtype: "float32" | "float64") {
  const state = new State();
  const parameters = state.variable("parameters", real([5]).values, [5], dtype);
  const [gradient, learningRate] = [input("gradient", [5], dtype), input("learningRate", [], dtype)];
  const memory = { state, name };
  const weightDecay = (options.weight_decay as number | undefined) ?? 0;
  const [beta1, beta2] = (options.betas as [number, number] | undefined) ?? [0.9, 0.999];
  const step =
    name === "adam"
      ? adam(memory, parameters, gradient, {
          learningRate,
          beta1,
          beta2,
          epsilon: (options.eps as number | undefined) ?? 1e-8,
          weightDecay,
        })
      : sgd(memory, parameters, gradient, {
          learningRate,
          momentum: (options.momentum as number | undefined) ?? 0,
          nesterov: options.nesterov === true,
          weightDecay,
        });
  return { state, parameters, updates: step.updates };
}

describe("PyTorch's optimizers, over twelve steps with falling learning rates", () => {
  const named = torchFixture.optimizers.map((item) => [`${item.name} ${JSON.stringify(item.options)}`, item] as const);

  it.each(named)("%s, exactly in float64", (_name, { name, options, trajectory }) => {
    const { state, parameters, updates } = optimizer(name, options, "float64");
    trajectory.forEach((expected, step) => {
      const next = interpret(
        updates.map(([, value]) => value),
        { gradient: slopes(step), learningRate: [torchFixture.rates[step] ?? 0] },
      );
      updates.forEach(([variable], i) => {
        state.read(variable).set(next[i] as never);
      });
      expectClose(state.read(parameters), expected, 1e-13, `step ${step}`);
    });
  });

  it.each(named)("%s, as a program in float32", async (_name, { name, options, trajectory }) => {
    const { state, parameters, updates } = optimizer(name, options, "float32");
    const program = await compile({ outputs: {}, updates });
    for (const [step, expected] of trajectory.entries()) {
      await program.run({ gradient: slopes(step), learningRate: [torchFixture.rates[step] ?? 0] });
      expectClose(state.read(parameters), expected, 1e-6, `step ${step}`);
    }
  });

  it.each(torchFixture.clipped)("clip_grad_norm_ to $maxNorm", ({ maxNorm, norm, values }) => {
    const gradient = input("gradient", [5], "float64");
    const [clipped, length] = interpret([clipByGlobalNorm(gradient, maxNorm), globalNorm(gradient)], {
      gradient: real([5]).values,
    });
    expectClose(clipped, values, 1e-13, "clipped");
    expectClose(length, [norm], 1e-13, "norm");
  });
});
