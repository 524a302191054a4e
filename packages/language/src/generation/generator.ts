/**
 * Generation of text: prompts in rows, each row's keys and values in a slot of the caches. Prompts that wait take the slots of texts that have
 * ended, and a prompt that comes several times is read once. The weights are constants of the graph, packed by ONNX Runtime once; `update`
 * builds it anew when they have changed.
 */
import { totalmem } from "node:os";
import { UsageError } from "@era/lab";
import { type Random, type SessionOptions, sizeOf } from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import type { DecoderParameters } from "../decoder.ts";
import { parameterShapes } from "../parameters.ts";
import { compileDecoding, type DecodingProgram } from "./decodingProgram.ts";
import { RowCaches, type SavedPrefix } from "./rowCaches.ts";
import { type Distribution, requireSampling, type SamplingOptions, sampleToken } from "./sampling.ts";

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
  /** Texts that are worked on at once, at most. */
  readonly rows: number;
}

/** One text as it grows. */
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

/** Texts of one prompt that have no slot yet. */
interface Waiting {
  readonly prompt: readonly number[];
  readonly rows: Row[];
  /** What reading the prompt gave, where it has been read. */
  read: { readonly prefix: SavedPrefix; readonly next: Next } | undefined;
}

/** What a row's next token is drawn from. */
interface Next extends Distribution {
  readonly entropy: number;
}

/** Prompts are read together as long as they have so many tokens, padding included: what they take besides the caches is in proportion. */
const mostTokensAtOnce = 2048;

/** A matrix of more bytes does not fit into ONNX's format. */
const mostMatrixBytes = 2 ** 31 - 1;

export class Generator {
  readonly #config: DecoderConfig;
  readonly #options: GeneratorOptions;
  #program: DecodingProgram | undefined;
  #caches: RowCaches | undefined;
  #isBusy = false;

  private constructor(config: DecoderConfig, options: GeneratorOptions) {
    this.#config = config;
    this.#options = options;
  }

  /**
   * A generator with the parameters' current values; later changes do not reach it.
   * @throws UsageError where the model can't be held, ShapeError where its heads have no multiple of 16 numbers, which the attention's kernel needs
   */
  static async create(
    config: DecoderConfig,
    parameters: DecoderParameters,
    options: GeneratorOptions,
  ): Promise<Generator> {
    const { rows } = options;
    if (!(Number.isInteger(rows) && rows >= 1))
      throw new RangeError(`rows is ${rows}; it must be a whole number from 1`);
    requireMemory(config);
    const generator = new Generator(config, options);
    await generator.update(parameters);
    return generator;
  }

  /**
   * Takes over the parameters' current values. What it held of the former ones is freed first, so at no time are there two copies.
   * @throws Error where a call of `generate` is under way
   */
  async update(parameters: DecoderParameters): Promise<void> {
    await this.dispose();
    const { rows: _, ...session } = this.#options;
    this.#program = await compileDecoding(this.#config, parameters, session);
  }

  /**
   * Frees the weights and the caches. The generator can be used again after `update`: between rollouts, training has the memory for itself.
   * @throws Error where a call of `generate` is under way
   */
  async dispose(): Promise<void> {
    if (this.#isBusy) throw new Error("generator: a call of generate is under way; await that first");
    const program = this.#program;
    this.#program = undefined;
    this.#caches = undefined;
    await program?.dispose();
  }

  /**
   * New text for each prompt. The result depends on the prompt's place in the list and on the generator of random numbers, not on `rows` or on
   * the other prompts (but for float32's rounding).
   * @param random each prompt in turn gets a fork of it
   * @throws Error where another call is under way, UsageError where a prompt is empty, has unknown tokens, or leaves no room in the context (unless that is to be truncated)
   */
  async generate(
    prompts: readonly (readonly number[])[],
    options: GenerationOptions,
    random: Random,
  ): Promise<Generation[]> {
    if (this.#isBusy) throw new Error("generate: the caches are in use by another call; await that first");
    const program = this.#program;
    if (!program) throw new Error("generate: the weights have been freed; update brings new ones");
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
    if (rows.length > 0) {
      this.#isBusy = true;
      try {
        await new Rollout(
          this.#config,
          program,
          this.#reserved(rows, maxNewTokens),
          this.#options.rows,
          options,
        ).finish(rows);
      } finally {
        this.#isBusy = false;
      }
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

  /** Caches with room for these texts. */
  #reserved(rows: readonly Row[], maxNewTokens: number): RowCaches {
    const longest = Math.max(...rows.map(({ prompt }) => prompt.length));
    const slots = Math.min(rows.length, this.#options.rows);
    const capacity = Math.min(longest + maxNewTokens, this.#config.maxLength);
    if (!this.#caches?.holds(slots, capacity)) {
      this.#caches = undefined; // The old ones may go before there are new ones.
      this.#caches = new RowCaches(this.#config, slots, capacity);
    }
    return this.#caches;
  }
}

/** @throws UsageError where the model can't be held, whatever is free */
function requireMemory(config: DecoderConfig): void {
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const shapes = Object.entries(parameterShapes(config)).map(([name, shape]) => ({ name, bytes: 4 * sizeOf(shape) }));
  const large = shapes.find(({ bytes }) => bytes > mostMatrixBytes);
  if (large) {
    throw new UsageError(`"${large.name}" has ${gibibytes(large.bytes)}; ONNX Runtime takes matrices below 2 GiB`);
  }
  const bytes = shapes.reduce((total, shape) => total + shape.bytes, 0);
  if (bytes > totalmem()) {
    throw new UsageError(
      `weights of ${gibibytes(bytes)} (float32) do not fit into the machine's ${gibibytes(totalmem())}`,
    );
  }
}

/** One call of `generate`: texts in the first slots of the caches, and those that wait. */
class Rollout {
  readonly #config: DecoderConfig;
  readonly #program: DecodingProgram;
  readonly #caches: RowCaches;
  readonly #slots: number;
  readonly #options: GenerationOptions;
  /** The texts that grow, by slot. */
  readonly #active: Row[] = [];

  constructor(
    config: DecoderConfig,
    program: DecodingProgram,
    caches: RowCaches,
    slots: number,
    options: GenerationOptions,
  ) {
    this.#config = config;
    this.#program = program;
    this.#caches = caches;
    this.#slots = slots;
    this.#options = options;
  }

  /** Grows the texts to their ends. */
  async finish(rows: readonly Row[]): Promise<void> {
    const waiting = groupByPrompt(rows);
    while (waiting.length > 0 || this.#active.length > 0) {
      while (waiting.length > 0 && this.#active.length < this.#slots) await this.#admit(waiting);
      if (this.#active.length > 0) await this.#step();
    }
  }

  /** Gives free slots to texts that wait: to further ones of the first prompt where that has been read, or else to prompts that are read now. */
  async #admit(waiting: Waiting[]): Promise<void> {
    const [first] = waiting;
    if (!first) return;
    if (first.read) {
      const { prefix, next } = first.read;
      this.#startRest(first, next, (slot) => this.#caches.restore(prefix, slot));
      if (first.rows.length === 0) waiting.shift();
      this.#compact();
      return;
    }
    // As many prompts as it takes to fill the slots; each is read into the slot of its first text.
    const begin = this.#active.length;
    const groups = this.#readTogether(waiting, this.#slots - begin);
    const nexts = await this.#read(groups, begin);
    const each = (work: (group: Waiting, next: Next, slot: number) => void) =>
      groups.forEach((group, at) => {
        const next = nexts[at];
        if (next) work(group, next, begin + at);
      });
    each(({ rows }, next) => this.#start(rows, next));
    each((group, next, slot) => {
      const { length } = group.prompt;
      this.#startRest(group, next, (other) => this.#caches.copy(slot, other, length));
      if (group.rows.length > 0) group.read = { prefix: this.#caches.save(slot, length), next };
    });
    // All but the last have all of their texts in slots.
    waiting.splice(0, groups.at(-1)?.rows.length === 0 ? groups.length : groups.length - 1);
    this.#compact();
  }

  /** The first prompts that wait, until their texts fill so many slots or there are as many tokens as may be read together. */
  #readTogether(waiting: readonly Waiting[], free: number): Waiting[] {
    const groups: Waiting[] = [];
    let texts = 0;
    let longest = 0;
    for (const group of waiting) {
      longest = Math.max(longest, group.prompt.length);
      const tokens = (groups.length + 1) * longest;
      if (texts >= free || (groups.length > 0 && tokens > mostTokensAtOnce)) break;
      groups.push(group);
      texts += group.rows.length;
    }
    return groups;
  }

  /** Reads prompts into the slots from `begin` on. */
  async #read(groups: readonly Waiting[], begin: number): Promise<Next[]> {
    const longest = Math.max(...groups.map(({ prompt }) => prompt.length));
    const tokens = new BigInt64Array(groups.length * longest);
    const isLast = new Float32Array(groups.length * longest);
    const last = new Int32Array(groups.length);
    for (const [row, { prompt }] of groups.entries()) {
      for (const [at, token] of prompt.entries()) tokens[row * longest + at] = BigInt(token);
      last[row] = prompt.length - 1;
      isLast[row * longest + prompt.length - 1] = 1;
    }
    return this.#run({ tokens, isLast, last, total: Int32Array.of(longest) }, begin, groups.length);
  }

  /** Puts the first of these texts into the next slot, whose cache holds its prompt, with its first token. */
  #start(rows: Row[], next: Next): void {
    const row = rows.shift();
    if (!row) return;
    this.#active.push(row);
    this.#choose(row, next);
  }

  /** Puts texts of a prompt into slots as long as there are some, after `fill` has written the prompt there. */
  #startRest({ rows }: Waiting, next: Next, fill: (slot: number) => void): void {
    while (rows.length > 0 && this.#active.length < this.#slots) {
      fill(this.#active.length);
      this.#start(rows, next);
    }
  }

  /** Gives every active text its next token. */
  async #step(): Promise<void> {
    const active = [...this.#active];
    const feeds = {
      tokens: BigInt64Array.from(active, ({ tokens }) => BigInt(tokens.at(-1) ?? 0)),
      isLast: new Float32Array(active.length).fill(1),
      last: Int32Array.from(active, ({ prompt, tokens }) => prompt.length + tokens.length - 1),
    };
    const total = Int32Array.of(Math.max(...feeds.last) + 1);
    const nexts = await this.#run({ ...feeds, total }, 0, active.length);
    active.forEach((row, slot) => {
      const next = nexts[slot];
      if (next) this.#choose(row, next);
    });
    this.#compact();
  }

  async #run(
    feeds: { tokens: BigInt64Array; isLast: Float32Array; last: Int32Array; total: Int32Array },
    begin: number,
    count: number,
  ): Promise<Next[]> {
    const { temperature = 1 } = this.#options;
    const sharpness = Float32Array.of(temperature === 0 ? 1 : 1 / temperature);
    const outputs = await this.#program.run({ ...feeds, sharpness, ...this.#caches.slots(begin, count) });
    const { vocabularySize } = this.#config;
    const probabilities = outputs.probabilities as Float32Array;
    return Array.from({ length: count }, (_, row) => ({
      probabilities: probabilities.subarray(row * vocabularySize, (row + 1) * vocabularySize),
      likeliest: Number(outputs.likeliest[row]),
      entropy: Number(outputs.entropies[row]),
    }));
  }

  /** The row's next token. */
  #choose(row: Row, next: Next): void {
    const { token, logProbability } = sampleToken(next, this.#options, row.random);
    row.tokens.push(token);
    row.logProbabilities.push(logProbability);
    row.entropies.push(next.entropy);
    if (this.#options.stopTokens?.includes(token)) row.end = "stop";
    else if (row.tokens.length >= this.#options.maxNewTokens) row.end = "length";
    else if (row.prompt.length + row.tokens.length >= this.#config.maxLength) row.end = "context";
    this.#options.onToken?.(token, row.index);
  }

  /** Takes out the texts that have ended: the last ones move into their slots. */
  #compact(): void {
    for (let slot = this.#active.length - 1; slot >= 0; slot--) {
      if (this.#active[slot]?.end === undefined) continue;
      const moved = this.#active.pop();
      if (!moved || slot === this.#active.length) continue;
      // The newest token is not in the cache yet.
      this.#caches.copy(this.#active.length, slot, moved.prompt.length + moved.tokens.length - 1);
      this.#active[slot] = moved;
    }
  }
}

/** The texts by prompt, in the order in which the prompts come first. */
function groupByPrompt(rows: readonly Row[]): Waiting[] {
  const groups = new Map<string, Waiting>();
  for (const row of rows) {
    const key = row.prompt.join();
    const group = groups.get(key) ?? { prompt: row.prompt, rows: [], read: undefined };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}
