/** A model to be trained from nothing. */
import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import { initialParameters } from "../parameters.ts";
import type { LanguageModel } from "../readModel.ts";
import { characterTokenizer } from "../tokenizer/characterTokenizer.ts";

export interface NewModelOptions {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Every character of the texts it is to be trained on. */
  readonly characters: string;
  /** The longest context, in tokens. */
  readonly maxLength: number;
  readonly seed: number;
}

/**
 * A new Llama whose tokens are characters: tied embeddings, feed-forward layers of 8/3 of the width, weights from the seed alone.
 * @throws UsageError where heads and width do not fit
 */
export function newModel({ layers, width, heads, characters, maxLength, seed }: NewModelOptions): LanguageModel {
  // Generation's attention kernel wants heads of a multiple of 16 numbers.
  if (width % (16 * heads) !== 0) {
    throw new UsageError(`--width ${width}: must be divisible by 16 times --heads ${heads}`);
  }
  const tokenizer = characterTokenizer(characters);
  const config: DecoderConfig = {
    family: "llama",
    vocabularySize: tokenizer.vocabularySize,
    width,
    layers,
    heads,
    keyValueHeads: heads,
    headWidth: width / heads,
    feedForwardWidth: 16 * Math.round((8 * width) / 3 / 16),
    normEpsilon: 1e-5,
    rope: { theta: 10_000, scaling: { type: "default" } },
    maxLength,
    tiedEmbeddings: true,
    biases: { queryKeyValue: false, output: false, feedForward: false },
  };
  // Of this deviation products keep the size of what goes in, whatever the width.
  const weights = initialParameters(config, new Random(seed).fork(), 1 / Math.sqrt(width));
  return { config, weights, tokenizer };
}
