/** This project's training step of a classifier as one of the competitors of `era bench vision`. */
import { compile, type NamedArray, Random, sizeOf } from "@era/tensor";
import { classifierConfigSchema, classifierGraph, loadWeights, weightsOf } from "@era/vision";
import { hashed, norm2 } from "./peerFormula.ts";
import { serve } from "./peerServer.ts";
import type { ClassifierSize } from "./peers.ts";

interface ClassifierConfig extends ClassifierSize {
  readonly head: "plain" | "era";
  /** File prefix for ONNX Runtime's profile. */
  readonly profile?: string;
}

/** Channel means and deviations of ImageNet, 0 to 255; also in bench/peers/python/torch_classifier.py. */
const mean = [123.675, 116.28, 103.53];
const deviation = [58.395, 57.12, 57.375];

/** The optimizer of both sides: SGD with Nesterov's momentum 0.9 and weight decay 5e-4. */
const graphOf = ({ model, batch, imageSize, classes, head, threads }: ClassifierConfig) =>
  classifierGraph(
    classifierConfigSchema.parse({
      ...{ model, head, threads, batchSize: batch },
      ...{ optimizer: "sgd", momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
    }),
    {
      image: [3, imageSize, imageSize],
      classes: Array.from({ length: classes }, (_, i) => `${i}`),
      mean,
      deviation,
    },
  );

/** A step of the classifier on random images and labels, ready to run. */
export async function benchClassifier(config: ClassifierConfig) {
  const started = performance.now();
  const { batch, imageSize, classes, threads, profile } = config;
  const { state, network, step } = graphOf(config);
  const program = await compile(step, { threads, ...(profile !== undefined && { profile }) });
  const random = new Random(1);
  const feeds = {
    images: random.fillUniform(new Float32Array(batch * 3 * imageSize ** 2)).map((value) => Math.floor(256 * value)),
    labels: BigInt64Array.from({ length: batch }, () => BigInt(Math.floor(random.uniform() * classes))),
    learningRate: [0.01],
  };
  const update = async (): Promise<void> => {
    await program.run(feeds);
  };
  await update();
  const parameters = state.read(network.parameters.flat).length;
  return { update, program, parameters, compileSeconds: (performance.now() - started) / 1000 };
}

/** A parity check: losses of each update with the formula's weights and images, and the norm of all parameters after the last. */
interface CheckRequest extends Omit<ClassifierSize, "threads"> {
  readonly updates: number;
  readonly learningRate: number;
}

/** Weights and batches as bench/peers/README.md has them, and what the updates give. */
export async function checkClassifier({ updates, learningRate, ...size }: CheckRequest) {
  const { batch, imageSize, classes } = size;
  const { state, network, step } = graphOf({ ...size, threads: 1, head: "plain" });
  const own = weightsOf(state, network);
  const names = Object.keys(own).filter((name) => !/running_|num_batches/.test(name));
  const weights: Record<string, NamedArray> = { ...own };
  names.sort().forEach((name, stream) => {
    const { shape } = own[name] as NamedArray;
    weights[name] = { shape, dtype: "float32", data: initial(name, stream, shape) };
  });
  loadWeights(state, network, weights);
  const program = await compile(step, { threads: 1 });
  const losses: number[] = [];
  for (let j = 0; j < updates; j++) {
    const outputs = await program.run({
      images: fill(batch * 3 * imageSize ** 2, (i) => Math.floor(256 * hashed(1000 + 2 * j, i))),
      labels: BigInt64Array.from({ length: batch }, (_, i) => BigInt(Math.floor(classes * hashed(1001 + 2 * j, i)))),
      learningRate: [learningRate],
    });
    losses.push(Number(outputs.loss[0]));
  }
  const norm = norm2(state.read(network.parameters.flat));
  await program.dispose();
  return { losses, norm };
}

function fill(length: number, value: (index: number) => number): Float32Array {
  return Float32Array.from({ length }, (_, i) => value(i));
}

/** Uniform weights with He's variance for what comes in; scales about 1, shifts and biases about 0. */
function initial(name: string, stream: number, shape: readonly number[]): Float32Array {
  const signed = (i: number) => 2 * hashed(stream, i) - 1;
  const size = sizeOf(shape);
  if (shape.length === 1) return fill(size, (i) => (name.endsWith("weight") ? 1 : 0) + 0.1 * signed(i));
  const bound = Math.sqrt(6 / (size / (shape[0] ?? 1)));
  return fill(size, (i) => bound * signed(i));
}

/** Serves the protocol until standard input ends. */
export async function serveClassifierPeer(config: ClassifierConfig): Promise<void> {
  const { update, program, parameters, compileSeconds } = await benchClassifier(config);
  const check = (request: unknown) => checkClassifier(request as CheckRequest);
  const name = config.head === "plain" ? "era" : "era-head";
  await serve({ name, compileSeconds, nodes: program.nodeCount, parameters }, { repeat: update, check });
}
