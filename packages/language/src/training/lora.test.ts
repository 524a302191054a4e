/** Low-rank adaptation against PEFT's arithmetic in PyTorch (fixtures/make_lora.py), and what must hold of any. */
import { readFileSync } from "node:fs";
import {
  adam,
  clipByGlobalNorm,
  compile,
  div,
  flatGradient,
  globalNorm,
  grad,
  input,
  mean,
  type NamedArray,
  neg,
  Random,
  State,
  sizeOf,
  type Tensor,
} from "@era/tensor";
import { describe, expect, it } from "vitest";
import { decoder } from "../decoder.ts";
import { fixtureConfig as config } from "../fixtures/policyLosses.fixture.ts";
import { digest, formulaWeights, numbers, seedOf, words } from "../fixtures/transformers.fixture.ts";
import { initialLora, type LoraOptions, loraParameters, mergedParameters } from "./lora.ts";
import { tokenScores } from "./tokenScores.ts";

type Digests = Readonly<Record<string, readonly [norm: number, product: number]>>;
const fixture = JSON.parse(readFileSync(new URL("../fixtures/lora.json", import.meta.url), "utf8")) as {
  readonly rank: number;
  readonly alpha: number;
  readonly batch: number;
  readonly length: number;
  readonly optimizer: { readonly learningRate: number; readonly weightDecay: number };
  readonly maxNorm: number;
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly gradients: Digests;
  readonly trained: Digests;
};

const { batch, length } = fixture;
const options: LoraOptions = fixture;
const tokens = input("tokens", [batch, length], "int64");
const feeds = {
  tokens: BigInt64Array.from(words(batch * length, seedOf("tokens")), (word) => BigInt(word % config.vocabularySize)),
};
const base = new State().parameters("base", formulaWeights(config)).tensors;

/** Pairs with the fixture's numbers. */
function formulaPairs(): Record<string, NamedArray> {
  const pairs = initialLora(config, new Random(1), options);
  return Object.fromEntries(
    Object.entries(pairs).map(([name, { shape }]): [string, NamedArray] => {
      const data = numbers(sizeOf(shape), -0.3, 0.3, seedOf(name));
      return [name, { shape, dtype: "float32", data }];
    }),
  );
}

function expectDigests(actual: Readonly<Record<string, ArrayLike<unknown>>>, expected: Digests): void {
  for (const [name, [norm, product]] of Object.entries(expected)) {
    const own = digest(name, actual[name] as Float32Array);
    expect(Math.abs(own[0] - norm), `norm of ${name}`).toBeLessThan(1e-4 * norm + 1e-6);
    expect(Math.abs(own[1] - product), `product of ${name}`).toBeLessThan(1e-4 * norm + 1e-6);
  }
}

describe("LoRA", () => {
  it.each([false, true])("has PEFT's loss, gradients and steps of AdamW (checkpointed: %s)", async (checkpoint) => {
    const state = new State();
    const pairs = state.parameters("lora", formulaPairs());
    const parameters = loraParameters(config, base, pairs.tensors, options);
    const loss = neg(mean(tokenScores(config, parameters, tokens, undefined, { checkpoint }).logProb));
    const gradients = grad(loss, pairs.tensors);
    const flat = flatGradient(loss, pairs);
    const { updates } = adam(
      { state, name: "optimizer" },
      pairs.flat,
      clipByGlobalNorm(flat, fixture.maxNorm),
      fixture.optimizer,
    );
    const program = await compile({ outputs: { loss, norm: globalNorm(flat), ...gradients }, updates });
    expect(Object.keys(pairs.tensors).sort()).toEqual(Object.keys(fixture.gradients).sort());
    for (const [step, expected] of fixture.losses.entries()) {
      const results: Record<string, ArrayLike<unknown>> = await program.run(feeds);
      expect(Math.abs(Number(results.loss?.[0]) - expected)).toBeLessThan(1e-5);
      expect(Math.abs(Number(results.norm?.[0]) / (fixture.norms[step] ?? 0) - 1)).toBeLessThan(1e-4);
      if (step === 0) expectDigests(results, fixture.gradients);
    }
    await program.dispose();
    const trained = Object.entries(pairs.tensors).map(([name, tensor]) => [name, state.read(tensor)]);
    expectDigests(Object.fromEntries(trained), fixture.trained);
  });

  it("merges into a plain decoder that computes the same", async () => {
    const pairs = new State().parameters("lora", formulaPairs()).tensors;
    const parameters = loraParameters(config, base, pairs, options);
    const merged = mergedParameters(config, parameters);
    expect(Object.keys(merged)).toEqual(Object.keys(base));
    const outputs = { adapted: decoder(config, parameters, tokens), merged: decoder(config, merged, tokens) };
    const program = await compile({ outputs });
    const { adapted, merged: plain } = await program.run(feeds);
    await program.dispose();
    for (const [i, value] of plain.entries()) expect(Math.abs(Number(adapted[i]) - Number(value))).toBeLessThan(5e-5);
  });

  it("is the model itself at first, and adapts only what it is told to", async () => {
    const given: LoraOptions = { rank: 2, alpha: 16, targets: ["q_proj", "down_proj"] };
    const initial = initialLora(config, new Random(3), given);
    expect(Object.keys(initial)).toHaveLength(config.layers * 2 * 2);
    const bounds = Object.entries(initial).map(([name, { shape, data }]) => {
      const largest = Math.max(...Array.from(data as Float32Array, Math.abs));
      return name.includes("lora_A") ? largest * Math.sqrt(shape[1] ?? 0) : largest;
    });
    expect(Math.max(...bounds)).toBeLessThanOrEqual(1);
    expect(bounds.filter((bound) => bound === 0)).toHaveLength(config.layers * 2);
    const pairs = new State().parameters("lora", initial).tensors;
    const difference = (a: Tensor, b: Tensor) => mean(div(a, b));
    const parameters = loraParameters(config, base, pairs, given);
    const ratio = difference(decoder(config, parameters, tokens), decoder(config, base, tokens));
    const program = await compile({ outputs: { ratio } });
    expect(Number((await program.run(feeds)).ratio[0])).toBeCloseTo(1, 5);
    await program.dispose();
    expect(() => initialLora(config, new Random(1), { rank: 0, alpha: 1 })).toThrow("the rank is 0");
  });
});
