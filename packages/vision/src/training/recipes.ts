/** Settings of published runs. */
import type { ClassifierTrainingConfig } from "./classifierAlgorithm.ts";

export const recipeNames = ["none", "era-paper-cifar10", "era-paper-imagenet"] as const;
export type RecipeName = (typeof recipeNames)[number];

/**
 * The command that the official code (resnet-era, a copy of timm) publishes, for CIFAR-10, in full: four processes of batch 64, ResNet-50, cosine,
 * 200 epochs, learning rate 0.05, erasing of 0.6 with pixel noise and not in the clean version, three versions of each image with RandAugment under the
 * Jensen–Shannon loss, batch normalization for each version. The rest are timm's defaults, read in that copy: Nesterov momentum 0.9, weight
 * decay 2e-5 not on biases and normalization, warm-up over 5 of the epochs from 1e-5, one rate an epoch, end at 0, no cooldown, smoothing 0.1,
 * α = 12, crops of 8 to 100 % enlarged linearly or cubically by lot, flips, no colour jitter beside RandAugment, residual blocks that begin as their
 * shortcuts. ERA: 0.6 nat, the paper's bound and inverse.
 */
const official = {
  model: "resnet50",
  // Each process normalizes its own 64 images, and their gradients are averaged.
  batchSize: 64,
  accumulate: 4,
  optimizer: "sgd",
  momentum: 0.9,
  nesterov: true,
  weightDecay: 2e-5,
  decayed: "weights",
  schedule: "cosine-epochs",
  epochs: 200,
  learningRate: 0.05,
  minLearningRate: 0,
  warmUpEpochs: 5,
  warmUpLearningRate: 1e-5,
  augment: "resized-crop-flip",
  cropInterpolation: "random",
  colorJitter: 0,
  randAugment: "m9-mstd0.5-inc1",
  augSplits: 3,
  jsdAlpha: 12,
  splitBn: true,
  randomErasing: 0.6,
  labelSmoothing: 0.1,
  zeroInitResidual: true,
  head: "era",
  entropy: 0.6,
  bound: "paper",
  inverse: "paper",
} as const satisfies Partial<ClassifierTrainingConfig>;

/**
 * The settings of a recipe. What differs from the official runs:
 * - their CIFAR-10 command leaves timm's ResNet-50 as it is, so that crops of 32² are enlarged to 224² and there are 1000 outputs, 990 of them without
 *   images; here the network is made for the images and classes that there are (`--image-size 224`, for class folders, gives their size);
 * - channels are normalized by the data's mean and deviation (so are what erasing draws and what RandAugment moves in), not ImageNet's;
 * - evaluation is of whole images, where timm's takes the middle 95 % of each side;
 * - running statistics see each of the four batches of a step, where theirs are those of one process;
 * - float32 throughout, where theirs is mixed precision.
 *
 * No command for ImageNet is published. The one for CIFAR-10 is, word for word but for the data set and the number of processes, timm's documented one
 * for ImageNet (hfdocs, "ResNet50 with JSD loss and RandAugment"): the recipe for ImageNet is inferred to be the same, with images of 224². Crops are
 * taken from images resized to that, where timm takes them from the files' own size.
 */
export function recipe(name: unknown): Partial<ClassifierTrainingConfig> {
  if (name === "era-paper-cifar10") return official;
  if (name === "era-paper-imagenet") return { ...official, imageSize: 224 };
  return {};
}
