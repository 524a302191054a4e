/** The settings that training by imitation and training by reward have in common. */
import { seedSetting, threadsSetting, UsageError } from "@era/lab";
import * as z from "zod";
import { taskNames } from "../tasks/tasks.ts";
import { type LoraTarget, loraTargets } from "./lora.ts";
import type { TokenScoreOptions } from "./tokenScores.ts";
import type { TrainedModelOptions } from "./trainedModel.ts";

const count = () => z.int().min(1);

/** What is trained, and on what. */
export const modelSettings = {
  task: z.enum(taskNames).default("countdown").describe("Generated problems to train on"),
  data: z.string().min(1).optional().describe("Problems of a file instead: JSON Lines or Parquet"),
  mapping: z
    .string()
    .min(1)
    .default("auto")
    .describe("--data: how records are read: auto, a data set's name, or problem=…,answer=…"),
  evalData: z
    .string()
    .min(1)
    .optional()
    .describe("--data: problems to evaluate on; if left out, --eval-problems of the data are held out"),
  instruction: z.string().min(1).optional().describe("Put below each problem's text, after an empty line"),
  longPrompts: z
    .enum(["error", "skip"])
    .default("error")
    .describe("--data: problems whose prompts do not fit into the context: an error, or left out and counted"),
  maxPromptTokens: count().optional().describe("Longest prompt, in tokens; as long as there are if left out"),
  model: z
    .string()
    .min(1)
    .optional()
    .describe("Model to start from: a Hugging Face folder, a GGUF file or a run; left out: a new one of characters"),
  layers: count().default(4).describe("New model: layers"),
  width: z.int().min(16).default(128).describe("New model: numbers per token between layers"),
  heads: count().default(4).describe("New model: attention heads, of a multiple of 16 numbers each"),
  maxNewTokens: count().optional().describe("Longest response, in tokens; the task's longest solution if left out"),
  seed: seedSetting(),
};

export const optimizerSettings = {
  weightDecay: z.number().min(0).default(0).describe("AdamW: decoupled decay"),
  warmUp: z.int().min(0).default(0).describe("Steps over which the learning rate rises from zero"),
  gradientClip: z.number().positive().default(1).describe("Largest norm of the gradient; larger ones are scaled down"),
};

/** How memory is spared; none of it changes what is computed, but for rounding. */
export const memorySettings = {
  microBatch: count()
    .optional()
    .describe(
      "Rows of one pass, gradients of all passes of a batch averaged (accumulation); left out: the whole batch",
    ),
  checkpointLayers: z
    .boolean()
    .default(false)
    .describe("Gradient checkpointing: compute layers again in the backward pass instead of keeping what is in them"),
  logitChunk: count()
    .optional()
    .describe("Most logits that are there at once; chosen by the size of the vocabulary if left out"),
};

/** What of the settings spares memory inside a pass. */
export const memory = ({
  checkpointLayers,
  logitChunk,
}: {
  readonly checkpointLayers: boolean;
  readonly logitChunk?: number | undefined;
}): Pick<TokenScoreOptions, "checkpoint" | "chunk"> => ({
  checkpoint: checkpointLayers,
  ...(logitChunk !== undefined && { chunk: logitChunk }),
});

export const loraSettings = {
  loraRank: count()
    .optional()
    .describe("LoRA: train pairs of matrices of this rank beside the weights; left out: the weights themselves"),
  loraAlpha: z.number().positive().default(32).describe("LoRA: what is added is scaled by this, divided by the rank"),
  loraTargets: z
    .array(z.enum(loraTargets))
    .min(1)
    .default([...loraTargets])
    .describe("LoRA: which linear layers are adapted"),
};

export interface LoraSettings {
  readonly loraRank?: number | undefined;
  readonly loraAlpha: number;
  readonly loraTargets: readonly LoraTarget[];
  readonly model?: string | undefined;
  readonly seed: number;
}

/**
 * LoRA as the settings want it; nothing where all weights are trained.
 * @throws UsageError where a new model is to be adapted, whose weights know nothing yet
 */
export function lora({
  loraRank: rank,
  loraAlpha: alpha,
  loraTargets: targets,
  model,
  seed,
}: LoraSettings): Pick<TrainedModelOptions, "lora"> {
  if (rank === undefined) return {};
  if (model === undefined)
    throw new UsageError(`--lora-rank ${rank}: needs --model; a new model has nothing to be adapted`);
  return { lora: { rank, alpha, targets, seed } };
}

export const evaluationSettings = {
  evalProblems: count().default(128).describe("Held-out problems of an evaluation"),
  evalSamples: count().default(8).describe("Responses to each; the k of pass@k"),
  evalTemperature: z.number().min(0).default(1).describe("Temperature of evaluations; 0 takes the likeliest tokens"),
};

export const loopSettings = {
  generationRows: count().default(256).describe("Responses that are generated at once"),
  evalEvery: count().default(50).describe("Steps between two evaluations"),
  checkpointEvery: count().default(50).describe("Steps between two checkpoints"),
  threads: threadsSetting(),
};
