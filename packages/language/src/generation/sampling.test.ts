/** Sampling: frequencies and log-probabilities against closed forms, the cuts against sorting the whole vocabulary. */
import { Random } from "@era/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Distribution, requireSampling, type SamplingOptions, sampleToken } from "./sampling.ts";

/** What logits make of the next token, as the graph computes it. */
function distribution(logits: Float32Array, { temperature = 1 }: SamplingOptions): Distribution {
  const peak = Math.max(...logits);
  const probabilities = logits.map((logit) => Math.exp((logit - peak) / (temperature || 1)));
  return { probabilities, likeliest: logits.indexOf(peak) };
}

/** Probabilities in the order of transformers' processors: temperature, top-k, top-p, min-p; by sorting everything. */
function cutProbabilities(
  logits: Float32Array | Float64Array,
  { temperature = 1, topK, topP = 1, minP = 0 }: SamplingOptions,
) {
  const scaled = [...logits].map((logit, token) => ({
    token,
    weight: Math.exp((logit - Math.max(...logits)) / temperature),
  }));
  scaled.sort((a, b) => (logits[b.token] ?? 0) - (logits[a.token] ?? 0) || a.token - b.token);
  const top = scaled.slice(0, topK ?? scaled.length);
  const mass = top.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  const nucleus = top.filter(({ weight }) => {
    const isIn = before < topP * mass;
    before += weight;
    return isIn;
  });
  const kept = nucleus.filter(({ weight }) => weight >= minP * (nucleus[0]?.weight ?? 0));
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(kept.map(({ token, weight }) => [token, weight / total]));
}

const logits = Float32Array.of(1, 3, -2, 3, 0.5, 2.2, -30, 1.7);

describe.each<[string, SamplingOptions]>([
  ["nothing cut", {}],
  ["a temperature", { temperature: 0.6 }],
  ["a high temperature", { temperature: 3 }],
  ["top-k", { topK: 3 }],
  ["top-k through a tie", { topK: 1 }],
  ["top-p", { topP: 0.8 }],
  ["min-p", { minP: 0.2 }],
  ["all of them", { temperature: 1.5, topK: 6, topP: 0.9, minP: 0.1 }],
])("with %s", (_name, options) => {
  it("tokens come as often as their probabilities say, with the log-probabilities of the uncut distribution", () => {
    const random = new Random(3);
    const draws = 20_000;
    const counts = new Map<number, number>();
    const temperature = options.temperature ?? 1;
    const mass = logits.reduce((sum, logit) => sum + Math.exp(logit / temperature), 0);
    for (let i = 0; i < draws; i++) {
      const { token, logProbability } = sampleToken(distribution(logits, options), options, random);
      counts.set(token, (counts.get(token) ?? 0) + 1);
      if (counts.get(token) === 1) {
        expect(logProbability).toBeCloseTo((logits[token] ?? 0) / temperature - Math.log(mass), 5);
      }
    }
    const expected = cutProbabilities(logits, options);
    for (const token of counts.keys()) expect(expected.has(token), `token ${token}`).toBe(true);
    for (const [token, probability] of expected) {
      const deviation = Math.sqrt((probability * (1 - probability)) / draws);
      expect(Math.abs((counts.get(token) ?? 0) / draws - probability)).toBeLessThanOrEqual(5 * deviation + 1e-9);
    }
  });
});

describe("sampling", () => {
  it("never leaves what is allowed, whatever the logits and the cuts", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -40, max: 40, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.record({
          temperature: fc.double({ min: 0.05, max: 5, noNaN: true }),
          topK: fc.integer({ min: 1, max: 70 }),
          topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
          minP: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        fc.integer(),
        (values, options, seed) => {
          const given = distribution(Float32Array.from(values), options);
          const { token, logProbability } = sampleToken(given, options, new Random(seed));
          // A share that is met exactly up to rounding may take one more: give it that.
          const { topK, topP, minP } = options;
          const loose = { topK, topP: Math.min(1, topP + 1e-12), minP: minP * (1 - 1e-12) };
          const kept = cutProbabilities(Float64Array.from(given.probabilities, Math.log), loose);
          expect(kept.has(token)).toBe(true);
          expect(logProbability).toBeLessThanOrEqual(0);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  it("takes the first likeliest at temperature 0, without a random number", () => {
    const random = new Random(1);
    const before = random.state;
    const { token, logProbability } = sampleToken(distribution(logits, {}), { temperature: 0, topP: 0.5 }, random);
    expect(token).toBe(1);
    expect(logProbability).toBeCloseTo(3 - Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)), 5);
    expect(random.state).toEqual(before);
  });

  it("refuses probabilities that are no numbers", () => {
    for (const bad of [
      [1, Number.NaN],
      [Number.NaN, 1],
      [0, 0],
      [Number.POSITIVE_INFINITY, 1],
    ]) {
      const given = { probabilities: Float32Array.from(bad), likeliest: 0 };
      expect(() => sampleToken(given, {}, new Random(1))).toThrow(/logits of the next token are no numbers/);
    }
  });

  it.each<[SamplingOptions, RegExp]>([
    [{ temperature: -1 }, /temperature is -1/],
    [{ topK: 0 }, /topK is 0/],
    [{ topP: 0 }, /topP is 0/],
    [{ topP: 1.1 }, /topP is 1\.1/],
    [{ minP: -0.1 }, /minP is -0\.1/],
  ])("refuses %j", (options, message) => expect(() => requireSampling(options)).toThrow(message));
});
