/** Text to tokens and back, and conversations to text, by @huggingface/tokenizers and @huggingface/jinja. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FailureError, fileFailure, UsageError } from "@era/lab";
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import type { DecoderConfig } from "../config.ts";
import { readJson } from "../files.ts";
import type { GgufMetadata } from "../gguf/readGguf.ts";
import { ggufTokenizer, type TokenizerFiles } from "./ggufTokenizer.ts";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

const special = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const configSchema = z.looseObject({
  bos_token: special,
  eos_token: special,
  pad_token: special,
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
});
const generationSchema = z.looseObject({ eos_token_id: z.union([z.number(), z.array(z.number())]).nullish() });

export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #files: TokenizerFiles;
  readonly #specials: Readonly<Record<"bos_token" | "eos_token" | "pad_token", string | undefined>>;
  /** The template that makes text of conversations, in Jinja; undefined where the model has none. */
  readonly chatTemplate: string | undefined;
  /** Tokens that end a text, in rising order. */
  readonly stopTokens: readonly number[];
  /** One more than the largest token. */
  readonly vocabularySize: number;

  /** @throws FailureError naming `source` where the files are no tokenizer that is implemented */
  constructor(files: TokenizerFiles, source: string) {
    const parsed = configSchema.safeParse(files.config);
    if (!parsed.success) {
      throw new FailureError(`${source}: the tokenizer's configuration: ${parsed.error.issues[0]?.message}`);
    }
    const { bos_token, eos_token, pad_token, chat_template } = parsed.data;
    const text = (token: z.infer<typeof special>) => (typeof token === "string" ? token : token?.content);
    this.#specials = { bos_token: text(bos_token), eos_token: text(eos_token), pad_token: text(pad_token) };
    this.chatTemplate = Array.isArray(chat_template)
      ? chat_template.find(({ name }) => name === "default")?.template
      : (chat_template ?? undefined);
    this.#files = files;
    try {
      const config = { ...files.config, clean_up_tokenization_spaces: false };
      this.#tokenizer = new Tokenizer(withUnicodeDigits(files.tokenizer) as object, config);
    } catch (error) {
      throw new FailureError(`${source}: no tokenizer that is implemented: ${(error as Error).message}`, {
        cause: error,
      });
    }
    let largest = -1;
    for (const token of this.#tokenizer.get_vocab(true).values()) largest = Math.max(largest, token);
    this.vocabularySize = largest + 1;
    const eos = this.#specials.eos_token;
    const end = eos === undefined ? undefined : this.tokenOf(eos);
    if (eos !== undefined && end === undefined) {
      throw new FailureError(`${source}: eos_token ${JSON.stringify(eos)} is no token`);
    }
    const ends = end === undefined ? files.stopTokens : [end, ...files.stopTokens];
    this.stopTokens = [...new Set(ends)].sort((a, b) => a - b);
  }

  /**
   * The tokenizer in a model's folder.
   * @throws UsageError where there is none, FailureError naming the file that is damaged
   */
  static fromFolder(folder: string): TextTokenizer {
    const path = join(folder, "tokenizer.json");
    if (!existsSync(path)) throw new UsageError(`${folder}: there is no tokenizer.json`);
    const optional = (name: string) => (existsSync(join(folder, name)) ? readJson(join(folder, name)) : {});
    const generation = generationSchema.safeParse(optional("generation_config.json"));
    const ends = generation.success ? (generation.data.eos_token_id ?? []) : [];
    const config = optional("tokenizer_config.json") as Record<string, unknown>;
    const template = join(folder, "chat_template.jinja");
    try {
      const files = {
        tokenizer: readJson(path) as Record<string, unknown>,
        config: existsSync(template) ? { ...config, chat_template: readFileSync(template, "utf8") } : config,
        stopTokens: typeof ends === "number" ? [ends] : ends,
      };
      return new TextTokenizer(files, path);
    } catch (error) {
      throw fileFailure(template, "read", error);
    }
  }

  /** The tokenizer in a GGUF file's metadata. Throws FailureError naming `source` where it has none that is implemented. */
  static fromGguf(metadata: GgufMetadata, source: string): TextTokenizer {
    return new TextTokenizer(ggufTokenizer(metadata, source), source);
  }

  /** The token of exactly this text, undefined where it is none. */
  tokenOf(text: string): number | undefined {
    return this.#tokenizer.token_to_id(text);
  }

  /** The token that fills up rows: the configuration's, or else one that ends texts, or else 0. */
  get padToken(): number {
    const { pad_token: pad } = this.#specials;
    return (pad === undefined ? undefined : this.tokenOf(pad)) ?? this.stopTokens[0] ?? 0;
  }

  /**
   * The tokens of a text. Names of special tokens in it become those tokens.
   * @param options.specials whether what the model puts around texts (a first token, for instance) is added
   */
  encode(text: string, { specials = true } = {}): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: specials }).ids;
  }

  /** The text of tokens. Bytes that are no UTF-8, such as the half of a character, become U+FFFD. */
  decode(tokens: readonly number[], { keepSpecials = false } = {}): string {
    if (tokens.length === 0) return "";
    return this.#tokenizer.decode([...tokens], { skip_special_tokens: !keepSpecials });
  }

  /**
   * A conversation as the model was taught to read it.
   * @param options.prompt whether the assistant's turn is opened at the end
   * @throws UsageError where the model has no template, or the template refuses the conversation
   */
  renderChat(messages: readonly ChatMessage[], { prompt = true } = {}): string {
    if (this.chatTemplate === undefined) throw new UsageError("the model has no chat template");
    try {
      return new Template(this.chatTemplate).render({
        ...Object.fromEntries(Object.entries(this.#specials).filter(([, text]) => text !== undefined)),
        messages: messages.map((message) => ({ ...message })),
        add_generation_prompt: prompt,
      });
    } catch (error) {
      throw new UsageError(`the chat template refuses the conversation: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The tokens of a conversation; the template has all special tokens in it already. */
  encodeChat(messages: readonly ChatMessage[], options?: { readonly prompt?: boolean }): number[] {
    return this.encode(this.renderChat(messages, options), { specials: false });
  }

  /** Throws FailureError where the tokenizer has tokens that the model has no embedding for. A model may have more. */
  requireFits(config: DecoderConfig): void {
    if (this.vocabularySize > config.vocabularySize) {
      throw new FailureError(
        `the tokenizer has ${this.vocabularySize} tokens, but the model embeds ${config.vocabularySize}: they are not of one model`,
      );
    }
  }

  /** The texts of `tokenizer.json`, `tokenizer_config.json` and `generation_config.json` (with the stop tokens), for a folder that is written. */
  get files(): Record<string, string> {
    const { tokenizer, config } = this.#files;
    return {
      "tokenizer.json": JSON.stringify(tokenizer),
      "tokenizer_config.json": `${JSON.stringify(config, undefined, 2)}\n`,
      "generation_config.json": `${JSON.stringify({ eos_token_id: this.stopTokens, pad_token_id: this.padToken }, undefined, 2)}\n`,
    };
  }
}

/**
 * A tokenizer.json whose `Digits` are Unicode's numbers, as in the original library (Rust's char::is_numeric): @huggingface/tokenizers 0.2 cuts
 * at 0 to 9 only.
 */
function withUnicodeDigits(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnicodeDigits);
  if (typeof value !== "object" || value === null) return value;
  const { type, individual_digits: isIndividual, ...rest } = value as Record<string, unknown>;
  if (type === "Digits") {
    const Regex = isIndividual === true ? "\\p{N}" : "\\p{N}+";
    return { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false };
  }
  // Only pre-tokenizers nest; the vocabulary is left alone.
  const parts = ["pre_tokenizer", "pretokenizers"].filter((key) => key in rest);
  return parts.length === 0
    ? value
    : { ...value, ...Object.fromEntries(parts.map((key) => [key, withUnicodeDigits(rest[key])])) };
}
