import { categorical, ndArray, referenceOps } from "@era/activation";
import { compile, init, input, Random, State } from "@era/tensor";
import { describe, expect, test } from "vitest";
import { eraContinuous, eraDiscrete, gaussianHead, type PpoHead, softmaxHead } from "./ppoHeads.ts";

/** Runs a head on raw outputs `[rows, outputs]`: samples, their log-probabilities, entropy and mode. */
async function run(head: PpoHead, rows: number, raw: ArrayLike<number>, random: Random) {
  const { tensors } = new State().parameters("head", { unused: init.zeros([1]), ...head.parameters });
  const policy = head.policy(input("raw", [rows, head.outputs]), tensors);
  const action = policy.sample(input("noise", [rows, head.noiseSize]));
  const given = policy.logProb(input("actions", [rows, head.actionSize]));
  const outputs = { action, logProb: policy.logProb(action), given, entropy: policy.entropy(), mode: policy.mode() };
  const program = await compile({ outputs });
  const noise = head.fillNoise(new Float32Array(rows * head.noiseSize), random);
  const feeds = { raw: Float32Array.from(raw), noise };
  const first = await program.run({ ...feeds, actions: new Float32Array(rows * head.actionSize) });
  const second = await program.run({ ...feeds, actions: first.action as Float32Array });
  await program.dispose();
  return second as Record<keyof typeof outputs, Float32Array>;
}

const repeated = (row: readonly number[], rows: number) => Array.from({ length: rows }, () => row).flat();
const meanOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const discrete: readonly [string, PpoHead][] = [
  ["softmax", softmaxHead(3)],
  ["era", eraDiscrete({ classes: 3, entropy: 0.4 })],
  ["era, the paper's bound and inverse", eraDiscrete({ classes: 3, entropy: 0.4, bound: "paper", inverse: "paper" })],
];

describe("discrete actions", () => {
  test.each(discrete)("%s: actions come as often as their probability says", async (_, head) => {
    const rows = 20_000;
    const { action, logProb, given, entropy, mode } = await run(
      head,
      rows,
      repeated([0.3, -1, 1.2], rows),
      new Random(1),
    );
    const probability = new Map<number, number>();
    for (const [row, number] of action.entries()) probability.set(number, Math.exp(logProb[row] ?? Number.NaN));
    expect([...probability.keys()].sort()).toEqual([0, 1, 2]);
    expect([...probability.values()].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    for (const [number, p] of probability) {
      const share = action.filter((drawn) => drawn === number).length / rows;
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / rows));
    }
    expect(entropy[0]).toBeCloseTo(
      [...probability.values()].reduce((sum, p) => sum - p * Math.log(p), 0),
      4,
    );
    expect(given).toEqual(logProb);
    expect(mode[0]).toBe(2);
  });

  test("softmax: log-probabilities are the reference's", async () => {
    const raw = [0.3, -1, 1.2, 4, 4, -30];
    const { action, logProb } = await run(softmaxHead(3), 2, raw, new Random(2));
    const expected = categorical(referenceOps, ndArray(Float64Array.from(raw), [2, 3])).logProbs().data;
    for (const row of [0, 1]) expect(logProb[row]).toBeCloseTo(expected[3 * row + (action[row] ?? 0)] ?? Number.NaN, 5);
  });

  test.each([
    [2, 0.2 * Math.log(2)],
    [3, 0.4],
    [10, 1.5],
  ])("era: the floor of %d actions is what was asked for, and is kept and reached", async (n, target) => {
    const head = eraDiscrete({ classes: n, entropy: target });
    expect(head.entropy.target).toBe(target);
    expect(head.entropy.floor).toBeGreaterThanOrEqual(target - 1e-9);
    expect(head.entropy.floor).toBeLessThan(target + 1e-6);
    const random = new Random(3);
    const rows = 2000;
    const raw = Array.from({ length: rows * n }, () => 10 * random.normal());
    for (let i = 0; i < n; i++) raw[i] = i === 1 ? 100 : -100;
    const { entropy } = await run(head, rows, raw, random);
    expect(Math.min(...entropy)).toBeGreaterThanOrEqual(head.entropy.floor ?? Number.NaN);
    expect(entropy[0]).toBeLessThan(target + 1e-3);
  });

  test("baselines promise nothing", () => {
    for (const head of [softmaxHead(2), gaussianHead(2)]) expect(head.entropy).toEqual({ target: null, floor: null });
  });
});

describe("continuous actions", () => {
  test.each([
    ["era", eraContinuous({ actionDim: 2, entropy: { perDim: 0.1, of: "policy" } }), [0.4, -0.2, 0.3, -0.5]],
    ["gaussian", gaussianHead(2), [0.4, -3]],
  ] as const)("%s: the entropy is the mean of −log π over its samples", async (name, head, raw) => {
    const rows = 20_000;
    const { action, logProb, given, entropy, mode } = await run(head, rows, repeated(raw, rows), new Random(4));
    // −log π of two dimensions has a standard deviation of about 1.
    expect(Math.abs(-meanOf(logProb) - (entropy[0] ?? Number.NaN))).toBeLessThan(5 / Math.sqrt(rows));
    for (const i of [0, 1, 2]) expect(given[i]).toBeCloseTo(logProb[i] ?? Number.NaN, 5);
    const isBounded = action.every((a) => Math.abs(a) <= 1);
    expect(isBounded).toBe(name === "era");
    for (const a of mode) expect(Math.abs(a)).toBeLessThanOrEqual(1);
  });
});
