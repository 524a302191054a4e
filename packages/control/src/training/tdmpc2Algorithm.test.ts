import { createRun, resumeRun } from "@era/lab";
import { describe, expect, it } from "vitest";
import { type Tdmpc2Config, tdmpc2ConfigSchema } from "../agents/tdmpc2/config.ts";
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

/** Trains until the watcher was told of something `stop` times, each step and each of the first updates. */
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
  it.each(["era", "baseline"] as const)(
    "with the head %s goes on after an interruption bit by bit, its plan too",
    async (head) => {
      const config = small({ head });
      const [whole, parts] = [folder(`${head} whole`), folder(`${head} parts`)];
      const summary = await train(whole, config);
      expect(summary).toMatchObject({ status: "finished", steps: 60 });
      // At the last random step, twice among the first updates, and between two planned steps.
      expect(await train(parts, config, 30)).toMatchObject({ steps: 30 });
      expect(await train(parts, config, 7, true)).toMatchObject({ steps: 30 });
      expect(await train(parts, config, 8, true)).toMatchObject({ status: "interrupted", steps: 30 });
      expect(await train(parts, config, 20, true)).toMatchObject({ steps: 35 });
      await train(parts, config, undefined, true);
      expect(traceOf(parts)).toEqual(traceOf(whole));
      expect(
        traceOf(whole)
          .tensors?.get("plan.mean")
          ?.data.some((value) => value !== 0),
      ).toBe(true);
    },
  );

  it("stops at a terminal state that it was told there is none of", async () => {
    await expect(train(folder("not episodic"), small({ episodic: false }))).rejects.toThrow(/train with --episodic/);
  });

  it("refuses what no policy has, and settings that contradict each other", () => {
    expect(() => tdmpc2Algorithm.check(small({ entropy: 5 }))).toThrow(/^--entropy 5: .*must lie in/);
    expect(() => small({ latent: 20 })).toThrow(/multiple of --sim-norm-group/);
    expect(() => small({ elites: 17 })).toThrow(/at most --samples/);
  });
});
