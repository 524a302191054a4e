/** The policy loss of every method against the official arithmetic in PyTorch (fixtures/make_policy_losses.py). */
import { resolveSequence } from "@era/activation";
import { compile, grad, input, State } from "@era/tensor";
import { describe, expect, it } from "vitest";
import {
  fixtureConfig as config,
  fixtureBatch,
  oldWeights,
  policyLossFixture,
} from "../fixtures/policyLosses.fixture.ts";
import { digest, formulaWeights } from "../fixtures/transformers.fixture.ts";
import type { ClipRange, EntropyMethod } from "./entropyMethod.ts";
import { policyLoss } from "./policyLoss.ts";
import { methodScoring, tokenScores } from "./tokenScores.ts";

const { prompt, response, temperature, distance, methods } = policyLossFixture;
const { rows, length, feeds } = fixtureBatch();

/** A method of ours from the official settings. */
function methodOf(name: string): EntropyMethod {
  const settings = methods[name]?.settings ?? {};
  const number = (key: string) => Number(settings[key]);
  const clip = (): ClipRange => ({
    low: number("clip_ratio_low"),
    high: number("clip_ratio_high"),
    dual: number("clip_ratio_c"),
  });
  switch (settings.loss_mode) {
    case "era": {
      const sequence = resolveSequence({ low: number("era_lb"), high: number("era_ub"), factor: number("era_k") });
      return {
        name: "era",
        topK: settings.topk ? 20 : 0,
        sequence,
        scale: settings.adv_scale === true,
        clip: clip(),
      };
    }
    case "kl_cov":
      return { name: "kl-cov", topK: 0, share: number("kl_cov_ratio"), coefficient: number("ppo_kl_coef") };
    case "clip_cov": {
      const [share, low, high] = [number("clip_cov_ratio"), number("clip_cov_lb"), number("clip_cov_ub")];
      return { name: "clip-cov", topK: 0, share, low, high, clip: { ...clip(), dual: 3 } };
    }
    default:
      if ("entropy_coeff" in settings)
        return { name: "bonus", topK: 0, clip: clip(), coefficient: number("entropy_coeff") };
      return { name: "none", topK: 0, clip: clip() };
  }
}

const shape = [rows, response];
const tokens = input("tokens", [rows, length], "int64");
const mask = input("mask", [rows, length]);
const batch = {
  responseMask: input("responseMask", shape),
  advantages: input("advantages", shape),
  noise: input("noise", shape),
};
const fed = (names: readonly string[]) =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => names.includes(name)));

describe.each(Object.entries(methods))("the policy loss of %s", (name, expected) => {
  it("has the official loss, metrics and gradient", async () => {
    const method = methodOf(name);
    const isClipCov = method.name === "clip-cov";
    // Four parts of the vocabulary, and layers that are computed again.
    const memory = method.name === "era" ? { chunk: rows * response * 16, checkpoint: true } : {};
    const scoring = { from: prompt, temperature, ...memory, ...methodScoring(method, batch) };
    const old = new State().parameters("old", oldWeights(config, distance)).tensors;
    const { tensors } = new State().parameters("model", formulaWeights(config));
    const { logProb: oldLogProb } = tokenScores(config, old, tokens, mask, scoring);
    const scores = tokenScores(config, tensors, tokens, mask, scoring);
    const { loss, metrics } = policyLoss(method, { ...scores, ...batch, oldLogProb });
    const gradients = grad(loss, tensors);
    const program = await compile({ outputs: { loss, ...metrics, ...gradients } });
    const inputs = ["tokens", "mask", "responseMask", "advantages", ...(isClipCov ? ["noise"] : [])];
    const results: Record<string, ArrayLike<unknown>> = await program.run(fed(inputs));
    await program.dispose();
    for (const [key, value] of Object.entries({ ...expected.metrics, loss: expected.loss })) {
      expect(Math.abs(Number(results[key]?.[0]) - value), key).toBeLessThan(2e-5 * (1 + Math.abs(value)));
    }
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [key, [norm, product]] of Object.entries(expected.gradients)) {
      const own = digest(key, results[key] as Float32Array);
      expect(Math.abs(own[0] - norm), `norm of ${key}`).toBeLessThan(1e-4 * norm + 1e-6);
      expect(Math.abs(own[1] - product), `product of ${key}`).toBeLessThan(1e-4 * norm + 1e-6);
    }
  });
});

describe("micro-batches", () => {
  it("average to the whole batch's loss, metrics and gradient under its token mean", async () => {
    const name = "era";
    const expected = methods[name];
    const method = methodOf(name);
    const half = rows / 2;
    const part = {
      responseMask: input("responseMask", [half, response]),
      advantages: input("advantages", [half, response]),
    };
    const [halfTokens, halfMask] = [input("tokens", [half, length], "int64"), input("mask", [half, length])];
    const scoring = { from: prompt, temperature, ...methodScoring(method, part) };
    const { tensors: old } = new State().parameters("old", oldWeights(config, distance));
    const { tensors } = new State().parameters("model", formulaWeights(config));
    const { loss, metrics } = policyLoss(method, {
      ...tokenScores(config, tensors, halfTokens, halfMask, scoring),
      ...part,
      oldLogProb: tokenScores(config, old, halfTokens, halfMask, scoring).logProb,
      totals: { tokens: input("totalTokens", []), responses: input("totalResponses", []) },
    });
    const program = await compile({ outputs: { loss, ...metrics, ...grad(loss, tensors) } });
    const whole = feeds.responseMask.reduce((total, one) => total + one, 0);
    const sums = new Map<string, Float64Array>();
    for (const first of [0, half]) {
      const cut = <T extends { subarray(from: number, to: number): T }>(x: T, width: number) =>
        x.subarray(first * width, (first + half) * width);
      const results: Record<string, ArrayLike<unknown>> = await program.run({
        tokens: cut(feeds.tokens, length),
        mask: cut(feeds.mask, length),
        responseMask: cut(feeds.responseMask, response),
        advantages: cut(feeds.advantages, response),
        totalTokens: [whole / 2],
        totalResponses: [rows / 2],
      });
      for (const [key, values] of Object.entries(results)) {
        const sum = sums.get(key) ?? new Float64Array(values.length);
        sums.set(
          key,
          sum.map((x, i) => x + Number(values[i]) / 2),
        );
      }
    }
    await program.dispose();
    for (const [key, value] of Object.entries({ ...expected?.metrics, loss: expected?.loss ?? Number.NaN })) {
      expect(Math.abs((sums.get(key)?.[0] ?? Number.NaN) - value), key).toBeLessThan(2e-5 * (1 + Math.abs(value)));
    }
    for (const [key, [norm, product]] of Object.entries(expected?.gradients ?? {})) {
      const own = digest(key, sums.get(key) ?? []);
      expect(Math.abs(own[0] - norm), `norm of ${key}`).toBeLessThan(1e-4 * norm + 1e-6);
      expect(Math.abs(own[1] - product), `product of ${key}`).toBeLessThan(1e-4 * norm + 1e-6);
    }
  });
});
