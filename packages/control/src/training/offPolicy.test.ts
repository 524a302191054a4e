import type { TrainingProgress as Progress } from "@era/lab";
import { loadLatestCheckpoint, openRun, runMetrics } from "@era/lab";
import { describe, expect, it } from "vitest";
import type { SacConfig } from "../agents/sac.ts";
import type { ReplayBatch } from "../replay/replayBatch.ts";
import { PointEnv, runFolders, smallConfig, trainOn } from "./training.fixture.ts";

const folder = runFolders();

async function run(name: string, given: Partial<SacConfig>, envs: Parameters<typeof trainOn>[2] = {}) {
  const dir = folder(name);
  const seen: Progress[] = [];
  const steps = await trainOn(dir, smallConfig({ steps: 100, ...given }), envs, {
    onProgress: (progress) => seen.push(progress),
  });
  const rows = runMetrics({ dir });
  const stepsOf = (metric: string) => rows.filter(({ metrics }) => metric in metrics).map(({ step }) => step);
  return { dir, steps, seen, rows, stepsOf };
}

/** Counts what is asked of an environment. */
class CountingEnv extends PointEnv {
  steps = 0;
  resets: (number | undefined)[] = [];
  override step(action: ArrayLike<number>) {
    this.steps++;
    return super.step(action);
  }
  override reset(options: { seed?: number } = {}) {
    this.resets.push(options.seed);
    return super.reset(options);
  }
}

describe("the off-policy loop", () => {
  it("steps and seeds each environment as often as it must", async () => {
    const [env, evalEnv] = [new CountingEnv(), new CountingEnv()];
    await run("counts", { steps: 65, seed: 5, evalEvery: 30, evalEpisodes: 2 }, { env, evalEnv });
    expect(env.steps).toBe(65);
    // Episodes of 20 steps; only the first is seeded, the others go on with its random numbers.
    expect(env.resets).toEqual([5, undefined, undefined, undefined]);
    // Every evaluation meets the same starts, which training does not see: after steps 30, 60 and the last.
    expect(evalEnv.resets).toEqual([1_000_005, 1_000_006, 1_000_005, 1_000_006, 1_000_005, 1_000_006]);
    expect(evalEnv.steps).toBe(6 * 20);
  });

  it("scales actions to the space's bounds", async () => {
    const actions: number[] = [];
    class Watched extends PointEnv {
      override step(action: ArrayLike<number>) {
        actions.push(action[0] ?? NaN);
        return super.step(action);
      }
    }
    await run("scale", { steps: 40, startSteps: 40, evalEvery: 40 }, { env: new Watched() });
    expect(Math.max(...actions.map(Math.abs))).toBeLessThanOrEqual(2);
    expect(Math.max(...actions)).toBeGreaterThan(1.5);
    expect(Math.min(...actions)).toBeLessThan(-1.5);
  });

  it("shows the latest episode's return until the first evaluation, then that of evaluations", async () => {
    const { seen, rows } = await run("progress", { steps: 65, evalEvery: 50, startSteps: 60 });
    const returns = rows.flatMap(({ metrics }) => metrics["train/return"] ?? []);
    const evaluated = rows.find(({ metrics }) => "eval/return" in metrics)?.metrics["eval/return"];
    const shown = (step: number) => seen[step - 1]?.score;
    expect([shown(19), shown(20), shown(39), shown(40)]).toEqual([undefined, returns[0], returns[0], returns[1]]);
    expect([shown(50), shown(60), shown(64)]).toEqual([evaluated, evaluated, evaluated]);
    expect(seen[59]?.entropy).toBeUndefined();
    expect(seen[60]?.entropy).toBeTypeOf("number");
  });

  it("evaluates, logs and saves at the end where the intervals are longer than the run", async () => {
    const { dir, stepsOf } = await run("long intervals", { evalEvery: 1000, logEvery: 1000, checkpointEvery: 1000 });
    expect(stepsOf("eval/return")).toEqual([100]);
    expect(stepsOf("loss/critic")).toEqual([100]);
    expect(loadLatestCheckpoint(openRun(dir))?.step).toBe(100);
  });

  it("only plays at random where the run is shorter than its start", async () => {
    const { steps, stepsOf, seen } = await run("random", { startSteps: 1000 });
    expect(steps).toBe(100);
    expect(stepsOf("loss/critic")).toEqual([]);
    expect(stepsOf("policy/entropyMin")).toEqual([]);
    expect(stepsOf("eval/return")).toEqual([100]);
    expect(seen.every(({ entropy }) => entropy === undefined)).toBe(true);
  });

  it("acts without learning where there are no updates", async () => {
    const start = loadedParameters((await run("start", { steps: 1, updatesPerStep: 0 })).dir);
    const { dir, stepsOf } = await run("no updates", { updatesPerStep: 0 });
    expect(stepsOf("loss/critic")).toEqual([]);
    expect(stepsOf("policy/entropyMin")).toEqual([50, 75, 100]);
    expect(loadedParameters(dir)).toEqual(start);
  });

  it("learns from a buffer smaller than a batch, and from one that holds a single transition", async () => {
    expect((await run("small buffer", { bufferSize: 5, batchSize: 16 })).stepsOf("loss/critic")).toEqual([50, 75, 100]);
    expect((await run("one transition", { bufferSize: 1, batchSize: 2 })).stepsOf("loss/critic")).toEqual([
      50, 75, 100,
    ]);
  });

  it("learns from the transitions that happened, and bootstraps from all but terminal states", async () => {
    const isTerminal = (position: number) => Math.abs(position) > 1;
    const env = new PointEnv((_, result) => ({ ...result, terminated: isTerminal(result.observation[0] ?? NaN) }));
    let terminal = 0;
    const onBatch = ({ observations, actions, rewards, masks, nextObservations }: ReplayBatch) => {
      for (const [i, mask] of masks.entries()) {
        const [position = NaN, elapsed = NaN] = observations.subarray(2 * i, 2 * i + 2);
        const [next = NaN, nextElapsed = NaN] = nextObservations.subarray(2 * i, 2 * i + 2);
        expect(next).toBeCloseTo(position + 0.1 * 2 * (actions[i] ?? NaN), 5);
        expect(nextElapsed).toBeCloseTo(elapsed + 1 / 20, 5);
        expect(rewards[i]).toBeCloseTo(-Math.abs(next), 5);
        expect(mask).toBe(isTerminal(next) ? 0 : 1);
        terminal += 1 - mask;
      }
    };
    await run("transitions", { steps: 150, startSteps: 60 }, { env, onBatch });
    expect(terminal).toBeGreaterThan(20);
  });

  it("hears a signal while actions are random", async () => {
    let asked = false;
    const config = smallConfig({ steps: 100_000, startSteps: 100_000, evalEvery: 100_000, checkpointEvery: 100_000 });
    const hooks = {
      onProgress: ({ step }: Progress) => {
        if (step === 1) {
          setTimeout(() => {
            asked = true;
          });
        }
      },
      shouldStop: () => asked,
    };
    const steps = await trainOn(folder("signal"), config, {}, hooks);
    expect(steps).toBeLessThan(100_000);
    expect(loadLatestCheckpoint(openRun(folder("signal")))?.step).toBe(steps);
  });
});

function loadedParameters(dir: string) {
  const tensors = loadLatestCheckpoint(openRun(dir))?.tensors;
  return [...(tensors ?? [])].filter(([name]) => /^(actor|critics|targets)\./.test(name));
}
