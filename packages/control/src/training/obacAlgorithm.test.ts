import { readFileSync } from "node:fs";
import { createRun, mean, resumeRun, runMetrics, runPath, runSummary } from "@era/lab";
import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { type ObacConfig, obacConfigSchema } from "../agents/obac.ts";
import { makeEnv } from "../env/registry.ts";
import { evaluate, loadPolicy } from "./evaluate.ts";
import { obacAlgorithm } from "./obacAlgorithm.ts";
import { evaluationSeed } from "./offPolicy.ts";
import { runFolders, traceOf } from "./training.fixture.ts";
import { trainRun } from "./trainRun.ts";

const folder = runFolders();

const small = (given: Partial<ObacConfig> = {}): ObacConfig =>
  obacConfigSchema.parse({
    env: "InvertedPendulum-v5",
    steps: 150,
    hidden: [16, 16],
    batchSize: 16,
    startSteps: 40,
    learningRate: 3e-3,
    evalEvery: 75,
    evalEpisodes: 2,
    logEvery: 25,
    checkpointEvery: 60,
    threads: 1,
    ...given,
  });

async function train(dir: string, config: ObacConfig, stop?: number, resume = false) {
  const { run, checkpoint } = resume
    ? resumeRun(dir, { config })
    : { run: createRun({ dir, kind: "obac", config }), checkpoint: undefined };
  let step = 0;
  try {
    return await trainRun(obacAlgorithm, config, run, checkpoint, {
      onProgress: (progress) => {
        step = progress.step;
      },
      shouldStop: () => step === stop,
    });
  } finally {
    run.close();
  }
}

describe.each(["era", "maxent"] as const)("a run of OBAC with the head %s", (head) => {
  it("goes on after interruptions bit by bit", async () => {
    const config = small({ head, bufferSize: 100 });
    const [whole, parts] = [folder(`${head} whole`), folder(`${head} parts`)];
    await train(whole, config);
    await train(parts, config, 41);
    await train(parts, config, 97, true);
    expect(await train(parts, config, undefined, true)).toMatchObject({ status: "finished", steps: 150 });
    expect(traceOf(parts)).toEqual(traceOf(whole));
  });

  it("learns to balance InvertedPendulum-v5, keeps its floor and exports the policy that was evaluated", async () => {
    const config = small({
      head,
      steps: 1000,
      hidden: [32, 32],
      batchSize: 64,
      startSteps: 100,
      tau: 0.02,
      evalEvery: 500,
      evalEpisodes: 5,
    });
    const dir = folder(`${head} learns`);
    const summary = await train(dir, config);
    const env = await makeEnv(config.env);
    const random = new Random(1);
    const atRandom = await evaluate(env, async () => Float32Array.of(2 * random.uniform() - 1), 50, 1);
    expect(summary.score.final).toBeGreaterThan(5 * mean(atRandom.returns));

    const policy = await loadPolicy(readFileSync(runPath({ dir }, "policy.onnx")), env);
    const { returns } = await evaluate(env, policy.act, config.evalEpisodes, evaluationSeed(config.seed));
    await policy.dispose();
    env.close();
    expect(mean(returns)).toBe(summary.score.final);

    const rows = runMetrics({ dir });
    const values = (name: string) => rows.flatMap(({ metrics }) => metrics[name] ?? []);
    expect(new Set(values("train/cloning").map((share) => share >= 0 && share <= 1))).toEqual(new Set([true]));
    expect(values("train/temperature").length > 0).toBe(head === "maxent");
    const { floor, min } = runSummary({ dir })?.entropy ?? { floor: null, min: Number.NaN };
    expect(floor).toBe(obacAlgorithm.check(config).floor);
    if (floor !== null) expect(min).toBeGreaterThanOrEqual(floor - 1e-6);
  });
});

describe("settings that OBAC refuses", () => {
  it.each([
    [{ entropy: 2 }, /^--entropy 2: .* must lie in \[/],
    [{ head: "maxent", targetEntropy: 1 }, /^--target-entropy 1: .* is at most 0\.\d+ nats$/],
    [{ env: "Hoper-v5" }, /^unknown environment "Hoper-v5"; did you mean Hopper-v5\?/],
  ] satisfies [Partial<ObacConfig>, RegExp][])("%j", (given, message) => {
    expect(() => obacAlgorithm.check(small(given))).toThrow(message);
  });

  it("a temperature without its head, or constant and learned at once", () => {
    expect(() => small({ temperature: 0.2 })).toThrow(/belongs to --head maxent/);
    expect(() => small({ head: "maxent", temperature: 0.2, targetEntropy: -1 })).toThrow(/not both/);
    expect(() => small({ expectile: 1 })).toThrow(/expectile/);
  });
});
