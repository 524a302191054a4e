/** Settings of published runs, as far as they have a counterpart here. */
import type { ClassifierConfig } from "./classifier.ts";

export const recipeNames = ["none", "era-paper-cifar10", "era-paper-imagenet"] as const;
export type RecipeName = (typeof recipeNames)[number];

/** The official code (resnet-era, a copy of timm): ERA with 0.6 nat, the paper's bound and inverse; timm's SGD, weight decay, warm-up, smoothing. */
const official = {
  model: "resnet50",
  optimizer: "sgd",
  momentum: 0.9,
  nesterov: true,
  weightDecay: 2e-5,
  schedule: "cosine",
  warmUpEpochs: 5,
  epochs: 200,
  learningRate: 0.05,
  labelSmoothing: 0.1,
  head: "era",
  entropy: 0.6,
  bound: "paper",
  inverse: "paper",
} as const satisfies Partial<ClassifierConfig>;

/**
 * The settings of a recipe. The published command for CIFAR-10 is four processes of batch 64, 200 epochs, learning rate 0.05, cosine, random
 * erasing 0.6, with RandAugment and AugMix splits under the Jensen–Shannon loss; those last two have no counterpart here yet (where timm has
 * RandAugment it leaves colour jitter out; this has the jitter, timm's default without it). No command for ImageNet is published: the same, with
 * timm's default augmentation.
 */
export function recipe(name: unknown): Partial<ClassifierConfig> {
  if (name === "era-paper-cifar10")
    return { ...official, batchSize: 256, augment: "resized-crop-flip", colorJitter: 0.4, randomErasing: 0.6 };
  if (name === "era-paper-imagenet")
    return { ...official, batchSize: 256, augment: "resized-crop-flip", colorJitter: 0.4 };
  return {};
}
