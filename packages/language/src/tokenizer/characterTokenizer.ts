/** A tokenizer whose tokens are single characters, for small models that are trained from nothing. */
import { TextTokenizer } from "./textTokenizer.ts";

const [padding, end] = ["<pad>", "<end>"];

/**
 * A tokenizer of these characters (each once, in this order), with a token that fills up rows (0) and one that ends a text (1). Its files are
 * what transformers' `PreTrainedTokenizerFast` reads: a BPE without merges. It drops characters that it has no token for, as BPE does where
 * no token stands for the unknown.
 */
export function characterTokenizer(characters: Iterable<string>): TextTokenizer {
  const vocabulary = [padding, end, ...new Set(characters)];
  const special = (content: string, id: number) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [special(padding, 0), special(end, 1)],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: [],
    },
  };
  const config = { tokenizer_class: "PreTrainedTokenizerFast", eos_token: end, pad_token: padding };
  return new TextTokenizer({ tokenizer, config, stopTokens: [1] }, "the character tokenizer");
}
