/**
 * Generation of text: prompts in rows, each row's keys and values in a cache that grows in place. The weights are constants of the graph, packed
 * by ONNX Runtime once, so a generator is built anew when they have changed.
 */
import { UsageError } from "@era/lab";
import {
  cachedAttention,
  compile,
  constant,
  greater,
  input,
  type Program,
  type Random,
  type SessionOptions,
  sizeOf,
  sum,
  type Tensor,
  type TypedArray,
  unsqueeze,
  where,
} from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import { type DecoderParameters, decoderLayer, embed, finalNorm, outputLogits } from "../decoder.ts";
import { parameterShapes } from "../parameters.ts";
import { ropeTables } from "../rope.ts";
import { requireSampling, type SamplingOptions, sampleToken } from "./sampling.ts";

export interface GenerationOptions extends SamplingOptions {
  /** At most so many new tokens a prompt. */
  readonly maxNewTokens: number;
  /** Tokens that end a text; the one that did is its last. */
  readonly stopTokens?: readonly number[];
  /** Of a prompt that leaves no room in the context: an error, or its last tokens that leave room for `maxNewTokens`. */
  readonly longPrompts?: "error" | "truncate";
  /** Called with each new token as it comes, and the place of its prompt in the list. */
  readonly onToken?: (token: number, prompt: number) => void;
}

export interface Generation {
  /** The prompt as it was read, truncated where that was asked for. */
  readonly prompt: readonly number[];
  /** The new tokens. */
  readonly tokens: readonly number[];
  /** Of each new token, as `sampleToken` gives them. */
  readonly logProbabilities: readonly number[];
  /** Of the distributions that they were drawn from, before any cut, in nats. */
  readonly entropies: readonly number[];
  /** What ended it: a stop token, `maxNewTokens`, or the model's context. */
  readonly end: "stop" | "length" | "context";
}

export interface GeneratorOptions extends SessionOptions {
  /** Prompts that are worked on at once. */
  readonly rows: number;
}

/** One prompt's text as it grows. */
interface Row {
  /** The place of its prompt in the list. */
  readonly index: number;
  readonly prompt: readonly number[];
  readonly tokens: number[];
  readonly logProbabilities: number[];
  readonly entropies: number[];
  readonly random: Random;
  end: Generation["end"] | undefined;
}

/** Protocol buffers, and so ONNX models with their weights inside, end at 2 GiB; a little of it is for the graph and the rotary tables. */
const mostModelBytes = 2 ** 31 - 2 ** 26;

const cacheName = (kind: "keys" | "values", layer: number): string => `${kind}.${layer}`;

export class Generator {
  readonly #config: DecoderConfig;
  readonly #rows: number;
  readonly #program: Program<"logits">;
  /** Keys and values by input name, `[rows, keyValueHeads, capacity, headWidth]`. */
  #caches: Readonly<Record<string, Float32Array>> = {};
  #capacity = 0;
  #isBusy = false;

  private constructor(config: DecoderConfig, rows: number, program: Program<"logits">) {
    this.#config = config;
    this.#rows = rows;
    this.#program = program;
  }

  /**
   * A generator with the parameters' current values; later changes do not reach it.
   * @throws UsageError where the weights have 2 GiB or more, ShapeError where the model's heads have no multiple of 16 numbers, which the attention's kernel needs
   */
  static async create(
    config: DecoderConfig,
    parameters: DecoderParameters,
    { rows, ...session }: GeneratorOptions,
  ): Promise<Generator> {
    if (!(Number.isInteger(rows) && rows >= 1))
      throw new RangeError(`rows is ${rows}; it must be a whole number from 1`);
    const bytes = Object.values(parameterShapes(config)).reduce((total, shape) => total + 4 * sizeOf(shape), 0);
    if (bytes >= mostModelBytes) {
      throw new UsageError(`weights of ${(bytes / 2 ** 30).toFixed(1)} GiB exceed what one ONNX graph can hold, 2 GiB`);
    }
    const { layers, keyValueHeads, headWidth } = config;
    const cache = (kind: "keys" | "values", layer: number) =>
      input(cacheName(kind, layer), [rows, keyValueHeads, "capacity", headWidth]);
    const tables = ropeTables(config.rope, headWidth, config.maxLength);
    const table = (data: Float32Array) => constant(data, [config.maxLength, headWidth / 2]);
    const shared = {
      last: input("last", [rows], "int32"),
      total: input("total", [1], "int32"),
      cos: table(tables.cos),
      sin: table(tables.sin),
    };
    const overwrites: (readonly [Tensor, Tensor])[] = [];
    let x = embed(parameters, input("tokens", [rows, "length"], "int64"));
    for (let index = 0; index < layers; index++) {
      x = decoderLayer(config, parameters, index, x, (query, key, value, layer) => {
        const [pastKey, pastValue] = [cache("keys", layer), cache("values", layer)];
        const present = cachedAttention(
          { query, key, value, pastKey, pastValue, ...shared },
          config.heads,
          keyValueHeads,
        );
        overwrites.push([pastKey, present.key], [pastValue, present.value]);
        return present.attended;
      });
    }
    // Each row's last token: chosen and not weighted, because what stands in the padding may be anything.
    const isLast = greater(unsqueeze(input("isLast", [rows, "length"]), -1), 0);
    const states = finalNorm(config, parameters, sum(where(isLast, x, 0), 1));
    const logits = outputLogits(config, parameters, states);
    const program = await compile({ outputs: { logits }, overwrites }, { ...session, frozen: true });
    return new Generator(config, rows, program);
  }

  /**
   * New text for each prompt. The result depends on the prompt's place in the list and on the generator of random numbers, not on `rows`.
   * @param random each prompt in turn gets a fork of it
   * @throws Error where another call is under way, UsageError where a prompt is empty, has unknown tokens, or leaves no room in the context (unless that is to be truncated)
   */
  async generate(
    prompts: readonly (readonly number[])[],
    options: GenerationOptions,
    random: Random,
  ): Promise<Generation[]> {
    if (this.#isBusy) throw new Error("generate: the caches are in use by another call; await that first");
    requireSampling(options);
    const { maxNewTokens } = options;
    if (!(Number.isInteger(maxNewTokens) && maxNewTokens >= 1)) {
      throw new RangeError(`maxNewTokens is ${maxNewTokens}; it must be a whole number from 1`);
    }
    const rows = prompts.map(
      (prompt, index): Row => ({
        index,
        prompt: this.#checkedPrompt(prompt, index, options),
        tokens: [],
        logProbabilities: [],
        entropies: [],
        random: random.fork(),
        end: undefined,
      }),
    );
    this.#isBusy = true;
    try {
      for (let at = 0; at < rows.length; at += this.#rows) await this.#finish(rows.slice(at, at + this.#rows), options);
    } finally {
      this.#isBusy = false;
    }
    return rows.map(({ prompt, tokens, logProbabilities, entropies, end = "length" }) => ({
      prompt,
      tokens,
      logProbabilities,
      entropies,
      end,
    }));
  }

  #checkedPrompt(
    prompt: readonly number[],
    index: number,
    { maxNewTokens, longPrompts = "error" }: GenerationOptions,
  ): readonly number[] {
    const { maxLength, vocabularySize } = this.#config;
    const unknown = prompt.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabularySize));
    if (unknown !== undefined) {
      throw new UsageError(`prompt ${index}: ${unknown} is no token of a vocabulary of ${vocabularySize}`);
    }
    if (prompt.length === 0) throw new UsageError(`prompt ${index} is empty; it needs at least one token`);
    if (longPrompts === "truncate" && prompt.length + maxNewTokens > maxLength) {
      const room = maxLength - maxNewTokens;
      if (room < 1) throw new UsageError(`${maxNewTokens} new tokens leave no room for a prompt in ${maxLength}`);
      return prompt.slice(-room);
    }
    if (prompt.length >= maxLength) {
      throw new UsageError(
        `prompt ${index} has ${prompt.length} tokens, which leave no room in the model's context of ${maxLength}`,
      );
    }
    return prompt;
  }

  /** Grows the rows, no more than the graph has, to their ends. */
  async #finish(rows: readonly Row[], options: GenerationOptions): Promise<void> {
    const longest = Math.max(...rows.map(({ prompt }) => prompt.length));
    this.#reserve(Math.min(longest + options.maxNewTokens, this.#config.maxLength));
    const tokens = new BigInt64Array(this.#rows * longest);
    const isLast = new Float32Array(this.#rows * longest);
    const last = new Int32Array(this.#rows);
    for (let row = 0; row < this.#rows; row++) {
      // Rows without a prompt of their own have one token, whatever it is.
      const prompt = rows[row]?.prompt ?? [0];
      for (const [at, token] of prompt.entries()) tokens[row * longest + at] = BigInt(token);
      last[row] = prompt.length - 1;
      isLast[row * longest + prompt.length - 1] = 1;
    }
    await this.#step({ tokens, isLast, last, total: longest }, rows, options);
    while (rows.some(({ end }) => end === undefined)) {
      const next = new BigInt64Array(this.#rows);
      rows.forEach(({ tokens: own, end }, row) => {
        // A row that has ended stays where it is and computes what nobody reads.
        if (end !== undefined) return;
        next[row] = BigInt(own.at(-1) ?? 0);
        last[row] = (last[row] ?? 0) + 1;
      });
      const feeds = { tokens: next, isLast: new Float32Array(this.#rows).fill(1), last, total: Math.max(...last) + 1 };
      await this.#step(feeds, rows, options);
    }
  }

  /** Runs the graph and gives each row that has not ended its next token. */
  async #step(
    { total, ...feeds }: { tokens: TypedArray; isLast: TypedArray; last: Int32Array; total: number },
    rows: readonly Row[],
    options: GenerationOptions,
  ): Promise<void> {
    const { maxLength, vocabularySize } = this.#config;
    const { logits } = await this.#program.run({ ...feeds, total: Int32Array.of(total), ...this.#caches });
    rows.forEach((row, index) => {
      if (row.end !== undefined) return;
      const own = (logits as Float32Array).subarray(index * vocabularySize, (index + 1) * vocabularySize);
      const { token, logProbability, entropy } = sampleToken(own, options, row.random);
      row.tokens.push(token);
      row.logProbabilities.push(logProbability);
      row.entropies.push(entropy);
      if (options.stopTokens?.includes(token)) row.end = "stop";
      else if (row.tokens.length >= options.maxNewTokens) row.end = "length";
      else if (row.prompt.length + row.tokens.length >= maxLength) row.end = "context";
      options.onToken?.(token, row.index);
    });
  }

  /** Makes the caches hold so many tokens a row, at least. Their contents are not kept. */
  #reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    const { layers, keyValueHeads, headWidth } = this.#config;
    const size = this.#rows * keyValueHeads * capacity * headWidth;
    const caches: Record<string, Float32Array> = {};
    for (let layer = 0; layer < layers; layer++) {
      caches[cacheName("keys", layer)] = new Float32Array(size);
      caches[cacheName("values", layer)] = new Float32Array(size);
    }
    this.#caches = caches;
    this.#capacity = capacity;
  }

  /** Frees the session and the caches. */
  async dispose(): Promise<void> {
    this.#caches = {};
    this.#capacity = 0;
    await this.#program.dispose();
  }
}
