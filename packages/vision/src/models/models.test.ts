import {
  adam,
  compile,
  crossEntropy,
  decodeSafetensors,
  encodeSafetensors,
  exportOnnx,
  flatGradient,
  fromSafetensors,
  input,
  LoadedModel,
  mean,
  Random,
  RandomStream,
  State,
  sizeOf,
  toSafetensors,
  unflatten,
} from "@era/tensor";
import { describe, expect, it } from "vitest";
import { models } from "./models.ts";
import { infer, loadWeights, type Network, networkState, train, weightsOf } from "./network.ts";
import { cifarResnet, resnet } from "./resnet.ts";
import { mlp, smallCnn } from "./small.ts";
import { withSplitNormalization } from "./splitNormalization.ts";
import { wideResnet } from "./wideResnet.ts";

const parametersOf = ({ keeps }: Network): number =>
  keeps.reduce((total, { kind, shape }) => total + (kind === "parameter" ? sizeOf(shape) : 0), 0);

describe("networks", () => {
  // torchvision's documentation; He et al. 2016, table 6; Zagoruyko & Komodakis 2016; PyTorch's MNIST example.
  it.each([
    [resnet(18), 11_689_512],
    [resnet(34), 21_797_672],
    [resnet(50), 25_557_032],
    [resnet(101), 44_549_160],
    [cifarResnet(20), 269_722],
    [cifarResnet(56), 853_018],
    [cifarResnet(20, { shortcut: "projection" }), 272_474],
    [wideResnet(28, 10), 36_479_194],
    [smallCnn(), 1_199_882],
    [mlp([256, 256]), 269_322],
  ])("%# has as many parameters as published", (network, count) => {
    expect(parametersOf(network)).toBe(count);
  });

  it.each(Object.entries(models).filter(([name]) => !/101|wrn|34|50|56/.test(name)))(
    "%s gives logits in training and inference",
    async (name, make) => {
      const image = name === "mlp" || name === "cnn" ? ([1, 28, 28] as const) : ([3, 32, 32] as const);
      const state = new State();
      const network = networkState(state, "model", make({ classes: 7, image }), new Random(1));
      const images = input("images", [2, ...image]);
      const pass = train(network, images);
      const outputs = { training: pass.logits, inference: infer(network, images) };
      const program = await compile({ outputs, updates: pass.updates });
      const results = await program.run({ images: new Random(2).fillNormal(new Float32Array(sizeOf(images.shape))) });
      await program.dispose();
      for (const logits of [results.training, results.inference]) {
        expect(logits).toHaveLength(14);
        expect(Array.from(logits, Number).every(Number.isFinite)).toBe(true);
      }
    },
  );

  it("drop in training only, with a stream", async () => {
    const network = networkState(new State(), "model", smallCnn({ dropout: 0.5, size: 12 }), new Random(1));
    const images = input("images", [1, 1, 12, 12]);
    expect(() => train(network, images)).toThrow("it drops, which needs a stream");
    const state = new State();
    const stream = new RandomStream(state, "noise", 1);
    const pass = train(network, images, stream);
    const outputs = { training: pass.logits, inference: infer(network, images) };
    const program = await compile({ outputs, updates: [...stream.updates, ...pass.updates] });
    const feeds = { images: new Float32Array(144).fill(1) };
    const [first, second] = [await program.run(feeds), await program.run(feeds)];
    await program.dispose();
    expect(first.inference).toEqual(second.inference);
    expect(first.training).not.toEqual(second.training);
  });

  it("learn: a small ResNet separates two kinds of noise, and says so in inference", async () => {
    const state = new State();
    const random = new Random(3);
    const network = networkState(state, "model", cifarResnet(8, { classes: 2, channels: 1 }), random);
    const images = input("images", [16, 1, 8, 8]);
    const targets = input("targets", [16], "int64");
    const pass = train(network, images);
    const loss = mean(crossEntropy(pass.logits, targets));
    const gradient = flatGradient(loss, network.parameters);
    const step = adam({ state, name: "adam" }, network.parameters.flat, gradient, { learningRate: 0.01 });
    const program = await compile({ outputs: { loss }, updates: [...step.updates, ...pass.updates], guard: ["loss"] });
    const labels = BigInt64Array.from({ length: 16 }, (_, i) => BigInt(i % 2));
    // Kind 1 is smooth along rows: each pixel is its left neighbour's.
    const draw = () => {
      const data = random.fillNormal(new Float32Array(16 * 64));
      for (let i = 0; i < data.length; i++) {
        if (Math.floor(i / 64) % 2 === 1 && i % 2 === 1) data[i] = data[i - 1] ?? 0;
      }
      return data;
    };
    let last = Number.NaN;
    for (let i = 0; i < 60; i++) last = Number((await program.run({ images: draw(), targets: labels })).loss[0]);
    await program.dispose();
    expect(last).toBeLessThan(0.1);

    const onnx = exportOnnx({ logits: infer(network, input("images", ["batch", 1, 8, 8])) });
    const model = await LoadedModel.load(onnx);
    const { logits } = await model.run({ images: draw() });
    await model.dispose();
    const right = Array.from(labels, (label, i) => {
      const [zero, one] = [Number(logits?.[2 * i]), Number(logits?.[2 * i + 1])];
      return one > zero === (label === 1n);
    });
    expect(right.filter(Boolean).length).toBeGreaterThanOrEqual(15);
  });

  it("read other parameters of their shapes, such as an average", async () => {
    const state = new State();
    const network = networkState(state, "model", mlp([4], { size: 2, classes: 2 }), new Random(1));
    const images = input("images", [1, 1, 2, 2]);
    const zero = state.variable("zero", 0, network.parameters.flat.shape as readonly number[]);
    const parameters = unflatten(zero, network.parameters);
    const program = await compile({ outputs: { logits: infer(network, images, { parameters }) } });
    expect(Array.from((await program.run({ images: [1, 2, 3, 4] })).logits, Number)).toEqual([0, 0]);
    await program.dispose();
  });
});

describe("weights", () => {
  const fresh = (seed: number) => {
    const state = new State();
    return { state, network: networkState(state, "model", cifarResnet(8, { classes: 3 }), new Random(seed)) };
  };

  it("go through a safetensors file with PyTorch's names", () => {
    const [one, other] = [fresh(1), fresh(2)];
    const file = encodeSafetensors(toSafetensors(weightsOf(one.state, one.network)));
    loadWeights(other.state, other.network, fromSafetensors(decodeSafetensors(file).tensors));
    expect(weightsOf(other.state, other.network)).toEqual(weightsOf(one.state, one.network));
  });

  it("may lack counters, and nothing else", () => {
    const { state, network } = fresh(1);
    const all = Object.entries(weightsOf(fresh(2).state, fresh(2).network));
    const without = (part: string) => Object.fromEntries(all.filter(([name]) => !name.includes(part)));
    expect(() => loadWeights(state, network, without("num_batches_tracked"))).not.toThrow();
    expect(() => loadWeights(state, network, without("layer2.0.conv2"))).toThrow('"layer2.0.conv2.weight" is missing');
    const spoiled = (name: string, shape: readonly number[]) => ({
      ...Object.fromEntries(all),
      [name]: { shape, dtype: "float32", data: new Float32Array(sizeOf(shape)) } as const,
    });
    expect(() => loadWeights(state, network, spoiled("fc.weight", [10, 64]))).toThrow(
      '"fc.weight" is [10, 64], but [3, 64] in resnet8-cifar',
    );
    expect(() => loadWeights(state, network, spoiled("fc2.weight", [1]))).toThrow('resnet8-cifar has no "fc2.weight"');
  });
});

describe("split batch normalization", () => {
  it("sees each part of a batch as a network of its own would, and leaves inference to the first", async () => {
    const image = [3, 8, 8] as const;
    const parts = [3, 4].map((seed) => new Random(seed).fillNormal(new Float32Array(4 * 192)));
    /** Logits of a training pass, and the values afterwards, of fresh networks from one seed. */
    const trained = async (network: Network, images: Float32Array) => {
      const state = new State();
      const own = networkState(state, "model", network, new Random(1));
      const x = input("images", [images.length / 192, ...image]);
      const pass = train(own, x);
      const program = await compile({ outputs: { logits: pass.logits }, updates: pass.updates }, { threads: 1 });
      const { logits } = await program.run({ images });
      await program.dispose();
      const model = await LoadedModel.load(exportOnnx({ logits: infer(own, x) }), { threads: 1 });
      const inference = (await model.run({ images })).logits;
      await model.dispose();
      return { logits: Array.from(logits, Number), inference: Array.from(inference ?? [], Number), state, own };
    };
    const [first, second] = await Promise.all(parts.map((part) => trained(cifarResnet(8), part)));
    const both = Float32Array.from(parts.flatMap((part) => Array.from(part)));
    const split = await trained(withSplitNormalization(cifarResnet(8), 2), both);
    const close = (values: readonly number[] = []) => values.map((value) => expect.closeTo(value, 4));
    expect(split.logits).toEqual(close([...(first?.logits ?? []), ...(second?.logits ?? [])]));
    expect(split.inference.slice(0, 40)).toEqual(close(first?.inference));
    const values = weightsOf(split.state, split.own);
    for (const [i, plain] of [first, second].entries()) {
      const expected = plain ? weightsOf(plain.state, plain.own) : {};
      for (const name of ["bn1.running_mean", "layer2.0.bn2.running_var", "layer3.0.bn1.weight"]) {
        const own = i === 0 ? name : name.replace(/\.(\w+)$/, ".aux_bn.0.$1");
        expect(Array.from(values[own]?.data ?? [], Number)).toEqual(
          close(Array.from(expected[name]?.data ?? [], Number)),
        );
      }
    }
    expect(Object.keys(values)).toContain("layer1.0.bn1.aux_bn.0.num_batches_tracked");
  });
});
