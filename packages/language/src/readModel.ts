/** A model with its tokenizer, from either format. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@era/lab";
import { readGguf } from "./gguf/readGguf.ts";
import { type DecoderWeights, readModelFolder } from "./modelFolder.ts";
import { TextTokenizer } from "./tokenizer/textTokenizer.ts";

/** The folder of a run that holds its model. */
export const runModelFolder = "model";

export interface LanguageModel extends DecoderWeights {
  readonly tokenizer: TextTokenizer;
}

/**
 * The model at a path: a GGUF file, a folder in Hugging Face's format, or a run folder with the model that it trained in its `model` folder.
 * @throws UsageError where there is none, FailureError where it is damaged, not implemented, or its tokenizer is another model's
 */
export async function readModel(path: string): Promise<LanguageModel> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such model`);
  const read = statSync(path).isDirectory() ? readFolder : readFile;
  const model = await read(path);
  model.tokenizer.requireFits(model.config);
  return model;
}

async function readFile(path: string): Promise<LanguageModel> {
  const { config, weights, metadata } = await readGguf(path);
  return { config, weights, tokenizer: TextTokenizer.fromGguf(metadata, path) };
}

/** Whether the model at a path is one that a run has trained. */
export const isRunFolder = (path: string): boolean => existsSync(join(path, "metrics.jsonl"));

async function readFolder(folder: string): Promise<LanguageModel> {
  if (isRunFolder(folder)) {
    const trained = join(folder, runModelFolder);
    if (!existsSync(trained)) {
      throw new UsageError(`${folder}: the run has no ${runModelFolder} yet: write it with: era export ${folder}`);
    }
    return readFolder(trained);
  }
  // The tokenizer first: where it is missing, no weights need be read to say so.
  const tokenizer = TextTokenizer.fromFolder(folder);
  return { ...readModelFolder(folder), tokenizer };
}
