import { type Algorithm, learningRateAt, parseConfig, UsageError } from "@era/lab";
import * as z from "zod";
import type { TrainingProblem } from "../tasks/task.ts";
import { languageDomain } from "./languageDomain.ts";
import { languageModelSizes, openLearner } from "./languageLearner.ts";
import { checkMaterial, materialName, skippedNotes } from "./material.ts";
import type { StreamState } from "./problemStream.ts";
import { promptTokens } from "./responses.ts";
import type { Sequence } from "./rows.ts";
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
import { Sft } from "./sft.ts";
import type { TrainedModel } from "./trainedModel.ts";

/** All settings of `era train sft`. */
export const sftSchema = z.object({
  ...modelSettings,
  steps: z.int().min(1).default(800).describe("Steps of the whole run"),
  batchSize: z.int().min(1).default(128).describe("Solutions per step"),
  learningRate: z.number().positive().default(4e-3).describe("Highest learning rate"),
  schedule: z.enum(["constant", "cosine"]).default("cosine").describe("How the learning rate changes"),
  ...optimizerSettings,
  ...loraSettings,
  ...memorySettings,
  warmUp: optimizerSettings.warmUp.default(20),
  ...evaluationSettings,
  logEvery: z.int().min(1).default(20).describe("Steps between two lines of metrics"),
  ...loopSettings,
  evalEvery: loopSettings.evalEvery.default(200),
  checkpointEvery: loopSettings.checkpointEvery.default(200),
});

export type SftConfig = z.output<typeof sftSchema> & { readonly head: string };

/** Supervised fine-tuning, as `era train sft` runs it. */
export const sftAlgorithm: Algorithm<SftConfig> = {
  name: "sft",
  title: "Supervised fine-tuning",
  description: "language models learn from solutions, as a start for grpo",
  domain: languageDomain,
  schema: sftSchema,

  async settings({ head: _, ...stored }, given) {
    return { ...parseConfig(sftSchema, stored, given), head: "imitation" };
  },

  task: materialName,

  modelSizes: languageModelSizes,

  async check(config) {
    await checkMaterial(config);
    lora(config);
    return { target: null, floor: null };
  },

  notes: skippedNotes,

  open: (config) =>
    openLearner(config, async ({ model, stream, maxNewTokens, lengths, session, evaluate }) => {
      const { batchSize, steps, learningRate: peak, schedule: name, warmUp, weightDecay, gradientClip } = config;
      const sft = await Sft.open(model, {
        batchSize,
        rows: config.microBatch ?? batchSize,
        ...lengths,
        weightDecay,
        gradientClip,
        memory: memory(config),
        session,
      });
      const trainer = {
        model,
        get memory() {
          return stream.state;
        },
        set memory(state: unknown) {
          stream.state = state as StreamState;
        },
        async step(step: number) {
          const sequences = stream.take(batchSize).map((problem) => imitated(model, problem, maxNewTokens));
          const learningRate = learningRateAt({ name, peak, steps, warmUp }, step);
          const { loss, gradientNorm } = await sft.step(sequences, learningRate);
          return {
            metrics: { "train/loss": loss, "train/gradientNorm": gradientNorm, "train/learningRate": learningRate },
          };
        },
        evaluate,
      };
      return { trainer, update: sft };
    }),
};

/** A problem's prompt with its solution and the token that ends it. Throws UsageError where there is none, or it is too long. */
function imitated({ tokenizer }: TrainedModel, problem: TrainingProblem, maxNewTokens: number): Sequence {
  const { solution } = problem;
  if (solution === undefined) throw new UsageError(`problem ${problem.id} has no solution to learn from`);
  const response = [...tokenizer.encode(solution, { specials: false }), ...tokenizer.stopTokens.slice(0, 1)];
  if (response.length > maxNewTokens) {
    throw new UsageError(
      `--max-new-tokens ${maxNewTokens}: the solution of problem ${problem.id} has ${response.length} tokens`,
    );
  }
  return { prompt: promptTokens(tokenizer, problem), response };
}
