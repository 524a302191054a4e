/** Generation with a cache against the decoder over whole sequences. */
import { compile, input, Random, State } from "@era/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

  async function requireLogProbabilities({ prompt, tokens, logProbabilities }: Generation, temperature: number) {
    const rows = await whole([...prompt, ...tokens], temperature);
    tokens.forEach((token, i) => {
      const expected = rows[prompt.length + i - 1]?.[token] ?? Number.NaN;
      expect(Math.abs((logProbabilities[i] ?? 0) - expected)).toBeLessThan(2e-4);
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

  it("records the log-probabilities of what it samples", async () => {
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

  it("refuses models that no graph can hold before it builds anything", async () => {
    const large = { ...config, vocabularySize: 1e8 };
    await expect(Generator.create(large, {}, { rows: 1 })).rejects.toThrow(/GiB exceed what one ONNX graph can hold/);
  });

  it("refuses empty prompts and unknown tokens with their place", async () => {
    await expect(generator.generate([[1], []], options, new Random(1))).rejects.toThrow(/prompt 1 is empty/);
    await expect(generator.generate([[1, 61]], options, new Random(1))).rejects.toThrow(/prompt 0: 61 is no token/);
    await expect(generator.generate([[1]], { maxNewTokens: 0 }, new Random(1))).rejects.toThrow(/maxNewTokens is 0/);
  });

  it("keeps the weights that it was built with; one built later has the new ones", async () => {
    const before = await generator.generate(prompts, options, new Random(3));
    const values = state.read(flat) as Float32Array;
    const old = values.slice();
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * 1.5;
    const same = await generator.generate(prompts, options, new Random(3));
    const rebuilt = await make(2);
    const after = await rebuilt.generate(prompts, options, new Random(3));
    await rebuilt.dispose();
    values.set(old);
    expect(same).toEqual(before);
    expect(after.map(({ tokens }) => tokens)).not.toEqual(before.map(({ tokens }) => tokens));
  });
});
