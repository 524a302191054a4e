/** Decoders against transformers' (fixtures/make_transformers.py), and properties that hold for any. */
import { compile, crossEntropy, div, grad, input, mul, reshape, State, slice, sum } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";
import { decoder } from "./decoder.ts";
import { digest, formulaWeights, seedOf, transformersFixture, words } from "./fixtures/transformers.fixture.ts";

const { batch, length, padding, cases } = transformersFixture;

describe.each(Object.entries(cases))("%s", (_name, expected) => {
  const config = parseConfig(expected.config);
  const vocabulary = config.vocabularySize;
  const state = new State();
  const { tensors } = state.parameters("model", formulaWeights(config));
  const ids = BigInt64Array.from(words(batch * length, seedOf("tokens")), (word) => BigInt(word % vocabulary));
  const mask = Float32Array.from({ length: batch * length }, (_, i) => (i >= length && i < length + padding ? 0 : 1));
  const tokens = input("tokens", [batch, length], "int64");
  const masked = input("mask", [batch, length]);
  const logits = decoder(config, tensors, tokens, masked);

  it("computes transformers' logits, loss and gradients, with padding at the left", async () => {
    const errors = crossEntropy(reshape(slice(logits, 1, 0, -1), [-1, vocabulary]), reshape(slice(tokens, 1, 1), [-1]));
    const counted = reshape(slice(masked, 1, 0, -1), [-1]);
    const loss = div(sum(mul(errors, counted)), sum(counted));
    const gradients = grad(loss, tensors);
    const program = await compile({ outputs: { loss, logits, ...gradients } });
    const results: Record<string, ArrayLike<unknown>> = await program.run({ tokens: ids, mask });
    await program.dispose();
    let row = 0;
    mask.forEach((isToken, position) => {
      if (!isToken) return;
      const own = Array.from({ length: vocabulary }, (_, i) => Number(results.logits?.[position * vocabulary + i]));
      const theirs = expected.logits[row++] ?? [];
      for (const [i, value] of own.entries()) expect(Math.abs(value - (theirs[i] ?? Number.NaN))).toBeLessThan(2e-5);
    });
    expect(row).toBe(expected.logits.length);
    expect(Math.abs(Number(results.loss?.[0]) - expected.loss)).toBeLessThan(1e-5);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [name, [norm, product]] of Object.entries(expected.gradients)) {
      const own = digest(name, results[name] as Float32Array);
      // A bias of keys shifts all logits of a query alike (before rotation), so its gradient may be tiny: an absolute share of 1e-6.
      expect(Math.abs(own[0] - norm), `norm of ${name}`).toBeLessThan(5e-5 * norm + 1e-6);
      expect(Math.abs(own[1] - product), `product of ${name}`).toBeLessThan(5e-5 * norm + 1e-6);
    }
  });

  it("does not see later tokens, nor what stands in the padding", async () => {
    const program = await compile({ outputs: { logits } });
    const { logits: before } = await program.run({ tokens: ids, mask });
    const changed = ids.slice();
    changed[length - 1] = (ids[length - 1] ?? 0n) === 0n ? 1n : 0n;
    for (let i = 0; i < padding; i++) changed[length + i] = 7n;
    const { logits: after } = await program.run({ tokens: changed, mask });
    await program.dispose();
    const row = (values: ArrayLike<unknown>, position: number) =>
      Array.from({ length: vocabulary }, (_, i) => Number(values[position * vocabulary + i]));
    mask.forEach((isToken, position) => {
      if (!isToken) return;
      const same = position !== length - 1;
      const difference = Math.max(
        ...row(after, position).map((value, i) => Math.abs(value - (row(before, position)[i] ?? 0))),
      );
      if (same) expect(difference).toBeLessThan(1e-6);
      else expect(difference).toBeGreaterThan(1e-3);
    });
  });
});

describe("decoder", () => {
  const config = parseConfig(cases.qwen2?.config);
  const state = new State();
  const { tensors } = state.parameters("model", formulaWeights(config));

  it("refuses sequences longer than the context, and masks of another shape", () => {
    const tokens = (length: number) => input("tokens", [1, length], "int64");
    expect(() => decoder(config, tensors, tokens(65))).toThrow(/65 tokens exceed the model's context of 64/);
    expect(() => decoder(config, tensors, tokens(5), input("mask", [1, 4]))).toThrow(/mask \[1, 4\]/);
  });
});
