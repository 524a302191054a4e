import { type Algorithm, learningRateAt, parseConfig } from "@era/lab";
import * as z from "zod";
import { loadReward } from "../rewards/reward.ts";
import { entropyMethod, entropyMethodSchema } from "./entropyMethod.ts";
import { Grpo } from "./grpo.ts";
import { GrpoTrainer } from "./grpoTrainer.ts";
import { languageDomain } from "./languageDomain.ts";
import { languageModelSizes, openLearner } from "./languageLearner.ts";
import { checkMaterial, materialName, skippedNotes } from "./material.ts";
import {
  evaluationSettings,
  loopSettings,
  lora,
  loraSettings,
  memory,
  memorySettings,
  modelSettings,
  optimizerSettings,
} from "./settings.ts";

const count = () => z.int().min(1);

/** All settings of `era train grpo`. Official: ERA's fork of verl, qwen_7b_era_topk.sh. */
export const grpoSchema = z.object({
  ...modelSettings,
  reward: z
    .string()
    .min(1)
    .optional()
    .describe("What judges responses: a reward's name or a module's path; the task's own if left out"),
  steps: count().default(200).describe("Steps of the whole run: samplings with their updates"),
  prompts: count().default(32).describe("Prompts of a step (official: 256)"),
  responses: z.int().min(2).default(8).describe("Responses to each prompt (official: 8)"),
  temperature: z.number().positive().default(1).describe("Temperature of sampling (official: 1)"),
  filterGroups: z
    .boolean()
    .default(true)
    .describe("DAPO's dynamic sampling: groups whose rewards are all equal are left out (official: on)"),
  maxRollouts: count()
    .default(1)
    .describe(
      "With filtered groups: samplings of a step at most, to find --prompts groups that teach (official: no limit)",
    ),
  overlong: z
    .enum(["none", "filter", "penalty"])
    .default("none")
    .describe("Responses that reach --max-new-tokens: as others, left out of the loss, or DAPO's soft punishment"),
  overlongBuffer: count().default(4).describe("penalty: tokens before the limit over which the punishment grows"),
  overlongPenalty: z.number().positive().default(1).describe("penalty: what a response of the full length loses"),
  normalizeAdvantages: z
    .boolean()
    .default(true)
    .describe("Divide advantages by their group's standard deviation; off: Dr. GRPO"),
  miniBatches: count()
    .default(1)
    .describe("Updates after each sampling, each by its share of the groups (official: 1)"),
  learningRate: z.number().positive().default(1e-3).describe("Learning rate (official, 7 billion parameters: 1e-6)"),
  ...optimizerSettings,
  ...loraSettings,
  ...memorySettings,
  ...entropyMethodSchema.shape,
  ...evaluationSettings,
  logEvery: count().default(1).describe("Steps between two lines of metrics"),
  ...loopSettings,
});

export type GrpoConfig = z.output<typeof grpoSchema> & { readonly head: string };

/** GRPO, as `era train grpo` runs it. */
export const grpoAlgorithm: Algorithm<GrpoConfig> = {
  name: "grpo",
  title: "GRPO",
  description: "language models learn from rewards, with their entropy held up by ERA or another method",
  domain: languageDomain,
  schema: grpoSchema,

  async settings({ head: _, ...stored }, given) {
    const config = parseConfig(grpoSchema, stored, given);
    return { ...config, head: config.entropyMethod };
  },

  task: materialName,

  modelSizes: languageModelSizes,

  async check(config) {
    const method = entropyMethod(config);
    await checkMaterial(config);
    lora(config);
    if (config.reward !== undefined) await loadReward(config.reward);
    // The activation acts in the update only: it aims at an entropy, and guarantees none.
    if (method.name !== "era") return { target: null, floor: null };
    return { target: method.sequence.low, floor: null, of: "responses' most uncertain tokens" };
  },

  notes: skippedNotes,

  open: (config) =>
    openLearner(config, async ({ model, stream, reward, maxNewTokens, lengths, session, evaluate }) => {
      const batch = Math.ceil(config.prompts / config.miniBatches) * config.responses;
      const rows = Math.min(config.microBatch ?? batch, batch);
      const grpo = await Grpo.open(model, {
        method: entropyMethod(config),
        rows,
        ...lengths,
        temperature: config.temperature,
        weightDecay: config.weightDecay,
        gradientClip: config.gradientClip,
        accumulate: batch > rows,
        keepsOld: config.miniBatches > 1,
        memory: memory(config),
        session,
      });
      const schedule = {
        name: "constant",
        peak: config.learningRate,
        steps: config.steps,
        warmUp: config.warmUp,
      } as const;
      const trainer = new GrpoTrainer({
        model,
        grpo,
        stream,
        reward,
        config: { ...config, maxNewTokens, learningRateAt: (step) => learningRateAt(schedule, step) },
        evaluate,
      });
      return { trainer, update: grpo };
    }),
};
