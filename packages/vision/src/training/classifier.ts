/**
 * Training an image classifier, with an entropy floor (ERA) or with what is used instead: label smoothing (Szegedy et al. 2016), a
 * confidence penalty (Pereyra et al. 2017), dropout. From top to bottom: settings, the expression graph of a step, the compiled classifier.
 */

import { learningRateAt, scheduleNames, seedSetting, threadsSetting } from "@era/lab";
import {
  accumulate,
  adam,
  add,
  argmax,
  type CompileOptions,
  cast,
  channelAffine,
  compile,
  concat,
  constant,
  crossEntropy,
  equal,
  expand,
  exportOnnx,
  flatGradient,
  input,
  LoadedModel,
  mean,
  min,
  movingAverage,
  mul,
  type Program,
  type ProgramSpec,
  Random,
  RandomStream,
  State,
  sgd,
  sizeOf,
  slice,
  sub,
  type Tensor,
  unflatten,
} from "@era/tensor";
import * as z from "zod";
import type { AnySet, CentreCrop, ImageSet } from "../data/imageSet.ts";
import { type DamagedImage, parts } from "../data/streamedImages.ts";
import { eraHead, type Head, plainHead, predictiveEntropy } from "../head.ts";
import { type ModelName, models } from "../models/models.ts";
import { infer, type NetworkState, networkState, train } from "../models/network.ts";
import { withSplitNormalization } from "../models/splitNormalization.ts";
import type { BatchSource } from "./batches.ts";
import { statisticsOf } from "./channelStatistics.ts";
import { jsdCrossEntropy } from "./jsdCrossEntropy.ts";
import { Measurement, type Measures } from "./measures.ts";
import { openBatches } from "./preparedBatches.ts";
import { parseRandAugment, type RandAugmentPolicy } from "./randAugment.ts";

const count = () => z.int().min(1);
const share = () => z.number().min(0).max(1);

/** A classifier's settings. Defaults are He et al.'s for CIFAR (2016, section 4.2), with a cosine instead of steps. */
export const classifierConfigSchema = z.object({
  model: z
    .enum(Object.keys(models) as [ModelName, ...ModelName[]])
    .default("resnet20")
    .describe("Network"),
  epochs: count().default(30).describe("Passes over the training images"),
  steps: count().optional().describe("Steps of the whole run; as many as --epochs needs if left out"),
  seed: seedSetting(),
  batchSize: count().default(128).describe("Images per step"),
  accumulate: count()
    .default(1)
    .describe("Batches whose mean gradient makes one step; each is normalized by itself (official: 4, of 64 images)"),
  optimizer: z.enum(["sgd", "adamw"]).default("sgd").describe("SGD with momentum, or AdamW"),
  learningRate: z.number().positive().default(0.1).describe("Highest learning rate"),
  momentum: share().default(0.9).describe("SGD: momentum"),
  nesterov: z.boolean().default(true).describe("SGD: Nesterov's momentum"),
  weightDecay: z
    .number()
    .min(0)
    .default(5e-4)
    .describe("SGD: L2 penalty of the parameters; AdamW: their decoupled decay"),
  decayed: z
    .enum(["all", "weights"])
    .default("all")
    .describe("What --weight-decay is for: all parameters, or weights alone, without biases and normalization (timm)"),
  schedule: z
    .enum(scheduleNames)
    .default("cosine")
    .describe(
      "How the learning rate changes; cosine-epochs: once an epoch, the warm-up in place of its beginning (timm)",
    ),
  minLearningRate: z.number().min(0).default(0).describe("Learning rate at the end of a cosine"),
  warmUpEpochs: z.number().min(0).default(1).describe("Epochs over which the learning rate rises"),
  warmUpLearningRate: z.number().min(0).default(0).describe("Learning rate from which it rises (timm: 1e-5)"),
  augment: z
    .enum(["none", "flip", "crop-flip", "resized-crop-flip"])
    .default("crop-flip")
    .describe("Training images: as they are, flipped at random, moved by up to 4 pixels too, or random resized crops"),
  cropInterpolation: z
    .enum(["linear", "random"])
    .default("linear")
    .describe("How random resized crops are enlarged: linearly, or linearly or cubically by lot (timm)"),
  colorJitter: share().default(0).describe("Changes brightness, contrast and saturation by up to this share"),
  randAugment: z
    .string()
    .default("none")
    .superRefine((text, context) => {
      try {
        policyOf(text);
      } catch (error) {
        context.addIssue({ code: "custom", message: (error as Error).message });
      }
    })
    .describe("RandAugment in timm's notation (official: m9-mstd0.5-inc1), or none"),
  randomErasing: share().default(0).describe("Share of images in which a box becomes noise (official: 0.6)"),
  augSplits: count()
    .default(1)
    .describe("Versions of each image in a step: one only cropped and flipped, the others changed too (official: 3)"),
  jsdAlpha: z
    .number()
    .min(0)
    .default(12)
    .describe("--aug-splits: weight of the Jensen-Shannon divergence between the versions' predictions; 12 is timm's"),
  splitBn: z
    .boolean()
    .default(false)
    .describe("--aug-splits: batch normalization with values of its own for each version (official)"),
  mixup: share().default(0).describe("Mixes images and classes, with shares from Beta(α, α); 0: not"),
  cutmix: share().default(0).describe("Cuts pieces of other images in, with areas from Beta(α, α); 0: not"),
  head: z.enum(["plain", "era"]).default("era").describe("Logits as they are, or with ERA's activation"),
  entropy: z.number().default(0.6).describe("ERA: entropy to keep, in nats (official: 0.6)"),
  bound: z
    .enum(["tight", "paper"])
    .default("tight")
    .describe("ERA: the floor is the entropy asked for, or the official choice, whose floor lies above it"),
  inverse: z
    .enum(["lambert", "paper"])
    .default("lambert")
    .describe("ERA: exact, or the paper's approximation (official)"),
  labelSmoothing: share().default(0).describe("Weight of each target that is spread over all classes"),
  confidencePenalty: z.number().min(0).default(0).describe("Weight of the entropy that is added to the objective"),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("Share of elements dropped, in networks that have a place for it"),
  zeroInitResidual: z
    .boolean()
    .default(false)
    .describe("ResNets: blocks begin as their shortcuts, the weight of their last normalization being 0 (timm)"),
  ema: z.number().min(0).lt(1).default(0).describe("Decay of the weights' moving average that is evaluated; 0: none"),
  workers: z
    .int()
    .min(0)
    .max(64)
    .optional()
    .describe(
      "Threads that prepare batches ahead, the same ones with any number; if left out: for images that are decoded on the way, one a spare core",
    ),
  threads: threadsSetting(),
});

/** @throws RangeError in one line where the text is no policy */
const policyOf = (text: string): RandAugmentPolicy | undefined =>
  text === "none" ? undefined : parseRandAugment(text);

export type ClassifierConfig = z.output<typeof classifierConfigSchema>;

/** What the training images decide: the network's ends and the normalization. */
export interface ClassifierData {
  readonly image: readonly [channels: number, height: number, width: number];
  readonly classes: readonly string[];
  /** Of each channel, 0 to 255. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** How images of other sizes become ones of this, where that was done. */
  readonly centre?: CentreCrop | undefined;
}

/** @throws Error in one line where no such head exists */
export const classifierHead = ({ head, entropy, bound, inverse }: ClassifierConfig, classes: number): Head =>
  head === "era" ? eraHead({ classes, entropy, bound, inverse }) : plainHead;

type Reported = "loss" | "accuracy" | "entropy" | "entropyMin";

/** @throws Error in one line where settings don't go together */
export function requireCompatible({ augSplits, mixup, cutmix, splitBn }: ClassifierConfig): void {
  const mixed = mixup > 0 ? "--mixup" : cutmix > 0 ? "--cutmix" : undefined;
  if (augSplits > 1 && mixed) throw new Error(`${mixed}: doesn't go with --aug-splits ${augSplits}`);
  if (splitBn && augSplits === 1) throw new Error("--split-bn: needs the versions of --aug-splits, at least 2");
}

/** A classifier before it is compiled. */
export interface ClassifierGraph {
  readonly state: State;
  readonly network: NetworkState;
  readonly head: Head;
  /**
   * Inputs: images (0 to 255; all first versions, then all second ones …), labels (int64), learningRate; where images are mixed, mixedLabels (int64)
   * and ownShare too. Accuracy is the first versions', entropy all versions'.
   */
  readonly step: ProgramSpec<Reported>;
  /** For each batch of a step but the last, where several make one: only adds to the gradient. */
  readonly gather?: ProgramSpec<Reported>;
  /** Logits of the class distribution of images 0 to 255, in inference, with averaged weights where they are kept. */
  classify(images: Tensor): Tensor;
}

/** From `a` at share 0 to `b` at share 1. */
const lerp = (a: Tensor, b: Tensor, share: Tensor): Tensor => add(a, mul(sub(b, a), share));

/** The decay of each parameter, in the order of the flat vector: none for those of one dimension. */
const decayOfWeights = (tensors: Readonly<Record<string, Tensor>>, decay: number): Tensor =>
  concat(Object.values(tensors).map(({ shape }) => expand(constant(shape.length > 1 ? decay : 0), [sizeOf(shape)])));

/** Everything that a classifier computes. Its initial values come from the seed alone. */
export function classifierGraph(config: ClassifierConfig, data: ClassifierData): ClassifierGraph {
  const classes = data.classes.length;
  const head = classifierHead(config, classes);
  const state = new State();
  const { augSplits: splits } = config;
  const { dropout, zeroInitResidual } = config;
  const plainModel = models[config.model]({ classes, image: data.image, dropout, zeroInitResidual });
  const model = config.splitBn && splits > 1 ? withSplitNormalization(plainModel, splits) : plainModel;
  const network = networkState(state, "model", model, new Random(config.seed));
  const noise = config.dropout > 0 ? new RandomStream(state, "noise", config.seed) : undefined;
  const scale = constant(data.deviation.map((deviation) => 1 / deviation));
  const shift = constant(data.mean.map((value, i) => -value / (data.deviation[i] ?? 1)));
  const normalized = (images: Tensor) => channelAffine(images, scale, shift);

  const images = input("images", [splits * config.batchSize, ...data.image]);
  const labels = input("labels", [config.batchSize], "int64");
  const learningRate = input("learningRate", []);
  const pass = train(network, normalized(images), noise);
  const logits = head.logits(pass.logits);
  const entropy = predictiveEntropy(logits);
  const { labelSmoothing } = config;
  const errorOf = (classes: Tensor) => mean(crossEntropy(logits, classes, { labelSmoothing }));
  const isMixed = config.mixup > 0 || config.cutmix > 0;
  const error =
    splits > 1
      ? jsdCrossEntropy(logits, labels, { splits, alpha: config.jsdAlpha, labelSmoothing })
      : isMixed
        ? lerp(errorOf(input("mixedLabels", [config.batchSize], "int64")), errorOf(labels), input("ownShare", []))
        : errorOf(labels);
  const loss = config.confidencePenalty === 0 ? error : sub(error, mul(mean(entropy), config.confidencePenalty));

  const { flat, tensors } = network.parameters;
  const ofBatch = flatGradient(loss, network.parameters);
  const accumulation = config.accumulate > 1 ? accumulate({ state, name: "accumulation" }, ofBatch) : undefined;
  const gradient = accumulation?.mean ?? ofBatch;
  const memory = { state, name: "optimizer" };
  const { momentum, nesterov } = config;
  const weightDecay = config.decayed === "all" ? config.weightDecay : decayOfWeights(tensors, config.weightDecay);
  const { next, updates } =
    config.optimizer === "sgd"
      ? sgd(memory, flat, gradient, { learningRate, momentum, nesterov: nesterov && momentum > 0, weightDecay })
      : adam(memory, flat, gradient, { learningRate, weightDecay });
  const average =
    config.ema > 0 ? movingAverage({ state, name: "ema" }, flat, next, { decay: config.ema, warmUp: true }) : undefined;

  const outputs = {
    loss,
    accuracy: mean(cast(equal(argmax(slice(logits, 0, 0, config.batchSize)), labels), "float32")),
    entropy: mean(entropy),
    entropyMin: min(entropy),
  };
  const always = [...pass.updates, ...(noise?.updates ?? [])];
  return {
    state,
    network,
    head,
    step: {
      outputs,
      updates: [...updates, ...(average?.updates ?? []), ...(accumulation?.reset ?? []), ...always],
      guard: ["loss"],
    },
    ...(accumulation && { gather: { outputs, updates: [...accumulation.gather, ...always], guard: ["loss"] } }),
    classify: (x) => {
      const parameters = average && unflatten(average.average, network.parameters);
      return head.logits(infer(network, normalized(x), parameters && { parameters }));
    },
  };
}

/** What a step reports of its batches: means, but for the least entropy. */
export interface StepReport {
  readonly loss: number;
  readonly accuracy: number;
  readonly entropy: number;
  readonly entropyMin: number;
  readonly learningRate: number;
  /** Images in whose place others stood. */
  readonly damaged: readonly DamagedImage[];
}

/**
 * A classifier that trains on a set. All that decides its future is `graph.state` and the step: batches, augmentation and learning rates
 * follow from the seed and the step.
 */
export class Classifier {
  readonly graph: ClassifierGraph;
  /** Steps of the whole run. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly #config: ClassifierConfig;
  readonly #data: ClassifierData;
  readonly #batches: BatchSource;
  readonly #program: Program<Reported>;
  readonly #gather: Program<Reported> | undefined;

  private constructor(
    config: ClassifierConfig,
    data: ClassifierData,
    graph: ClassifierGraph,
    batches: BatchSource,
    program: Program<Reported>,
    gather: Program<Reported> | undefined,
  ) {
    this.graph = graph;
    this.stepsPerEpoch = batches.perEpoch / config.accumulate;
    this.steps = config.steps ?? config.epochs * this.stepsPerEpoch;
    this.#config = config;
    this.#data = data;
    this.#batches = batches;
    this.#program = program;
    this.#gather = gather;
  }

  /** @throws RangeError where the set does not fill a batch; Error where the head asked for does not exist, each in one line */
  static async open(config: ClassifierConfig, set: AnySet): Promise<Classifier> {
    const statistics = await statisticsOf(set);
    const { augment: augmentation, randAugment, augSplits: splits, accumulate: batchesPerStep, workers } = config;
    const options = { ...config, augmentation, randAugment: policyOf(randAugment), splits, batchesPerStep, statistics };
    const data = { image: set.image, classes: set.classes, centre: set.centre, ...statistics };
    const graph = classifierGraph(config, data);
    const batches = openBatches(set, options, workers);
    try {
      const program = await compile(graph.step, sessionOptions(config));
      const gather = graph.gather && (await compile(graph.gather, sessionOptions(config)));
      return new Classifier(config, data, graph, batches, program, gather);
    } catch (error) {
      await batches.close();
      throw error;
    }
  }

  /**
   * Takes one step, counted from 0. Throws NonFiniteError (of @era/tensor) where the loss is none; parameters and optimizer are then as before,
   * but where several batches make a step, those before it are in the sum of gradients and in the running statistics.
   */
  async step(step: number): Promise<StepReport> {
    const { accumulate: batches } = this.#config;
    const learningRate = this.#learningRate(step);
    const damaged: DamagedImage[] = [];
    const report = { loss: 0, accuracy: 0, entropy: 0, entropyMin: Number.POSITIVE_INFINITY };
    for (let i = 0; i < batches; i++) {
      const { feeds, damaged: found } = await this.#batches.at(step * batches + i);
      damaged.push(...found);
      const isLast = i === batches - 1 || !this.#gather;
      const measured = isLast
        ? await this.#program.run({ ...feeds, learningRate: [learningRate] })
        : await this.#gather.run({ ...feeds });
      for (const name of ["loss", "accuracy", "entropy"] as const) report[name] += Number(measured[name][0]) / batches;
      report.entropyMin = Math.min(report.entropyMin, Number(measured.entropyMin[0]));
    }
    return { ...report, learningRate, damaged };
  }

  #learningRate(step: number): number {
    const { schedule: name, learningRate: peak, minLearningRate: minimum } = this.#config;
    const { warmUpEpochs, warmUpLearningRate: warmUpFrom } = this.#config;
    const { steps, stepsPerEpoch } = this;
    const warmUp = Math.min(Math.round(warmUpEpochs * stepsPerEpoch), steps);
    return learningRateAt({ name, peak, minimum, steps, stepsPerEpoch, warmUp, warmUpFrom }, step);
  }

  /**
   * The classifier as it is now, as a standalone ONNX model: input `images` `[batch, channels, height, width]`, 0 to 255 (normalization is
   * inside); output `logits` `[batch, classes]`, of the class distribution. Classes, and what preparation the images need, are in its metadata.
   */
  exportModel(): Uint8Array {
    const { image, classes, centre } = this.#data;
    const { target, floor } = this.graph.head.entropy;
    return exportOnnx(
      { logits: this.graph.classify(input("images", ["batch", ...image])) },
      {
        classes: JSON.stringify(classes),
        image: JSON.stringify({
          layout: "NCHW",
          color: image[0] === 3 ? "RGB" : "grey",
          size: image.slice(1),
          range: [0, 255],
          ...(centre && { crop: centre.share }),
        }),
        entropy: JSON.stringify({ target, floor }),
      },
    );
  }

  /** What the exported model predicts for a set. */
  async evaluate(set: AnySet): Promise<Measures> {
    return evaluateModel(this.exportModel(), set, sessionOptions(this.#config));
  }

  async dispose(): Promise<void> {
    await this.#batches.close();
    await this.#program.dispose();
    await this.#gather?.dispose();
  }
}

const sessionOptions = ({ threads }: ClassifierConfig): CompileOptions => (threads > 0 ? { threads } : {});

/** Images given to a model at once. */
const evaluationBatch = 250;

/** What an exported classifier predicts for a set of its images and classes. */
export async function evaluateModel(model: Uint8Array, set: AnySet, options: CompileOptions = {}): Promise<Measures> {
  const loaded = await LoadedModel.load(model, options);
  try {
    return (await measure(loaded, set)).measures;
  } finally {
    await loaded.dispose();
  }
}

/**
 * {@link evaluateModel} of a loaded classifier, with all that was added up.
 * @param change what is done to the images first; it is told where they begin in the set
 */
export async function measure(
  model: LoadedModel,
  set: AnySet,
  change: (part: ImageSet, start: number) => ImageSet | Promise<ImageSet> = (part) => part,
): Promise<Measurement> {
  const measurement = new Measurement();
  let start = 0;
  for await (const part of parts(set, evaluationBatch)) {
    const { images, labels } = await change(part, start);
    start += labels.length + part.skipped.length;
    measurement.skipped.push(...part.skipped);
    if (labels.length === 0) continue;
    const { logits } = await model.run({ images: Float32Array.from(images) });
    measurement.add(logits as Float32Array, labels);
  }
  return measurement;
}
