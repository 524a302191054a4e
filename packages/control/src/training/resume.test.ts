import { describe, expect, it } from "vitest";
import type { SacConfig } from "../agents/sac.ts";
import { runFolders, smallConfig, traceOf, train } from "./training.fixture.ts";

const folder = runFolders();

/** Trains with interruptions after the given steps, each followed by a new session. */
async function trainInterrupted(dir: string, config: SacConfig, stops: readonly number[]): Promise<void> {
  for (const [session, stop] of [...stops, undefined].entries()) {
    let step = 0;
    const summary = await train(
      dir,
      config,
      {
        onProgress: (progress) => {
          step = progress.step;
        },
        shouldStop: () => step === stop,
      },
      session > 0,
    );
    expect(summary.status).toBe(stop === undefined ? "finished" : "interrupted");
    expect(summary.steps).toBe(stop ?? config.steps);
  }
}

/** While actions are random, at the first update, right after, where metrics are logged, behind a checkpoint and before one, at the end. */
const everywhere = [7, 41, 42, 100, 181, 239, 299];
const some = [7, 42, 181, 239];

describe("an interrupted run that is resumed ends as the uninterrupted one, bit by bit", () => {
  it.each([
    ["ERA", {}, everywhere],
    ["maximum entropy", { head: "maxent", updatesPerStep: 2 }, some],
    ["clamped deviations", { head: "clamped" }, some],
    ["a replay buffer that wraps round", { bufferSize: 50, batchSize: 24 }, some],
    ["two threads", { threads: 2, hidden: [96, 96], batchSize: 128, startSteps: 200 }, some],
    ["a buffer smaller than what comes between two checkpoints", { bufferSize: 20, checkpointEvery: 90 }, some],
    ["certified entropy on a robot with contacts", { env: "Hopper-v5", entropy: 0.1, entropyOf: "policy" }, some],
  ] satisfies [string, Partial<SacConfig>, number[]][])("with %s", async (name, given, stops) => {
    const config = smallConfig(given);
    const [uninterrupted, interrupted] = [folder(`${name}, uninterrupted`), folder(`${name}, interrupted`)];
    await train(uninterrupted, config);
    await trainInterrupted(interrupted, config, stops);
    expect(traceOf(interrupted)).toEqual(traceOf(uninterrupted));
  });

  it("whatever the distance of its checkpoints", async () => {
    const config = smallConfig({ steps: 120 });
    await train(folder("seldom"), { ...config, checkpointEvery: 1000 });
    await trainInterrupted(folder("always"), { ...config, checkpointEvery: 1 }, [60]);
    const [seldom, always] = [traceOf(folder("seldom")), traceOf(folder("always"))];
    expect(always.metrics).toEqual(seldom.metrics);
    expect(always.tensors).toEqual(seldom.tensors);
    expect(always.policy).toEqual(seldom.policy);
  });
});

describe("a finished run", () => {
  it("goes on with a larger budget", async () => {
    const config = smallConfig({ steps: 100 });
    const dir = folder("longer");
    await train(dir, config);
    const summary = await train(dir, { ...config, steps: 150 }, {}, true);
    expect(summary).toMatchObject({ status: "finished", steps: 150 });
    await train(folder("at once"), { ...config, steps: 150 });
    // Step 100 was the last once and so was measured; what was learned is the same.
    expect(traceOf(dir).tensors).toEqual(traceOf(folder("at once")).tensors);
    expect(traceOf(dir).policy).toEqual(traceOf(folder("at once")).policy);
  });

  it("changes nothing that it has measured where its budget is used up", async () => {
    const config = smallConfig({ steps: 100 });
    const dir = folder("done");
    const summary = await train(dir, config);
    const before = traceOf(dir);
    expect(await train(dir, config, {}, true)).toEqual(summary);
    expect(traceOf(dir)).toEqual(before);
  });
});
