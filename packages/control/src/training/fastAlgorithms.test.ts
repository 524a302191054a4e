import { readFileSync } from "node:fs";
import { createRun, mean, resumeRun, runMetrics, runPath, UsageError } from "@era/lab";
import { describe, expect, it } from "vitest";
import { makeEnv } from "../env/registry.ts";
import { workersFromSources } from "../env/vector/workerProgram.fixture.ts";
import type { Algorithm, TrainingConfig } from "./algorithm.ts";
import { evaluate, loadPolicy } from "./evaluate.ts";
import { fastSacAlgorithm } from "./fastSacAlgorithm.ts";
import { fastTd3Algorithm } from "./fastTd3Algorithm.ts";
import { evaluationSeed } from "./offPolicy.ts";
import { runFolders, traceOf } from "./training.fixture.ts";
import { trainRun } from "./trainRun.ts";

workersFromSources();
const folder = runFolders();

/** Settings of a run of about a second; 203 steps are no multiple of four copies'. */
const small = {
  env: "InvertedPendulum-v5",
  steps: 203,
  envs: 4,
  batchSize: 24,
  updatesPerStep: 2,
  actorHidden: [16, 12],
  criticHidden: [16, 12],
  atoms: 21,
  valueMin: -10,
  valueMax: 110,
  evalEvery: 100,
  evalEpisodes: 2,
  logEvery: 25,
  checkpointEvery: 60,
  threads: 1,
};

const algorithms: Readonly<Record<string, Algorithm>> = { fastsac: fastSacAlgorithm, fasttd3: fastTd3Algorithm };

/** Trains in a new run folder, or goes on in one that is there; `stop` interrupts after that step. */
async function train(name: string, dir: string, settings: object, stop?: number, resume = false) {
  const algorithm = algorithms[name] as Algorithm;
  const config = algorithm.schema.parse({ ...small, ...settings }) as TrainingConfig & Record<string, unknown>;
  const { run, checkpoint } = resume
    ? resumeRun(dir, { config })
    : { run: createRun({ dir, kind: name, config }), checkpoint: undefined };
  let step = 0;
  try {
    return await trainRun(algorithm, config, run, checkpoint, {
      onProgress: (progress) => {
        step = progress.step;
      },
      shouldStop: () => step === stop,
    });
  } finally {
    run.close();
  }
}

describe("an interrupted run with parallel environments that is resumed ends as the uninterrupted one, bit by bit", () => {
  it.each([
    ["fastsac", "ERA, its environments stepped by two threads", {}, { workers: 2 }],
    [
      "fastsac",
      "maximum entropy, a robot with contacts and buffers that wrap round",
      { env: "Hopper-v5", head: "maxent", nStep: 3, bufferSize: 20 },
      {},
    ],
    [
      "fasttd3",
      "learning rates that fall",
      { nStep: 2, learningStarts: 3, actorLearningRateEnd: 1e-5, twins: "mean", normalizeObservations: false },
      {},
    ],
  ])("%s, %s", async (name, title, settings, ofParts) => {
    const [whole, parts] = [folder(`${name} ${title} whole`), folder(`${name} ${title} parts`)];
    expect(await train(name, whole, settings)).toMatchObject({ status: "finished", steps: 203 });
    // Before the first update, and between two checkpoints.
    await train(name, parts, { ...settings, ...ofParts }, 8);
    const interrupted = await train(name, parts, { ...settings, ...ofParts }, 136, true);
    expect(interrupted).toMatchObject({ status: "interrupted", steps: 136 });
    await train(name, parts, { ...settings, ...ofParts }, undefined, true);
    expect(traceOf(parts)).toEqual(traceOf(whole));
  });
});

describe("a run on InvertedPendulum-v5", () => {
  const learning = {
    steps: 1600,
    envs: 8,
    batchSize: 128,
    updatesPerStep: 4,
    policyDelay: 2,
    actorHidden: [32, 32],
    criticHidden: [64, 64],
    atoms: 51,
    actorLearningRate: 2e-3,
    criticLearningRate: 2e-3,
    weightDecay: 0.001,
    evalEvery: 800,
    evalEpisodes: 3,
    logEvery: 1000,
    checkpointEvery: 800,
  };

  it.each([
    ["fastsac", { head: "era" }],
    ["fastsac", { head: "maxent" }],
    ["fasttd3", {}],
  ])("learns to balance with %s %j", async (name, settings) => {
    const dir = folder(`learns ${name} ${JSON.stringify(settings)}`);
    const summary = await train(name, dir, { ...learning, ...settings });
    // Random actions hold it for about five steps.
    expect(summary.score.final).toBeGreaterThan(30);
  });

  it("leaves its metrics, with entropies that keep the certified floor, and the policy that was evaluated last", async () => {
    const dir = folder("metrics");
    const settings = { entropyOf: "policy", entropy: 0.1, steps: 400, logEvery: 100 };
    const summary = await train("fastsac", dir, settings);
    const rows = runMetrics({ dir });
    const of = (name: string) => rows.flatMap(({ step, metrics }) => (name in metrics ? [[step, metrics[name]]] : []));
    for (const name of ["policy/entropy", "policy/entropyMin", "policy/entropyFloor", "loss/critic", "loss/actor"]) {
      expect(
        of(name).map(([step]) => step),
        name,
      ).toEqual([100, 200, 300, 400]);
    }
    const { floor, target, min } = summary.entropy ?? { floor: NaN, target: NaN, min: NaN };
    expect(target).toBeCloseTo(0.1, 12);
    expect(floor).toBeGreaterThanOrEqual(0.1);
    for (const [, entropy] of of("policy/entropyMin")) expect(entropy).toBeGreaterThanOrEqual(floor);
    expect(min).toBe(of("policy/entropyMin").at(-1)?.[1]);

    const env = await makeEnv(small.env);
    const policy = await loadPolicy(readFileSync(runPath({ dir }, "policy.onnx")), env);
    const { returns } = await evaluate(env, policy.act, small.evalEpisodes, evaluationSeed(1));
    await policy.dispose();
    env.close();
    expect(mean(returns)).toBe(summary.score.final);
  });
});

describe("settings that cannot be", () => {
  it.each([
    ["fastsac", { entropy: 2 }, /^--entropy 2: .* must lie in/],
    [
      "fastsac",
      { head: "maxent", targetEntropy: 1 },
      /^--target-entropy 1: .* of 1 squashed actions is at most 0\.\d+ nats$/,
    ],
    ["fasttd3", { env: "CartPole-v1" }, /^--env CartPole-v1: it has 2 discrete actions/],
    ["fasttd3", { env: "Hoper-v5" }, /^unknown environment "Hoper-v5"; did you mean Hopper-v5\?/],
  ])("%s %j", (name, given, message) => {
    const algorithm = algorithms[name] as Algorithm;
    const config = algorithm.schema.parse({ ...small, ...given }) as TrainingConfig;
    expect(() => algorithm.check(config)).toThrow(UsageError);
    expect(() => algorithm.check(config)).toThrow(message);
  });

  it.each([
    ["fastsac", { valueMin: 110 }, /must be below --value-max/],
    ["fastsac", { envs: 25 }, /at least --envs/],
    ["fastsac", { logStdMin: 1 }, /must be below --log-std-max/],
    ["fasttd3", { noiseMin: 0.5 }, /must not be above --noise-max/],
  ])("together: %s %j", (name, given, message) => {
    expect(() => algorithms[name]?.schema.parse({ ...small, ...given })).toThrow(message);
  });
});
