/** The tokenizer in a GGUF file's metadata, as the `tokenizer.json` and `tokenizer_config.json` that Hugging Face's libraries read. */
import { FailureError } from "@era/lab";
import { z } from "zod";
import type { GgufMetadata } from "../gguf/readGguf.ts";
import { addedToken, bytePairModel } from "./tokenizerJson.ts";

/** GPT-4's words with Llama 3's or Qwen2's way with digits. */
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false };
const splitting = (digits: string) => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: words(digits) }, behavior: "Isolated", invert: false },
    { ...byteLevel, use_regex: false },
  ],
});

interface Pipeline {
  readonly normalizer: unknown;
  readonly preTokenizer: unknown;
  /** Whole words that are in the vocabulary are taken as they are. */
  readonly ignoreMerges?: boolean;
}

/** How text is cut before merging, by the name that `tokenizer.ggml.pre` gives. */
const pipelines: Readonly<Record<string, Pipeline>> = {
  "gpt-2": { normalizer: null, preTokenizer: { ...byteLevel, use_regex: true } },
  smollm: {
    normalizer: null,
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { ...byteLevel, use_regex: true },
      ],
    },
  },
  qwen2: { normalizer: { type: "NFC" }, preTokenizer: splitting("\\p{N}") },
  "llama-bpe": { normalizer: null, preTokenizer: splitting("\\p{N}{1,3}"), ignoreMerges: true },
};

/** Kinds of tokens in `tokenizer.ggml.token_type`: control tokens, and words that are never cut. */
const [control, userDefined] = [3, 4];

const id = z.number().int().nonnegative();
const schema = z.looseObject({
  "tokenizer.ggml.model": z.string(),
  "tokenizer.ggml.pre": z.string().default("gpt-2"),
  "tokenizer.ggml.tokens": z.array(z.string()).min(1),
  "tokenizer.ggml.token_type": z.array(z.number()).optional(),
  "tokenizer.ggml.merges": z.array(z.string()),
  "tokenizer.ggml.bos_token_id": id.optional(),
  "tokenizer.ggml.eos_token_id": id.optional(),
  "tokenizer.ggml.eot_token_id": id.optional(),
  "tokenizer.ggml.padding_token_id": id.optional(),
  "tokenizer.ggml.add_bos_token": z.boolean().default(false),
  "tokenizer.chat_template": z.string().optional(),
});

export interface TokenizerFiles {
  /** `tokenizer.json` and `tokenizer_config.json`, parsed. */
  readonly tokenizer: Record<string, unknown>;
  readonly config: Record<string, unknown>;
  /** Tokens that end a text, besides the configuration's `eos_token`. */
  readonly stopTokens: readonly number[];
}

/**
 * A byte-level BPE tokenizer out of metadata.
 * @param source names the file in error messages
 * @throws FailureError where the metadata has none, or one of another kind
 */
export function ggufTokenizer(metadata: GgufMetadata, source: string): TokenizerFiles {
  const fail = (problem: string): never => {
    throw new FailureError(`${source}: ${problem}`);
  };
  const model = metadata["tokenizer.ggml.model"];
  if (model === undefined) return fail("it has no tokenizer");
  if (model !== "gpt2")
    return fail(`the tokenizer ${JSON.stringify(model)} is not implemented; "gpt2" (byte-level BPE) is`);
  const parsed = schema.safeParse(metadata);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const given = parsed.data;
  const pre = given["tokenizer.ggml.pre"];
  const pipeline = Object.hasOwn(pipelines, pre) ? pipelines[pre] : undefined;
  if (!pipeline) {
    return fail(`the tokenizer's cutting "${pre}" is not implemented; ${Object.keys(pipelines).join(", ")} are`);
  }
  const tokens = given["tokenizer.ggml.tokens"];
  const types = given["tokenizer.ggml.token_type"] ?? [];
  if (types.length > 0 && types.length !== tokens.length) {
    return fail(`there are ${types.length} token types for ${tokens.length} tokens`);
  }
  const vocabulary = new Map(tokens.map((token, index) => [token, index]));
  if (vocabulary.size !== tokens.length) {
    const twice = tokens.find((token, index) => vocabulary.get(token) !== index);
    return fail(`the token ${JSON.stringify(twice)} is there twice`);
  }
  const textOf = (key: string, index: number | undefined): string | undefined =>
    index === undefined ? undefined : (tokens[index] ?? fail(`${key} ${index} is not one of ${tokens.length} tokens`));
  const bos = textOf("bos_token_id", given["tokenizer.ggml.bos_token_id"]);
  const eos = textOf("eos_token_id", given["tokenizer.ggml.eos_token_id"]);
  const pad = textOf("padding_token_id", given["tokenizer.ggml.padding_token_id"]);
  textOf("eot_token_id", given["tokenizer.ggml.eot_token_id"]);
  const addsBos = given["tokenizer.ggml.add_bos_token"];
  if (addsBos && bos === undefined) return fail("add_bos_token is set, but there is no bos_token_id");
  const merges = given["tokenizer.ggml.merges"].map((merge) => {
    const parts = merge.split(" ");
    return parts.length === 2 ? parts : fail(`the merge ${JSON.stringify(merge)} is no pair`);
  });
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: types.flatMap((type, index) =>
      type === control || type === userDefined ? [addedToken(tokens[index] ?? "", index, type === control)] : [],
    ),
    normalizer: pipeline.normalizer,
    pre_tokenizer: pipeline.preTokenizer,
    post_processor: addsBos && bos !== undefined ? startsWith(bos, vocabulary.get(bos) ?? 0) : null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: bytePairModel(vocabulary, merges, pipeline.ignoreMerges),
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...(bos !== undefined && { bos_token: bos }),
    ...(eos !== undefined && { eos_token: eos }),
    ...(pad !== undefined && { pad_token: pad }),
    ...(given["tokenizer.chat_template"] !== undefined && { chat_template: given["tokenizer.chat_template"] }),
  };
  const eot = given["tokenizer.ggml.eot_token_id"];
  return { tokenizer, config, stopTokens: eot === undefined ? [] : [eot] };
}

/** A post-processor that puts a token before each text. */
function startsWith(token: string, index: number) {
  const first = { SpecialToken: { id: token, type_id: 0 } };
  const sequence = (name: "A" | "B", type: number) => ({ Sequence: { id: name, type_id: type } });
  return {
    type: "TemplateProcessing",
    single: [first, sequence("A", 0)],
    pair: [first, sequence("A", 0), { SpecialToken: { id: token, type_id: 1 } }, sequence("B", 1)],
    special_tokens: { [token]: { id: token, ids: [index], tokens: [token] } },
  };
}
