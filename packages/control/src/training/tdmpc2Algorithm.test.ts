import { readFileSync } from "node:fs";
import { createRun, mean, resumeRun, runMetrics, runPath } from "@era/lab";
import { describe, expect, it } from "vitest";
import { type Tdmpc2Config, tdmpc2ConfigSchema } from "../agents/tdmpc2/config.ts";
import { makeEnv } from "../env/registry.ts";
import { evaluate, loadPolicy } from "./evaluate.ts";
import { evaluationSeed } from "./offPolicy.ts";
import { tdmpc2Algorithm } from "./tdmpc2Algorithm.ts";
import { runFolders, traceOf } from "./training.fixture.ts";
import { trainRun } from "./trainRun.ts";

const folder = runFolders();

const small = (given: Partial<Tdmpc2Config> = {}): Tdmpc2Config =>
  tdmpc2ConfigSchema.parse({
    env: "InvertedPendulum-v5",
    steps: 60,
    startSteps: 30,
    latent: 16,
    encoder: 16,
    hidden: 16,
    bins: 21,
    horizon: 2,
    samples: 16,
    priorSamples: 4,
    elites: 6,
    iterations: 2,
    critics: 2,
    batchSize: 8,
    bufferSize: 60,
    learningRate: 3e-3,
    evalEvery: 30,
    evalEpisodes: 1,
    logEvery: 15,
    checkpointEvery: 25,
    threads: 1,
    ...given,
  });

/** Trains until the watcher was told of something `stop` times. */
async function train(dir: string, config: Tdmpc2Config, stop?: number, resume = false) {
  const { run, checkpoint } = resume
    ? resumeRun(dir, { config })
    : { run: createRun({ dir, kind: "tdmpc2", config }), checkpoint: undefined };
  let seen = 0;
  try {
    return await trainRun(tdmpc2Algorithm, config, run, checkpoint, {
      onProgress: () => {
        seen++;
      },
      shouldStop: () => seen === stop,
    });
  } finally {
    run.close();
  }
}

describe("a TD-MPC2 run", () => {
  // Counted in what the watcher sees of a session: its steps, and each of the first updates between steps 30 and 31.
  it.each([
    ["era", "at the last random step, twice among the first updates, between two planned steps", [30, 7, 8, 20]],
    ["baseline", "among the first updates", [33]],
  ] as const)("with the head %s goes on after interruptions bit by bit: %s", async (head, _, stops) => {
    const config = small({ head });
    const [whole, parts] = [folder(`${head} whole`), folder(`${head} parts`)];
    expect(await train(whole, config)).toMatchObject({ status: "finished", steps: 60 });
    for (const [session, stop] of stops.entries()) {
      const { status, steps } = await train(parts, config, stop, session > 0);
      expect({ status, steps }).toEqual({ status: "interrupted", steps: session < 3 ? 30 : 35 });
    }
    await train(parts, config, undefined, true);
    expect(traceOf(parts)).toEqual(traceOf(whole));
    const plan = traceOf(whole).tensors?.get("plan.mean");
    expect(plan?.data.some((value) => value !== 0)).toBe(true);
  });

  it.each(["era", "baseline"] as const)(
    "with the head %s learns to balance by planning, keeps its floor, and says what its prior alone reaches",
    async (head) => {
      const config = small({
        head,
        steps: 450,
        startSteps: 400,
        latent: 32,
        encoder: 32,
        hidden: 48,
        samples: 48,
        batchSize: 32,
        bufferSize: 1000,
        learningRate: 1e-3,
        evalEvery: 450,
        evalEpisodes: 3,
        logEvery: 450,
      });
      const dir = folder(`${head} learns`);
      const summary = await train(dir, config);
      // Random actions hold it for five steps or so; seeds 1 and 2 of both heads for more than thirty.
      expect(summary.score.final).toBeGreaterThan(25);
      const rows = runMetrics({ dir });
      const last = (name: string) => rows.flatMap(({ metrics }) => metrics[name] ?? []).at(-1) ?? Number.NaN;
      const env = await makeEnv(config.env);
      const policy = await loadPolicy(readFileSync(runPath({ dir }, "policy.onnx")), env);
      const { returns } = await evaluate(env, policy.act, config.evalEpisodes, evaluationSeed(config.seed));
      await policy.dispose();
      env.close();
      expect(last("eval/policyReturn")).toBe(mean(returns));
      const { floor } = tdmpc2Algorithm.check(config);
      expect(floor === null).toBe(head === "baseline");
      for (const name of ["policy/entropyMin", "train/entropyMin"]) {
        expect(last(name), name).toBeGreaterThanOrEqual((floor ?? Number.NEGATIVE_INFINITY) - 1e-6);
      }
    },
  );

  it("stops at a terminal state that it was told there is none of", async () => {
    await expect(train(folder("not episodic"), small({ episodic: false }))).rejects.toThrow(/train with --episodic/);
  });

  it("refuses what no policy has, and settings that contradict each other", () => {
    expect(() => tdmpc2Algorithm.check(small({ entropy: 5 }))).toThrow(/^--entropy 5: .*must lie in/);
    expect(() => small({ head: "baseline", logStdMax: -11 })).toThrow(/the smallest log deviation, -10, must be below/);
    expect(() => small({ latent: 20 })).toThrow(/multiple of --sim-norm-group/);
    expect(() => small({ elites: 17 })).toThrow(/at most --samples/);
  });
});
