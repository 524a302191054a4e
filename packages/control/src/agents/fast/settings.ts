/** The settings that FastTD3 and FastSAC share, with each one's defaults. */
import * as z from "zod";
import * as setting from "../settings.ts";
import { count, rate } from "../settings.ts";
import { type TwinRule, twinRules } from "./twinCritics.ts";

interface Defaults {
  readonly criticHidden: number[];
  readonly batchSize: number;
  /** As the official code has it. */
  readonly officialBatchSize: number;
  readonly updatesPerStep: number;
  readonly policyDelay: number;
  readonly twins: TwinRule;
  readonly tau: number;
  readonly weightDecay: number;
}

/** What decides where and how long is trained. */
export const runSettings = {
  env: setting.env(),
  steps: count()
    .default(1_000_000)
    .describe("Environment steps to train for, all copies together (official: 12800000 and more)"),
  seed: setting.seed(),
};

/** Everything after the policy's own settings. The values of FastTD3 for HumanoidBench (official hyperparams.py) unless noted. */
export const learningSettings = (defaults: Defaults) => ({
  envs: count()
    .max(4096)
    .default(16)
    .describe("Copies of the environment, stepped together (official: 128, for a GPU)"),
  workers: z.int().min(0).max(256).default(0).describe("Threads that step them; 0: the training thread itself"),
  actorHidden: z.array(count()).min(1).default([512, 256, 128]).describe("Widths of the actor's hidden layers"),
  criticHidden: z.array(count()).min(1).default(defaults.criticHidden).describe("Widths of the critics' hidden layers"),
  atoms: z.int().min(3).default(101).describe("Atoms of the critics' distributions of returns"),
  valueMin: z.number().default(-250).describe("Smallest discounted return that the critics tell apart"),
  valueMax: z.number().default(250).describe("Largest one: must be above what a good policy of the task gets"),
  twins: z
    .enum(twinRules)
    .default(defaults.twins)
    .describe(
      "Two critics: the smaller value counts for both, or each learns from its own and the actor from their mean",
    ),
  nStep: count().default(1).describe("Steps of a replayed transition"),
  batchSize: count()
    .default(defaults.batchSize)
    .describe(
      `Transitions per update, an equal share from each copy (official: ${defaults.officialBatchSize}, for a GPU)`,
    ),
  updatesPerStep: z.int().min(0).default(defaults.updatesPerStep).describe("Updates after each step of all copies"),
  policyDelay: count().default(defaults.policyDelay).describe("Updates of the critics for each one of the actor"),
  learningStarts: count().default(10).describe("Steps of all copies before the first update"),
  bufferSize: setting.bufferSize().default(51_200).describe("Transitions kept for replay, of each copy"),
  discount: z.number().min(0).max(1).default(0.99).describe("Discount per step"),
  tau: rate().default(defaults.tau).describe("Rate at which the target critics follow"),
  normalizeObservations: z
    .boolean()
    .default(true)
    .describe("Normalize observations by their running mean and deviation"),
  actorLearningRate: rate().default(3e-4).describe("AdamW's learning rate for the actor"),
  actorLearningRateEnd: rate()
    .optional()
    .describe("The same at the end of --steps, along a cosine; constant if left out (official)"),
  criticLearningRate: rate().default(3e-4).describe("AdamW's learning rate for the critics"),
  criticLearningRateEnd: rate()
    .optional()
    .describe("The same at the end of --steps, along a cosine; constant if left out (official)"),
  weightDecay: z.number().min(0).default(defaults.weightDecay).describe("AdamW's weight decay of actor and critics"),
  evalEvery: count().default(10_000).describe("Steps between evaluations"),
  evalEpisodes: count().default(10).describe("Episodes per evaluation"),
  logEvery: count().default(1000).describe("Steps between lines of metrics"),
  checkpointEvery: count().default(10_000).describe("Steps between checkpoints"),
  threads: setting.threads(),
});

/** The arguments of zod's `refine`. */
type Refinement<Settings> = [check: (settings: Settings) => boolean, problem: { path: string[]; error: string }];

/** The support has a length. */
export const supportHasLength: Refinement<{ valueMin: number; valueMax: number }> = [
  ({ valueMin, valueMax }) => valueMin < valueMax,
  { path: ["valueMin"], error: "must be below --value-max" },
];

/** Every copy has its share of a batch. */
export const batchHasAllCopies: Refinement<{ batchSize: number; envs: number }> = [
  ({ batchSize, envs }) => batchSize >= envs,
  { path: ["batchSize"], error: "must be at least --envs, so that every copy has a share of it" },
];

/** The learning rate after a share `progress` of the run, from 0 to 1: from `start` to `end` along a cosine (PyTorch's CosineAnnealingLR). */
export const cosineRate = (start: number, end: number | undefined, progress: number): number =>
  end === undefined ? start : end + ((start - end) * (1 + Math.cos(Math.PI * progress))) / 2;
