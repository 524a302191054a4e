/** Generation with a cache against the decoder over whole sequences. */
import { compile, input, Program, Random, State } from "@era/tensor";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DecoderConfig, parseConfig } from "../config.ts";
import { decoder } from "../decoder.ts";
import { formulaWeights, transformersFixture } from "../fixtures/transformers.fixture.ts";
import { type Generation, Generator } from "./generator.ts";

/** The fixture's decoders with heads of 16 numbers, which the cache's kernel needs. */
const configs = Object.entries(transformersFixture.cases).map(([name, { config }]): [string, DecoderConfig] => [
  name,
  { ...parseConfig(config), headWidth: 16, maxLength: 24 },
]);
const prompts = [[3, 1, 4, 1, 5], [9, 2], [6, 5, 3, 5, 8, 9, 7], [9], [3, 2, 3]];

describe.each(configs)("%s", (_name, config) => {
  const state = new State();
  const { tensors } = state.parameters("model", formulaWeights(config));
  let generator: Generator;
  beforeAll(async () => {
    generator = await Generator.create(config, tensors, { rows: 3, threads: 1 });
  });
  afterAll(() => generator.dispose());

  /** Log-probabilities of the tokens that follow each position, `[length][vocabulary]`, by the decoder over the whole sequence. */
  async function whole(sequence: readonly number[], temperature = 1): Promise<number[][]> {
    const logits = decoder(config, tensors, input("tokens", [1, sequence.length], "int64"));
    const program = await compile({ outputs: { logits } });
    const results = await program.run({ tokens: [...sequence] });
    await program.dispose();
    return sequence.map((_, position) => {
      const row = Array.from(
        { length: config.vocabularySize },
        (_, i) => Number(results.logits[position * config.vocabularySize + i]) / temperature,
      );
      const mass = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
      return row.map((logit) => logit - Math.log(mass));
    });
  }

  async function requireLogProbabilities(
    { prompt, tokens, logProbabilities, entropies }: Generation,
    temperature: number,
  ) {
    const rows = await whole([...prompt, ...tokens], temperature);
    tokens.forEach((token, i) => {
      const row = rows[prompt.length + i - 1] ?? [];
      expect(Math.abs((logProbabilities[i] ?? 0) - (row[token] ?? Number.NaN))).toBeLessThan(2e-4);
      const entropy = row.reduce((sum, log) => sum - Math.exp(log) * log, 0);
      expect(Math.abs((entropies[i] ?? 0) - entropy)).toBeLessThan(2e-4);
    });
  }

  it("takes the likeliest tokens of the whole sequence at temperature 0, prompts of several lengths in one batch", async () => {
    const texts = await generator.generate(prompts, { maxNewTokens: 6, temperature: 0 }, new Random(1));
    for (const [i, text] of texts.entries()) {
      expect(text.prompt).toEqual(prompts[i]);
      expect(text.end).toBe("length");
      const rows = await whole([...text.prompt, ...text.tokens]);
      text.tokens.forEach((token, at) => {
        const row = rows[text.prompt.length + at - 1] ?? [];
        expect(Math.abs((row[token] ?? 0) - Math.max(...row))).toBeLessThan(1e-4);
      });
      await requireLogProbabilities(text, 1);
    }
  });

  it("begins with a single token too", async () => {
    const [text] = await generator.generate([[9]], { maxNewTokens: 4 }, new Random(4));
    if (text) await requireLogProbabilities(text, 1);
    expect(text?.tokens).toHaveLength(4);
  });

  it("records the log-probabilities of what it samples, and the entropies of what it samples from", async () => {
    const texts = await generator.generate(prompts, { maxNewTokens: 5, temperature: 1.3, topP: 0.9 }, new Random(2));
    for (const text of texts) await requireLogProbabilities(text, 1.3);
  });
});

describe("a generator", () => {
  const [, config] = configs[0] ?? [];
  if (!config) throw new Error("no configuration");
  const state = new State();
  const { tensors, flat } = state.parameters("model", formulaWeights(config));
  const make = (rows: number) => Generator.create(config, tensors, { rows, threads: 1 });
  let generator: Generator;
  beforeAll(async () => {
    generator = await make(2);
  });
  afterAll(() => generator.dispose());
  const options = { maxNewTokens: 8 };

  it("gives the same text for the same seed, whatever the number of rows, and advances the random numbers", async () => {
    const random = new Random(5);
    const first = await generator.generate(prompts, options, random);
    const second = await generator.generate(prompts, options, random);
    expect(second.map(({ tokens }) => tokens)).not.toEqual(first.map(({ tokens }) => tokens));
    const resumed = new Random(5);
    expect((await generator.generate(prompts, options, resumed)).map(({ tokens }) => tokens)).toEqual(
      first.map(({ tokens }) => tokens),
    );
    expect(resumed.state).not.toEqual(new Random(5).state);
    const wide = await make(5);
    const again = await wide.generate(prompts, options, new Random(5));
    await wide.dispose();
    expect(again.map(({ tokens }) => tokens)).toEqual(first.map(({ tokens }) => tokens));
  });

  it("gives each text what it gets alone, however many are worked on, when they end and which prompts they share", async () => {
    const many = [[1, 2, 3], [4], [1, 2, 3], [5, 6], [1, 2, 3], [4], [7, 8, 9, 10, 11], [1, 2, 3]];
    const stopping = { maxNewTokens: 12, temperature: 1.2, stopTokens: [1, 5, 9, 13, 17, 21, 25, 29] };
    const alone: Generation[] = [];
    for (const [i, prompt] of many.entries()) {
      const random = new Random(6);
      for (let skipped = 0; skipped < i; skipped++) random.fork();
      alone.push(...(await generator.generate([prompt], stopping, random)));
    }
    expect(new Set(alone.map(({ tokens }) => tokens.length)).size).toBeGreaterThan(3);
    for (const rows of [1, 3, 6]) {
      const own = await make(rows);
      const texts = await own.generate(many, stopping, new Random(6));
      await own.dispose();
      expect(texts.map(({ tokens, end, prompt }) => [prompt, tokens, end])).toEqual(
        alone.map(({ tokens, end, prompt }) => [prompt, tokens, end]),
      );
      texts.forEach(({ logProbabilities, entropies }, i) => {
        logProbabilities.forEach((value, at) => {
          expect(Math.abs(value - (alone[i]?.logProbabilities[at] ?? Number.NaN))).toBeLessThan(1e-5);
          expect(Math.abs((entropies[at] ?? Number.NaN) - (alone[i]?.entropies[at] ?? 0))).toBeLessThan(1e-5);
        });
      });
    }
  });

  it("reads a prompt that comes several times once, and runs no rows that have ended", async () => {
    const run = vi.spyOn(Program.prototype, "run");
    try {
      const copies = Array.from({ length: 5 }, () => [1, 2, 3, 4, 5, 6]);
      const texts = await generator.generate([...copies, [9, 9]], { maxNewTokens: 3 }, new Random(2));
      const fed = run.mock.calls.map(([feeds]) => feeds?.tokens?.length ?? 0);
      // Each text's first token comes from reading its prompt, and the last is not fed any more.
      const fedAgain = texts.reduce((sum, { tokens }) => sum + tokens.length - 1, 0);
      expect(fed.reduce((sum, count) => sum + count, 0)).toBe(6 + 2 + fedAgain);
    } finally {
      run.mockRestore();
    }
  });

  it("calls back with each token and the place of its prompt", async () => {
    const heard = new Map<number, number[]>();
    const onToken = (token: number, place: number) => heard.set(place, [...(heard.get(place) ?? []), token]);
    const texts = await generator.generate(prompts, { ...options, onToken }, new Random(5));
    expect(texts.map((_, i) => heard.get(i))).toEqual(texts.map(({ tokens }) => tokens));
  });

  it("draws each of several copies of a prompt by itself", async () => {
    const texts = await generator.generate(
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      options,
      new Random(5),
    );
    expect(new Set(texts.map(({ tokens }) => tokens.join())).size).toBe(3);
  });

  it("stops at stop tokens, which are the last, and at the end of the context", async () => {
    const [free] = await generator.generate([[1, 2, 3]], options, new Random(8));
    const stop = free?.tokens[3] ?? -1;
    const place = free?.tokens.indexOf(stop) ?? -1;
    const [text, other] = await generator.generate([[1, 2, 3], [4]], { ...options, stopTokens: [stop] }, new Random(8));
    expect(text?.tokens).toEqual(free?.tokens.slice(0, place + 1));
    expect(text?.logProbabilities).toHaveLength(place + 1);
    expect(text?.end).toBe("stop");
    expect(other?.tokens.length).toBeGreaterThan(0);
    const long = Array.from({ length: 20 }, (_, i) => i);
    const [full] = await generator.generate([long], options, new Random(8));
    expect(full?.tokens).toHaveLength(4);
    expect(full?.end).toBe("context");
  });

  it("refuses prompts that leave no room, or truncates them as asked", async () => {
    const long = Array.from({ length: 30 }, (_, i) => i);
    await expect(generator.generate([[1], long], options, new Random(1))).rejects.toThrow(
      /prompt 1 has 30 tokens, which leave no room in the model's context of 24/,
    );
    const [text] = await generator.generate([long], { ...options, longPrompts: "truncate" }, new Random(1));
    expect(text?.prompt).toEqual(long.slice(-16));
    expect(text?.tokens).toHaveLength(8);
    const [last] = await generator.generate([long.slice(-16)], options, new Random(1));
    expect(text?.tokens).toEqual(last?.tokens);
  });

  it("refuses a second call while one is under way, and works again after it", async () => {
    const first = generator.generate(prompts, options, new Random(1));
    await expect(generator.generate(prompts, options, new Random(1))).rejects.toThrow(/in use by another call/);
    await first;
    expect(await generator.generate(prompts, options, new Random(1))).toEqual(await first);
  });

  it("refuses models that cannot be held before it builds anything", async () => {
    const wide = { ...config, vocabularySize: 1e8 };
    await expect(Generator.create(wide, {}, { rows: 1 })).rejects.toThrow(
      '"model.embed_tokens.weight" has 8.9 GiB; ONNX Runtime takes matrices below 2 GiB',
    );
    const deep = { ...config, width: 4096, feedForwardWidth: 16384, layers: 10_000 };
    await expect(Generator.create(deep, {}, { rows: 1 })).rejects.toThrow(
      /weights of \d+\.\d GiB \(float32\) do not fit into the machine's \d+\.\d GiB/,
    );
  });

  it("refuses empty prompts and unknown tokens with their place", async () => {
    await expect(generator.generate([[1], []], options, new Random(1))).rejects.toThrow(/prompt 1 is empty/);
    await expect(generator.generate([[1, 61]], options, new Random(1))).rejects.toThrow(/prompt 0: 61 is no token/);
    await expect(generator.generate([[1]], { maxNewTokens: 0 }, new Random(1))).rejects.toThrow(/maxNewTokens is 0/);
  });

  it("keeps the weights that it was built with until it is given new ones", async () => {
    const own = await make(2);
    const generate = () => own.generate(prompts, options, new Random(3));
    const before = await generate();
    const values = state.read(flat) as Float32Array;
    const old = values.slice();
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * 1.5;
    expect(await generate()).toEqual(before);
    await own.update(tensors);
    const after = await generate();
    expect(after.map(({ tokens }) => tokens)).not.toEqual(before.map(({ tokens }) => tokens));
    values.set(old);
    await own.dispose();
    await expect(generate()).rejects.toThrow(/the weights have been freed; update brings new ones/);
    await own.update(tensors);
    expect(await generate()).toEqual(before);
    await own.dispose();
  });

  it("keeps the weights while a call is under way", async () => {
    const first = generator.generate(prompts, options, new Random(1));
    await expect(generator.update(tensors)).rejects.toThrow(/a call of generate is under way/);
    await first;
  });
});
