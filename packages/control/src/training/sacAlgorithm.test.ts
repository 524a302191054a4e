import { existsSync, readFileSync } from "node:fs";
import { mean, runMetrics, runPath, runSummary, UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import type { SacConfig } from "../agents/sac.ts";
import { makeEnv } from "../env/registry.ts";
import { evaluate, loadPolicy } from "./evaluate.ts";
import { evaluationSeed } from "./offPolicy.ts";
import { sacAlgorithm } from "./sacAlgorithm.ts";
import { runFolders, smallConfig, traceOf, train } from "./training.fixture.ts";

const folder = runFolders();

/** Mean return of uniformly random actions. */
async function randomReturn(id: string): Promise<number> {
  const env = await makeEnv(id);
  const random = new Random(1);
  const { returns } = await evaluate(env, async () => Float32Array.of(2 * random.uniform() - 1), 50, 1);
  env.close();
  return mean(returns);
}

describe("a run of SAC on InvertedPendulum-v5", () => {
  const config = smallConfig({
    steps: 800,
    hidden: [32, 32],
    batchSize: 64,
    startSteps: 100,
    tau: 0.02,
    evalEvery: 400,
    evalEpisodes: 5,
    logEvery: 200,
    checkpointEvery: 400,
  });

  it.each(["era", "maxent", "clamped"] as const)("learns to balance with the head %s", async (head) => {
    const summary = await train(folder(head), { ...config, head });
    expect(summary.status).toBe("finished");
    // Random actions hold it for about five steps; seeds 1 to 3 of all heads hold it for more than forty.
    expect(summary.score.final).toBeGreaterThan(5 * (await randomReturn(config.env)));
  });

  it("leaves its metrics, with entropies that keep the floor, and the policy that was evaluated last", async () => {
    const dir = folder("era");
    const rows = runMetrics({ dir });
    const of = (name: string) => rows.flatMap(({ step, metrics }) => (name in metrics ? [[step, metrics[name]]] : []));
    const steps = (name: string) => of(name).map(([step]) => step);
    expect(steps("eval/return")).toEqual([400, 800]);
    for (const name of ["policy/entropy", "policy/entropyMin", "loss/critic", "loss/actor", "train/value"]) {
      expect(steps(name), name).toEqual([200, 400, 600, 800]);
    }
    expect(steps("train/return").length).toBeGreaterThan(20);

    const summary = runSummary({ dir });
    const checked = sacAlgorithm.check(config);
    const { floor, target, min } = summary?.entropy ?? { floor: NaN, target: NaN, min: NaN };
    expect({ floor, target }).toEqual({ floor: checked.floor, target: checked.target });
    for (const [, entropy] of [...of("policy/entropy"), ...of("policy/entropyMin")]) {
      expect(entropy).toBeGreaterThanOrEqual(floor - 1e-6);
    }
    expect(min).toBe(of("policy/entropyMin").at(-1)?.[1]);
    expect(existsSync(runPath({ dir }, "report.html"))).toBe(true);

    const env = await makeEnv(config.env);
    const policy = await loadPolicy(readFileSync(runPath({ dir }, "policy.onnx")), env);
    const { returns } = await evaluate(env, policy.act, config.evalEpisodes, evaluationSeed(config.seed));
    await policy.dispose();
    env.close();
    expect(mean(returns)).toBe(summary?.score.final);
  });

  it("is decided by its seed", async () => {
    const short: SacConfig = { ...config, steps: 150 };
    await train(folder("first"), short);
    await train(folder("again"), short);
    await train(folder("other"), { ...short, seed: 2 });
    expect(traceOf(folder("again"))).toEqual(traceOf(folder("first")));
    expect(traceOf(folder("other")).metrics).not.toEqual(traceOf(folder("first")).metrics);
  });
});

describe("settings that cannot be", () => {
  const refusal = (given: Partial<SacConfig>): UsageError => {
    try {
      sacAlgorithm.check(smallConfig(given));
    } catch (error) {
      if (error instanceof UsageError) return error;
    }
    throw new Error("it was not refused");
  };

  it.each([
    [
      { env: "InvertedPendulm-v5" },
      /^unknown environment "InvertedPendulm-v5"; did you mean InvertedPendulum-v5\? All \d+: npx era envs$/,
    ],
    [{ entropy: 2 }, /^--entropy 2: .* must lie in \[-6\.581, 1\.4189\]$/],
    [{ entropy: 0.7, entropyOf: "policy" }, /^--entropy 0\.7: .* must lie in \[/],
    [{ head: "maxent", targetEntropy: 1 }, /^--target-entropy 1: .* of 1 squashed actions is at most 0\.\d+ nats$/],
  ] satisfies [Partial<SacConfig>, RegExp][])("%j", (given, message) => {
    expect(refusal(given).message).toMatch(message);
  });
});
