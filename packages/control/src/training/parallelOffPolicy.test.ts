import { createRun, FailureError, loadLatestCheckpoint, NonFiniteError, openRun, runMetrics } from "@era/lab";
import { exportOnnx, input, mul, type Random, State, sum } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { EnvError } from "../env/env.ts";
import { InProcessVectorEnv } from "../env/vector/inProcess.ts";
import type { NStepBatch } from "../replay/nStepSampler.ts";
import { type ParallelAgent, type ParallelConfig, trainParallel } from "./parallelOffPolicy.ts";
import { PointEnv, runFolders } from "./training.fixture.ts";

const folder = runFolders();

const small: ParallelConfig = {
  steps: 240,
  seed: 1,
  learningStarts: 5,
  updatesPerStep: 1,
  batchSize: 12,
  nStep: 1,
  discount: 0.5,
  bufferSize: 100,
  logEvery: 60,
  evalEvery: 120,
  evalEpisodes: 1,
  checkpointEvery: 60,
};

interface Seen {
  /** Flags of begun episodes, at each step. */
  readonly ended: number[][];
  readonly batches: NStepBatch[];
  readonly updates: { readonly number: number; readonly progress: number }[];
}

/** An agent that pushes the points about at random and looks at what it is given. */
function watcher(): { readonly agent: ParallelAgent; readonly seen: Seen } {
  const seen: Seen = { ended: [], batches: [], updates: [] };
  const state = new State();
  state.variable("weights", 1, [3]);
  const agent: ParallelAgent = {
    state,
    entropyFloor: -1,
    async act(observations, ended, random: Random) {
      seen.ended.push(Array.from(ended));
      const count = observations.length / 2;
      return {
        actions: Float32Array.from({ length: count }, () => 2 * random.uniform() - 1),
        entropies: Float32Array.from({ length: count }, (_, copy) => copy),
      };
    },
    async update(batch, time) {
      const copies = Object.entries(batch).map(([name, values]) => [name, (values as Float32Array).slice()]);
      seen.batches.push(Object.fromEntries(copies) as NStepBatch);
      seen.updates.push(time);
      return { "loss/critic": 1 };
    },
    exportPolicy: () => {
      const observation = input("observation", ["batch", 2]);
      return exportOnnx({ action: mul(sum(observation, -1, true), 0) }, {});
    },
    async dispose() {},
  };
  return { agent, seen };
}

/** Trains on these points. */
async function run(name: string, given: Partial<ParallelConfig>, copies: readonly PointEnv[]) {
  const dir = folder(name);
  const config = { ...small, ...given };
  const { agent, seen } = watcher();
  const [first, ...others] = copies;
  const envs = new InProcessVectorEnv([first ?? new PointEnv(), ...others], "same-step");
  const run = createRun({ dir, kind: "fasttd3", config: { ...config } });
  try {
    const steps = await trainParallel({ agent, envs, evalEnv: new PointEnv(), run }, config, undefined);
    return { dir, steps, seen, rows: runMetrics({ dir }) };
  } finally {
    run.close();
    await envs.close();
  }
}

const points = (count: number, ...faults: ConstructorParameters<typeof PointEnv>[0][]): PointEnv[] =>
  Array.from({ length: count }, (_, copy) => new PointEnv(faults[copy]));

async function failureOf(work: Promise<unknown>): Promise<FailureError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("the loop of parallel off-policy agents", () => {
  it("learns from the transitions that happened, bootstraps from all but terminal states, and knows where episodes begin", async () => {
    const isTerminal = (position: number) => Math.abs(position) > 1;
    const copies = Array.from(
      { length: 4 },
      () => new PointEnv((_, result) => ({ ...result, terminated: isTerminal(result.observation[0] ?? NaN) })),
    );
    const { seen } = await run("transitions", { steps: 400 }, copies);
    const ends = { terminated: 0, others: 0 };
    for (const { observations, actions, rewards, discounts, nextObservations } of seen.batches) {
      for (const [i, reward] of rewards.entries()) {
        const [position = NaN, elapsed = NaN] = observations.subarray(2 * i, 2 * i + 2);
        const [next = NaN, nextElapsed = NaN] = nextObservations.subarray(2 * i, 2 * i + 2);
        expect(next).toBeCloseTo(position + 0.1 * 2 * (actions[i] ?? NaN), 5);
        expect(nextElapsed).toBeCloseTo(elapsed + 1 / 20, 5);
        expect(reward).toBeCloseTo(-Math.abs(next), 5);
        expect(discounts[i]).toBe(isTerminal(next) ? 0 : 0.5);
        ends[isTerminal(next) ? "terminated" : "others"]++;
      }
    }
    expect(Math.min(ends.terminated, ends.others)).toBeGreaterThan(10);
    expect(seen.ended[0]).toEqual([0, 0, 0, 0]);
    expect(seen.ended.flat().filter((flag) => flag === 1).length).toBeGreaterThan(4);
  });

  it("counts the steps of all copies, and does at the next one what was due between two", async () => {
    // Seven copies: 7, 14, …, 98, 105 steps; of the last step two count.
    const { dir, steps, seen, rows } = await run(
      "counts",
      { steps: 100, logEvery: 20, evalEvery: 50, checkpointEvery: 50, updatesPerStep: 2 },
      points(7),
    );
    const stepsOf = (metric: string) => rows.filter(({ metrics }) => metric in metrics).map(({ step }) => step);
    expect(steps).toBe(100);
    expect(stepsOf("policy/entropy")).toEqual([21, 42, 63, 84, 100]);
    expect(stepsOf("eval/return")).toEqual([56, 100]);
    expect(loadLatestCheckpoint(openRun(dir))?.step).toBe(100);
    // 15 steps of all copies, the first five without updates.
    expect(seen.updates.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(seen.updates[0]?.progress).toBeCloseTo(5 / 15, 12);
    expect(seen.updates.at(-1)?.progress).toBeCloseTo(14 / 15, 12);
  });

  it("logs the mean of the episodes that end together, and of the entropies, with the lowest of any copy", async () => {
    const { rows } = await run("metrics", {}, points(3));
    const returns = rows.filter(({ metrics }) => "train/return" in metrics);
    expect(returns.map(({ step, metrics }) => [step, metrics["train/length"]])).toEqual([
      [60, 20],
      [120, 20],
      [180, 20],
      [240, 20],
    ]);
    const line = rows.find(({ metrics }) => "policy/entropy" in metrics)?.metrics;
    expect(line).toMatchObject({ "policy/entropy": 1, "policy/entropyMin": 0, "policy/entropyFloor": -1 });
  });
});

describe("a run with parallel environments stops, its last checkpoint kept,", () => {
  it.each([
    [
      "a NaN in an observation of one copy",
      { observation: Float64Array.of(0, NaN) },
      /^step 123: .*copy 1.*NaN.*; the checkpoint of step 120 is kept$/,
    ],
    ["a reward beyond float32", { reward: 1e39 }, /^reward of copy 1 became Infinity at step 123:/],
  ])("at %s", async (name, change, message) => {
    const broken = (step: number, result: ReturnType<PointEnv["step"]>) =>
      step === 41 ? { ...result, ...change } : result;
    const work = run(name, {}, points(3, undefined, broken));
    expect((await failureOf(work)).message).toMatch(message);
    expect(loadLatestCheckpoint(openRun(folder(name)))?.step).toBe(120);
  });

  it("where a copy gives up, with its own words", async () => {
    const unstable = (step: number, result: ReturnType<PointEnv["step"]>) => {
      if (step === 10) throw new EnvError("Point: the simulation is unstable at step 10: qpos[0] is NaN");
      return result;
    };
    const work = run("unstable", {}, points(2, unstable));
    expect((await failureOf(work)).message).toMatch(/^step 20: .*qpos\[0\] is NaN; no checkpoint was written yet$/);
  });

  it("at a state of the agent that is none, before it would be saved", async () => {
    const dir = folder("state");
    const { agent } = watcher();
    const broken: ParallelAgent = {
      ...agent,
      async update(batch, time, random) {
        if (time.number === 50) agent.state.arrays().weights?.data.fill(NaN as never);
        return agent.update(batch, time, random);
      },
    };
    const envs = new InProcessVectorEnv([new PointEnv(), new PointEnv()], "same-step");
    const run = createRun({ dir, kind: "fasttd3", config: { ...small } });
    const work = trainParallel({ agent: broken, envs, evalEnv: new PointEnv(), run }, small, undefined);
    const error = await failureOf(work.finally(() => run.close()));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error.message).toMatch(/^weights became NaN at step 120:/);
    expect(loadLatestCheckpoint(openRun(dir))?.step).toBe(60);
  });
});
