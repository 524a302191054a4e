/** `era generate <model>`: text that a language model writes after a prompt. */
import { text as readAll } from "node:stream/consumers";
import { UsageError } from "@era/lab";
import {
  constantParameters,
  type Generation,
  type GenerationOptions,
  Generator,
  type LanguageModel,
  readModel,
  requireSampling,
  TextStream,
  type TextTokenizer,
} from "@era/language";
import { Random } from "@era/tensor";
import type { Command } from "commander";
import { wholeNumber } from "./eval.ts";

/** Flags that say how tokens are drawn, as text. */
export interface SamplingFlags {
  readonly temperature: string;
  readonly topK?: string;
  readonly topP: string;
  readonly minP: string;
  readonly maxTokens: string;
  readonly truncate?: boolean;
}

interface GenerateOptions extends SamplingFlags {
  readonly prompt?: string;
  readonly plain?: boolean;
  readonly system?: string;
  readonly samples: string;
  readonly seed: string;
  readonly threads?: string;
  readonly json?: boolean;
}

export function addGenerateCommand(program: Command): void {
  program
    .command("generate")
    .description("write text with a language model, after a prompt given as a flag or on standard input")
    .argument("<model>", "a folder in Hugging Face's format, a GGUF file, or a run folder of a language model")
    .option("--prompt <text>", "what to answer; read from standard input if left out")
    .option("--plain", "continue the prompt as it is, without the model's chat template")
    .option("--system <text>", "the system message of the conversation; the template's own if left out")
    .option("--temperature <number>", "logits are divided by it; 0 takes the likeliest token", "0.8")
    .option("--top-k <number>", "sample only from so many likeliest tokens")
    .option(
      "--top-p <share>",
      "sample only from the fewest likeliest tokens with this share of the probability",
      "0.95",
    )
    .option("--min-p <share>", "sample only from tokens at least this share as likely as the likeliest", "0")
    .option("--max-tokens <number>", "write at most so many tokens", "256")
    .option("--samples <number>", "texts to write, each with random numbers of its own", "1")
    .option("--seed <number>", "seed of the random numbers", "0")
    .option("--truncate", "cut a prompt at its beginning where it leaves no room in the model's context")
    .option("--threads <number>", "threads; as many as there are cores if left out")
    .option("--json", "print one JSON object per text, one a line, with tokens, log-probabilities and entropies (nats)")
    .action(generate);
}

async function generate(path: string, options: GenerateOptions): Promise<void> {
  const sampling = samplingOf(options);
  const samples = wholeNumber("--samples", options.samples, 1);
  const seed = wholeNumber("--seed", options.seed, 0);
  const threads = options.threads === undefined ? undefined : wholeNumber("--threads", options.threads, 1);
  if (options.plain && options.system !== undefined) {
    throw new UsageError("--system needs the chat template, which --plain leaves out");
  }
  const text = await promptText(options.prompt);
  const model = await readModel(path);
  const prompt = promptTokens(model.tokenizer, text, options, path);
  const generator = await Generator.create(model.config, constantParameters(model.weights), {
    rows: Math.min(samples, mostRows),
    ...(threads !== undefined && { threads }),
  });
  try {
    const begin = performance.now();
    const printer = new Printer(model, samples, options.json ?? false);
    const texts = await generator.generate(
      Array.from({ length: samples }, () => prompt),
      { ...sampling, stopTokens: model.tokenizer.stopTokens, onToken: (token) => printer.token(token) },
      new Random(seed),
    );
    printer.end(texts, text);
    const tokens = texts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const entropy = texts.flatMap(({ entropies }) => entropies).reduce((sum, x) => sum + x, 0) / tokens;
    const seconds = (performance.now() - begin) / 1000;
    process.stderr.write(
      `${prompt.length} + ${tokens} tokens in ${seconds.toFixed(1)} s, ${(tokens / seconds).toFixed(1)} new ones/s; mean entropy ${entropy.toFixed(3)} nat; ended by ${[...new Set(texts.map(({ end }) => endings[end]))].join(" and ")}\n`,
    );
  } finally {
    await generator.dispose();
  }
}

/** Texts that are written at once; more wait for their turn. */
const mostRows = 16;

const endings: Readonly<Record<Generation["end"], string>> = {
  stop: "a stop token",
  length: "--max-tokens",
  context: "the end of the model's context",
};

/** @throws UsageError in one line where a flag's value cannot be */
export function samplingOf(options: SamplingFlags): GenerationOptions {
  const { topK } = options;
  const sampling = {
    temperature: decimal("--temperature", options.temperature),
    ...(topK !== undefined && { topK: wholeNumber("--top-k", topK, 1) }),
    topP: decimal("--top-p", options.topP),
    minP: decimal("--min-p", options.minP),
    maxNewTokens: wholeNumber("--max-tokens", options.maxTokens, 1),
    ...(options.truncate && { longPrompts: "truncate" as const }),
  };
  try {
    requireSampling(sampling);
  } catch (error) {
    const message = (error as Error).message.replace(
      /^\w+/,
      (name) => `--${name.replace(/[A-Z]/, (c) => `-${c.toLowerCase()}`)}`,
    );
    throw new UsageError(message);
  }
  return sampling;
}

function decimal(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new UsageError(`${flag} ${text}: must be a number`);
  return value;
}

async function promptText(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  if (process.stdin.isTTY) throw new UsageError("there is no prompt: give --prompt, or a text on standard input");
  // The line end that echo and editors add is no part of what was asked.
  return (await readAll(process.stdin)).replace(/\r?\n$/, "");
}

function promptTokens(tokenizer: TextTokenizer, text: string, options: GenerateOptions, path: string): number[] {
  const isChat = !options.plain && tokenizer.chatTemplate !== undefined;
  if (options.system !== undefined && !isChat) {
    throw new UsageError(`--system: ${path} has no chat template to put it in`);
  }
  const system = options.system === undefined ? [] : [{ role: "system", content: options.system }];
  const tokens = isChat ? tokenizer.encodeChat([...system, { role: "user", content: text }]) : tokenizer.encode(text);
  if (tokens.length === 0) throw new UsageError("the prompt is empty; a model needs something to continue");
  return tokens;
}

/** Shows texts as they grow: a single one token by token, several each when all are there. */
class Printer {
  readonly #model: LanguageModel;
  readonly #samples: number;
  readonly #isJson: boolean;
  readonly #stream: TextStream;

  constructor(model: LanguageModel, samples: number, isJson: boolean) {
    this.#model = model;
    this.#samples = samples;
    this.#isJson = isJson;
    this.#stream = new TextStream(model.tokenizer);
  }

  get #isStreaming(): boolean {
    return this.#samples === 1 && !this.#isJson;
  }

  token(token: number): void {
    if (this.#isStreaming) process.stdout.write(this.#stream.push(token));
  }

  end(texts: readonly Generation[], prompt: string): void {
    const { tokenizer } = this.#model;
    if (this.#isStreaming) {
      process.stdout.write(`${this.#stream.end()}\n`);
      return;
    }
    for (const [i, { tokens, logProbabilities, entropies, end, prompt: promptTokens }] of texts.entries()) {
      const text = tokenizer.decode(tokens);
      if (this.#isJson) {
        console.log(JSON.stringify({ prompt, promptTokens, text, end, tokens, logProbabilities, entropies }));
      } else console.log(`${i === 0 ? "" : "\n"}[${i + 1}] ${text}`);
    }
  }
}
