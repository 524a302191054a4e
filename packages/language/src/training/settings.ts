/** The settings that training by imitation and training by reward have in common. */
import * as z from "zod";
import { taskNames } from "../tasks/tasks.ts";

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
  instruction: z.string().min(1).optional().describe("Put below each problem's text, on a line of its own"),
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
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1)
    .describe("Seed of everything random"),
};

export const optimizerSettings = {
  weightDecay: z.number().min(0).default(0).describe("AdamW: decoupled decay"),
  warmUp: z.int().min(0).default(0).describe("Steps over which the learning rate rises from zero"),
  gradientClip: z.number().positive().default(1).describe("Largest norm of the gradient; larger ones are scaled down"),
  microBatch: count()
    .optional()
    .describe("Rows of one pass, where a batch's activations are too large for memory; left out: the whole batch"),
};

export const evaluationSettings = {
  evalProblems: count().default(128).describe("Held-out problems of an evaluation"),
  evalSamples: count().default(8).describe("Responses to each; the k of pass@k"),
  evalTemperature: z.number().min(0).default(1).describe("Temperature of evaluations; 0 takes the likeliest tokens"),
};

export const loopSettings = {
  generationRows: count().default(256).describe("Responses that are generated at once"),
  evalEvery: count().default(50).describe("Steps between two evaluations"),
  checkpointEvery: count().default(50).describe("Steps between two checkpoints"),
  threads: z.int().min(0).default(0).describe("Threads per operation; 0: as many as there are cores"),
};
