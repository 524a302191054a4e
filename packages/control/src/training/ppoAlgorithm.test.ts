import type { TrainingHooks } from "@era/lab";
import { createRun, resumeRun, runMetrics, UsageError } from "@era/lab";
import { describe, expect, it } from "vitest";
import { type PpoConfig, ppoConfigSchema } from "../agents/ppo.ts";
import { workersFromSources } from "../env/vector/workerProgram.fixture.ts";
import { ppoAlgorithm } from "./ppoAlgorithm.ts";
import { runFolders, traceOf } from "./training.fixture.ts";
import { trainRun } from "./trainRun.ts";

const folder = runFolders();
workersFromSources();

const configOf = (given: Partial<PpoConfig>): PpoConfig => ppoConfigSchema.parse(given);

async function train(dir: string, config: PpoConfig, stop?: number, resume = false) {
  const { run, checkpoint } = resume
    ? resumeRun(dir, { config })
    : { run: createRun({ dir, kind: "ppo", config }), checkpoint: undefined };
  let step = 0;
  const hooks: TrainingHooks = {
    onProgress: (progress) => {
      step = progress.step;
    },
    shouldStop: () => step === stop,
  };
  try {
    return await trainRun(ppoAlgorithm, config, run, checkpoint, hooks);
  } finally {
    run.close();
  }
}

describe("a PPO run", () => {
  it.each([
    ["era", { epochs: 6 }],
    ["softmax", { epochs: 6 }],
  ] as const)("learns to balance a pole with discrete actions and the head %s", async (head, given) => {
    const config = configOf({
      ...{ env: "CartPole-v1", head, steps: 16_384, rolloutSteps: 256, learningRate: 2e-3, ...given },
      ...{ evalEvery: 16_384, evalEpisodes: 3, checkpointEvery: 16_384 },
    });
    const { score, entropy } = await train(folder(`learns ${head}`), config);
    // Random actions stay up for 20 steps.
    expect(score.final).toBeGreaterThan(150);
    if (entropy) expect(entropy.min).toBeGreaterThanOrEqual(entropy.floor);
    expect(entropy === undefined).toBe(head === "softmax");
  });

  it.each(["era", "gaussian"] as const)(
    "learns to balance a pole with continuous actions and the head %s",
    async (head) => {
      const config = configOf({
        ...{ env: "InvertedPendulum-v5", head, steps: 12_288, rolloutSteps: 1024, minibatches: 16, learningRate: 3e-3 },
        ...{ evalEvery: 12_288, evalEpisodes: 3, checkpointEvery: 12_288 },
      });
      const dir = folder(`learns continuous ${head}`);
      const { score, entropy } = await train(dir, config);
      // A policy that does nothing, or anything, stays up for 5 to 30 steps.
      expect(score.final).toBeGreaterThan(200);
      if (head === "era") expect(entropy?.min).toBeGreaterThanOrEqual(entropy?.floor ?? Number.NaN);
      const last = runMetrics({ dir }).findLast((row) => row.metrics["train/updates"] !== undefined);
      expect(last?.metrics).toMatchObject({
        "train/updates": 160,
        "policy/entropy": expect.any(Number),
        "train/kl": expect.any(Number),
        "train/clipFraction": expect.any(Number),
        "speed/stepsPerSecond": expect.any(Number),
      });
    },
  );

  const small = (given: Partial<PpoConfig>) =>
    configOf({
      ...{ hidden: [8], rolloutSteps: 64, minibatches: 4, epochs: 2, learningRate: 3e-3 },
      ...{ evalEvery: 120, evalEpisodes: 1, logEvery: 60, checkpointEvery: 100, ...given },
    });

  it.each([
    ["one copy, ERA", { env: "Hopper-v5", head: "era", steps: 300 }, [70, 203]],
    ["one copy, Gaussian", { env: "InvertedPendulum-v5", head: "gaussian", steps: 300 }, [128, 190]],
    ["three copies in two workers", { env: "Pendulum-v1", head: "era", envs: 3, workers: 2, steps: 900 }, [303, 600]],
    ["discrete actions", { env: "CartPole-v1", head: "softmax", envs: 4, steps: 1200 }, [256, 700]],
  ] satisfies [string, Partial<PpoConfig>, number[]][])(
    "goes on bit by bit after interruptions, within a rollout too: %s",
    async (name, given, stops) => {
      const config = small(given);
      const [whole, parts] = [folder(`whole ${name}`), folder(`parts ${name}`)];
      const summary = await train(whole, config);
      expect(summary).toMatchObject({ status: "finished", steps: config.steps });
      for (const [i, stop] of stops.entries()) {
        expect(await train(parts, config, stop, i > 0)).toMatchObject({ status: "interrupted", steps: stop });
      }
      await train(parts, config, undefined, true);
      expect(traceOf(parts)).toEqual(traceOf(whole));
    },
  );

  it("gives the same numbers whatever the number of workers", async () => {
    const config = small({ env: "Pendulum-v1", envs: 3, steps: 400 });
    const [here, there] = [folder("no worker"), folder("two workers")];
    await train(here, config);
    await train(there, { ...config, workers: 2 });
    expect(traceOf(there)).toEqual(traceOf(here));
  });

  it("lowers its learning rate, and stops an epoch that has moved the policy too far", async () => {
    const dir = folder("schedule");
    await train(dir, small({ env: "Pendulum-v1", steps: 256, targetKl: 1e-9, learningRate: 0.01, logEvery: 1 }));
    const lessons = runMetrics({ dir }).filter((row) => row.metrics["train/updates"] !== undefined);
    expect(lessons.map((row) => row.metrics["train/updates"])).toEqual([4, 4, 4, 4]);
    const rates = lessons.map((row) => Number(row.metrics["train/learningRate"]));
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(0.01 * (1 - i / 4), 8);
  });

  it.each([
    [
      { env: "CartPole-v1", head: "gaussian" },
      /^--head gaussian: CartPole-v1: the actions are discrete; choose --head/,
    ],
    [{ env: "Hopper-v5", head: "softmax" }, /^--head softmax: Hopper-v5: the actions are continuous; choose --head/],
    [{ env: "CartPole-v1", entropy: 0.7 }, /^--entropy 0.7: softmax: entropy is 0.7.* nats; for 2 classes it must lie/],
    [{ env: "Hopper-v5", entropy: 3 }, /^--entropy 3: truncated Gaussian: .*must lie in/],
    [{ env: "Hopper-v5", steps: 2000 }, /^--steps 2000: nothing is learned before the first rollout of 1 · 2048/],
    [{ env: "CartPole-v1", minibatches: 1000 }, /^--minibatches 1000: a rollout has 4 · 128 = 512 steps/],
    [{ env: "Hoper-v5" }, /Hoper-v5/],
  ] satisfies [Partial<PpoConfig>, RegExp][])("refuses %j", (given, message) => {
    let refused: unknown;
    try {
      ppoAlgorithm.check(configOf(given));
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toMatch(message);
    expect((refused as Error).message).not.toContain("\n");
  });

  it("refuses settings that contradict each other", () => {
    expect(() => configOf({ entropyCoefficient: 0.1 })).toThrow(/belongs to the baselines/);
    expect(() => configOf({ head: "gaussian", delta: 1 })).toThrow(/belongs to --head era/);
  });
});
