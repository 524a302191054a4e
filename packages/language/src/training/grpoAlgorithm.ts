import { type Algorithm, learningRateAt, parseConfig } from "@era/lab";
import { fromSafetensors } from "@era/tensor";
import * as z from "zod";
import { writeModelFolder } from "../modelFolder.ts";
import { loadReward } from "../rewards/reward.ts";
import { entropyMethod, entropyMethodSchema } from "./entropyMethod.ts";
import { evaluateModel } from "./evaluateModel.ts";
import { Grpo } from "./grpo.ts";
import { GrpoTrainer } from "./grpoTrainer.ts";
import { languageDomain } from "./languageDomain.ts";
import { checkMaterial, materialName, skippedNotes, takeMaterial } from "./material.ts";
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
import { TrainedModel } from "./trainedModel.ts";
import { trainLanguage } from "./trainLanguage.ts";

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

  modelSizes: ({ model, layers, width }) => ({
    text: `${model ?? `a decoder of ${layers} layers of width ${width}`}, in Hugging Face's format`,
    sizes: {},
  }),

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

  async open(config) {
    const { model: start, stream, heldOut, longestPrompt, maxNewTokens, reward: own } = await takeMaterial(config);
    const reward = await loadReward(config.reward ?? own);
    const session = config.threads > 0 ? { threads: config.threads } : {};
    const model = new TrainedModel(start, { rows: config.generationRows, ...session, ...lora(config) });
    const batch = Math.ceil(config.prompts / config.miniBatches) * config.responses;
    const rows = Math.min(config.microBatch ?? batch, batch);
    const grpo = await Grpo.open(model, {
      method: entropyMethod(config),
      rows,
      length: longestPrompt + maxNewTokens,
      temperature: config.temperature,
      weightDecay: config.weightDecay,
      gradientClip: config.gradientClip,
      accumulate: batch > rows,
      keepsOld: config.miniBatches > 1,
      memory: memory(config),
      session,
    });
    const trainer = new GrpoTrainer({
      model,
      grpo,
      stream,
      reward,
      config: {
        ...config,
        maxNewTokens,
        learningRateAt: (step) =>
          learningRateAt(
            { name: "constant", peak: config.learningRate, steps: config.steps, warmUp: config.warmUp },
            step,
          ),
      },
      evaluate: () =>
        evaluateModel(model, {
          problems: heldOut,
          samples: config.evalSamples,
          temperature: config.evalTemperature,
          maxNewTokens,
          reward,
        }),
    });
    return {
      train: (run, checkpoint, hooks) => trainLanguage(trainer, run, config, checkpoint, hooks),
      load: (checkpoint) => model.state.load(fromSafetensors(checkpoint.tensors)),
      async writeModel(path) {
        writeModelFolder(path, await model.weights(), { files: model.tokenizer.files });
      },
      async dispose() {
        await grpo.dispose();
        await model.dispose();
      },
    };
  },
};
