/** A tokenizer whose tokens are single characters, for small models that are trained from nothing. */
import { TextTokenizer } from "./textTokenizer.ts";
import { addedToken, bytePairModel } from "./tokenizerJson.ts";

const [padding, end] = ["<pad>", "<end>"];

/**
 * A tokenizer of these characters (each once, in this order), with a token that fills up rows (0) and one that ends a text (1). Its files are
 * what transformers' `PreTrainedTokenizerFast` reads: a BPE without merges. It drops characters that it has no token for, as BPE does where
 * no token stands for the unknown.
 */
export function characterTokenizer(characters: Iterable<string>): TextTokenizer {
  const vocabulary = [padding, end, ...new Set(characters)];
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [addedToken(padding, 0, true), addedToken(end, 1, true)],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: bytePairModel(
      vocabulary.map((token, id) => [token, id] as const),
      [],
    ),
  };
  const config = { tokenizer_class: "PreTrainedTokenizerFast", eos_token: end, pad_token: padding };
  return new TextTokenizer({ tokenizer, config, stopTokens: [1] }, "the character tokenizer");
}
