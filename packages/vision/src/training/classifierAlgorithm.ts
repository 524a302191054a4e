import { basename } from "node:path";
import { type Algorithm, type Domain, parseConfig, UsageError, writeFileAtomic } from "@era/lab";
import { fromSafetensors } from "@era/tensor";
import * as z from "zod";
import { type DataOptions, type DataSet, dataFormats, readDataSet, requireAlike } from "../data/dataSet.ts";
import { type AnySet, isStreamed } from "../data/imageSet.ts";
import { fittingMemory, usualCentreShare } from "../data/indexedImages.ts";
import { stratifiedSplit } from "../data/stratifiedSplit.ts";
import { Classifier, classifierConfigSchema, classifierHead, requireCompatible } from "./classifier.ts";
import { recipe, recipeNames } from "./recipes.ts";
import { trainClassifier } from "./trainClassifier.ts";

/** All settings of `era train classifier`: what to train on, then how. */
export const classifierTrainingSchema = z.object({
  data: z
    .string()
    .min(1)
    .default("mnist")
    .describe(
      "Images: class folders, tars of such, Parquet, MNIST's or CIFAR's files; or mnist, which a package carries",
    ),
  dataFormat: z.enum(dataFormats).default("auto").describe("What --data is; auto: told from its files"),
  testData: z.string().min(1).optional().describe("Class folders to evaluate on, where --data has no test images"),
  validation: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("Share of each class that is held out of training and evaluated on, instead of the test images"),
  imageSize: z.int().min(1).optional().describe("Image files: height and width that images are resized to"),
  centreCrop: z
    .number()
    .positive()
    .max(1)
    .default(usualCentreShare)
    .describe("With --image-size: share of the shorter side that evaluation keeps"),
  inMemory: z
    .int()
    .min(0)
    .default(1024)
    .describe("MiB that the decoded images of a split may take; larger ones are decoded as their batches need them"),
  skipBad: z.boolean().default(false).describe("Leave damaged images out, and count them, instead of failing"),
  recipe: z.enum(recipeNames).default("none").describe("Settings of a published run; flags win over it"),
  ...classifierConfigSchema.shape,
  logEvery: z.int().min(1).default(50).describe("Steps between two lines of metrics"),
  evalEvery: z.int().min(1).default(1).describe("Epochs between two evaluations"),
  checkpointEvery: z.int().min(1).default(1).describe("Epochs between two checkpoints"),
});

type Settings = z.output<typeof classifierTrainingSchema>;
export type ClassifierTrainingConfig = Settings & { readonly steps: number };

/** Runs are judged by the accuracy of an evaluation, and by the lowest entropy of any prediction so far, in nats. */
export const visionDomain: Domain = {
  modelFile: "model.onnx",
  score: { metric: "eval/accuracy", name: "accuracy", digits: 4 },
  entropy: { metric: "prediction/entropyMin", bearer: "prediction", lowestOf: "any prediction" },
};

/** What a run trains on, and what it is evaluated on while it trains. */
export interface ClassifierSets {
  readonly train: AnySet;
  readonly evaluation: AnySet;
}

/** Of the latest settings: checking and opening a run read the same files. */
let latest: { readonly key: string; readonly sets: Promise<ClassifierSets> } | undefined;

/**
 * The images that settings name.
 * @throws UsageError where they are not there, FailureError where they are damaged, each in one line
 */
export function classifierSets(config: Settings): Promise<ClassifierSets> {
  const { data, testData, validation, seed } = config;
  const key = JSON.stringify([options(config, data), testData, validation, validation > 0 ? seed : 0]);
  if (latest?.key !== key) latest = { key, sets: readSets(config) };
  return latest.sets;
}

async function readSets(config: Settings): Promise<ClassifierSets> {
  const { data, testData, validation, seed } = config;
  const { train, test } = await readDataSet(options(config, data));
  if (validation > 0) {
    const { rest, heldOut } = stratifiedSplit(train, validation, seed);
    const { mostInMemory = 0 } = options(config, data);
    return { train: rest, evaluation: isStreamed(heldOut) ? await fittingMemory(heldOut, mostInMemory) : heldOut };
  }
  if (testData === undefined) {
    if (test) return { train, evaluation: test };
    throw new UsageError(
      `--data ${data}: has no test images beside the training images: hold some out with --validation 0.1, or give --test-data`,
    );
  }
  const { train: given, test: ownTest }: DataSet = await readDataSet({
    ...options(config, testData),
    dataFormat: "auto",
    needsOriginals: false,
  });
  const evaluation = ownTest ?? given;
  requireAlike(evaluation, train);
  return { train, evaluation };
}

const options = (settings: Settings, data: string): DataOptions => ({
  data,
  dataFormat: settings.dataFormat,
  imageSize: settings.imageSize,
  centreShare: settings.centreCrop,
  skipBad: settings.skipBad,
  mostInMemory: settings.inMemory * 2 ** 20,
  needsOriginals: settings.augment === "resized-crop-flip",
});

/** Settings from which the number of steps follows. */
const decidesSteps = ["data", "batchSize", "accumulate", "epochs", "validation", "recipe", "skipBad"];

/** Image classification, as `era train classifier` runs it. */
export const classifierAlgorithm: Algorithm<ClassifierTrainingConfig> = {
  name: "classifier",
  title: "Classifier",
  description: "image classification with an entropy floor (ERA), or with what is used instead",
  domain: visionDomain,
  schema: classifierTrainingSchema,

  async settings(stored, given) {
    const isOther = given.steps === undefined && decidesSteps.some((name) => given[name] !== undefined);
    const kept = isOther ? { ...stored, steps: undefined } : stored;
    const config = parseConfig(classifierTrainingSchema, recipe(stored.recipe), kept, recipe(given.recipe), given);
    try {
      requireCompatible(config);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    const { train } = await classifierSets(config);
    const { batchSize, accumulate } = config;
    if (train.labels.length < batchSize * accumulate) {
      const flags =
        accumulate === 1 ? `--batch-size ${batchSize}` : `--batch-size ${batchSize} --accumulate ${accumulate}`;
      throw new UsageError(`${flags}: ${train.name} has only ${train.labels.length} images to train on`);
    }
    const perEpoch = Math.floor(train.labels.length / (batchSize * accumulate));
    return { ...config, steps: config.steps ?? config.epochs * perEpoch };
  },

  task: ({ data }) => basename(data).replace(/\.tar$/, ""),

  modelSizes: ({ model }) => ({ text: `${model}: images (0 to 255) to the logits of classes, any batch`, sizes: {} }),

  async check(config) {
    const { train } = await classifierSets(config);
    try {
      return classifierHead(config, train.classes.length).entropy;
    } catch (error) {
      throw new UsageError(`--entropy ${config.entropy}: ${(error as Error).message}`);
    }
  },

  async notes(config) {
    const { train, evaluation } = await classifierSets(config);
    // A held-out part knows what was left out of the whole.
    const sets = config.validation > 0 ? [train] : [train, evaluation];
    const streams = sets
      .filter(isStreamed)
      .map(({ name, labels }) => `${name}: ${labels.length} images are decoded when batches need them`);
    const damaged = sets.flatMap(({ name, skipped: [first, ...more] }) => {
      if (first === undefined) return [];
      const others = more.length > 0 ? ` and ${more.length} more` : "";
      return [
        `${name}: ${1 + more.length} damaged images are left out (--skip-bad): ${first.file} ${first.reason}${others}`,
      ];
    });
    return [...streams, ...damaged];
  },

  async open(config) {
    const { train, evaluation } = await classifierSets(config);
    const classifier = await Classifier.open(config, train);
    return {
      train: (run, checkpoint, hooks) => trainClassifier({ classifier, evaluation, run }, config, checkpoint, hooks),
      load: (checkpoint) => classifier.graph.state.load(fromSafetensors(checkpoint.tensors)),
      async writeModel(path) {
        writeFileAtomic(path, classifier.exportModel());
      },
      dispose: () => classifier.dispose(),
    };
  },
};
