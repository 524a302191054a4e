/** ResNets against torchvision's: names, shapes, logits, loss, gradients and running statistics (fixtures/make_torchvision.py). */
import {
  compile,
  crossEntropy,
  grad,
  input,
  mean,
  type NamedArray,
  Random,
  State,
  sizeOf,
  type Tensor,
} from "@era/tensor";
import { describe, expect, it } from "vitest";
import { boundsOf, numbers, seedOf, torchvisionFixture } from "../fixtures/torchvision.fixture.ts";
import { infer, loadWeights, networkState, train, weightsOf } from "./network.ts";
import { resnet } from "./resnet.ts";

const [images, classes, size] = [3, 12, 64];

/** Norm of an array, and its product with numbers of the formula. */
function digest(name: string, data: ArrayLike<number>): [norm: number, product: number] {
  const direction = numbers(data.length, -1, 1, seedOf(`direction ${name}`));
  let [squares, product] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? Number.NaN;
    squares += value * value;
    product += value * (direction[i] ?? 0);
  }
  return [Math.sqrt(squares), product];
}

// Rounding grows through the normalizations of few elements: PyTorch's own gradients in float32 are up to 1e-4 (18 layers) and 3e-2 (50) away.
describe.each([
  [18, 5e-4],
  [50, 4e-2],
] as const)("ResNet-%i and torchvision's", (depth, rounding) => {
  const expected = torchvisionFixture[`resnet${depth}`];
  const weights: Record<string, NamedArray> = Object.fromEntries(
    Object.entries(expected.keys).map(([name, shape]): [string, NamedArray] => {
      if (name.endsWith("num_batches_tracked")) return [name, { shape, dtype: "int64", data: BigInt64Array.of(0n) }];
      const data = numbers(sizeOf(shape), ...boundsOf(name, shape), seedOf(name));
      return [name, { shape, dtype: "float32", data }];
    }),
  );
  const state = new State();
  const network = networkState(state, "model", resnet(depth, { classes }), new Random(1));
  const batch = input("images", [images, 3, size, size]);
  const feeds = { images: numbers(images * 3 * size * size, -2, 2, seedOf("images")) };

  it("have the same names and shapes", () => {
    const shapes = Object.entries(weightsOf(state, network)).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(shapes)).toEqual(expected.keys);
  });

  it("compute the same logits in inference", async () => {
    loadWeights(state, network, weights);
    const program = await compile({ outputs: { logits: infer(network, batch) } });
    const { logits } = await program.run(feeds);
    await program.dispose();
    const scale = Math.max(...expected.inference.map(Math.abs));
    expected.inference.forEach((value, i) => {
      expect(Math.abs(Number(logits[i]) - value) / scale).toBeLessThan(2e-5);
    });
  });

  it("compute the same logits, loss, gradients and running statistics in training", async () => {
    loadWeights(state, network, weights);
    const pass = train(network, batch);
    const loss = mean(crossEntropy(pass.logits, input("targets", [images], "int64")));
    const gradients = grad(loss, network.parameters.tensors);
    const names = Object.keys(gradients);
    const outputs: Record<string, Tensor> = { loss, logits: pass.logits, ...gradients };
    const program = await compile({ outputs, updates: pass.updates });
    const results = await program.run({ ...feeds, targets: [3, 0, 11] });
    await program.dispose();
    expect(Math.abs(Number(results.loss?.[0]) - expected.loss) / expected.loss).toBeLessThan(1e-4);
    const scale = Math.max(...expected.training.map(Math.abs));
    expected.training.forEach((value, i) => {
      expect(Math.abs(Number(results.logits?.[i]) - value) / scale).toBeLessThan(1e-4);
    });
    expect(names.sort()).toEqual(Object.keys(expected.gradients).sort());
    const after = weightsOf(state, network);
    expect(after["bn1.num_batches_tracked"]?.data).toEqual(BigInt64Array.of(1n));
    const compared = [
      ...Object.entries(expected.gradients).map(([name, pair]) => [name, pair, results[name], rounding] as const),
      ...Object.entries(expected.statistics).map(([name, pair]) => [name, pair, after[name]?.data, 5e-5] as const),
    ];
    for (const [name, [norm, product], data, tolerance] of compared) {
      const actual = digest(name, data as Float32Array);
      expect(Math.abs(actual[0] - norm) / norm, `norm of ${name}`).toBeLessThan(tolerance);
      expect(Math.abs(actual[1] - product) / norm, `product of ${name}`).toBeLessThan(tolerance);
    }
  });
});
