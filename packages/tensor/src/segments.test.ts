import { describe, expect, it } from "vitest";
import { mul, square } from "./ops/elementwise.ts";
import { concat, reshape, slice } from "./ops/layout.ts";
import { sum } from "./ops/reduce.ts";
import { adam, type Step, sgd } from "./optim.ts";
import { compile } from "./program.ts";
import { Segments } from "./segments.ts";
import { State } from "./state.ts";
import { constant, input, type Tensor } from "./tensor.ts";

const lengths = [700_000, 1_000, 500_000, 900_000, 7];
const total = lengths.reduce((a, b) => a + b, 0);

const wave = (length: number, frequency: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(frequency * (i + 1)));

type Optimizer = (memory: { state: State; name: string }, parameters: Tensor, gradient: Tensor) => Step;

/** A step on five parameters in one vector whose gradients are as long as they. */
function steps(optimizer: Optimizer) {
  const state = new State();
  const parameters = state.variable("parameters", wave(total, 0.1), [total]);
  let offset = 0;
  const gradient = concat(
    lengths.map((length, i) => {
      offset += length;
      const part = slice(parameters, 0, offset - length, offset);
      return mul(part, input(`scale${i}`, []));
    }),
  );
  return { state, parameters, gradient, step: optimizer({ state, name: "optimizer" }, parameters, gradient) };
}

const scales = Object.fromEntries(lengths.map((_, i) => [`scale${i}`, [i + 1]]));
const decays = constant(wave(total, 0.7), [total]);
const optimizers: Record<string, Optimizer> = {
  sgd: (memory, parameters, gradient) =>
    sgd(memory, parameters, gradient, { learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: decays }),
  adam: (memory, parameters, gradient) => adam(memory, parameters, gradient, { learningRate: 0.1 }),
};

describe("long vectors in parts", () => {
  it.each(Object.keys(optimizers))("%s takes the step that it takes on the whole, bit for bit", async (name) => {
    const run = async (isWhole: boolean) => {
      const { state, parameters, gradient, step } = steps(optimizers[name] as Optimizer);
      // Where the next parameters are used otherwise too, they are computed as a whole.
      const outputs = { norm: sum(square(isWhole ? step.next : gradient)) };
      const program = await compile({ outputs, updates: step.updates }, { threads: 1 });
      await program.run(scales);
      await program.run(scales);
      await program.dispose();
      return { nodes: program.nodeCount, values: state.read(parameters) };
    };
    const [parts, whole] = [await run(false), await run(true)];
    expect(parts.nodes).toBeGreaterThan(whole.nodes + 5);
    expect(Buffer.compare(Buffer.from(parts.values.buffer), Buffer.from(whole.values.buffer))).toBe(0);
  });

  it("are cut between parameters, small ones together", () => {
    const { step } = steps(optimizers.sgd as Optimizer);
    const parts = new Segments().parts(step.next);
    expect(parts?.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 700_000],
      [700_000, 1_401_000],
      [2_101_000, 7],
    ]);
  });

  it("stay whole where they are short or not computed element by element", () => {
    const short = input("short", [8]);
    expect(new Segments().parts(mul(concat([short, short]), 2))).toBeUndefined();
    const long = reshape(input("long", [2, total]), [-1]);
    expect(new Segments().parts(mul(long, 2))).toBeUndefined();
  });
});
