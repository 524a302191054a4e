import { createRun, loadLatestCheckpoint, openRun, runMetrics } from "@era/lab";
import { State } from "@era/tensor";
import { describe, expect, it } from "vitest";
import type { StepResult } from "../env/env.ts";
import { InProcessVectorEnv } from "../env/vector/inProcess.ts";
import { ObservationNormalizer } from "../rollout/normalization.ts";
import type { Rollout } from "../rollout/rollout.ts";
import { initialMoments, RunningMoments } from "../rollout/runningMoments.ts";
import { type OnPolicyAgent, trainOnPolicy } from "./onPolicy.ts";
import { PointEnv, runFolders } from "./training.fixture.ts";

const folder = runFolders();

/** Trains an agent that learns nothing on two points, whose episodes are cut after 20 steps, and keeps its rollouts. */
async function train(
  name: string,
  {
    agent = {},
    fault,
  }: { agent?: Partial<OnPolicyAgent>; fault?: (step: number, result: StepResult) => StepResult } = {},
) {
  const rollouts: Rollout[] = [];
  const whole: OnPolicyAgent = {
    ...{ entropyFloor: null, actionSize: 1, state: new State(), exportPolicy: () => new Uint8Array() },
    act: async (observations) =>
      Float32Array.from({ length: observations.length / 2 }, (_, copy) => (copy === 0 ? 5 : -0.5)),
    learn: async (rollout) => {
      rollouts.push(structuredClone(rollout));
      return { entropy: Float32Array.of(1, 3), measurements: { "train/progress": rollouts.length } };
    },
    entropy: async ({ observations }) => new Float32Array(observations.length / 2).fill(0.5),
    dispose: async () => {},
    ...agent,
  };
  const config = {
    steps: 90,
    seed: 1,
    rolloutSteps: 16,
    logEvery: 1,
    evalEvery: 1000,
    evalEpisodes: 1,
    checkpointEvery: 30,
  };
  const dir = folder(name);
  const run = createRun({ dir, kind: "ppo", config });
  const env = new InProcessVectorEnv([new PointEnv(fault), new PointEnv()], "same-step");
  // Every run ends with an evaluation, which these do not reach.
  let step = 0;
  const hooks = {
    onProgress: (progress: { step: number }) => {
      step = progress.step;
    },
    shouldStop: () => step === 88,
  };
  try {
    await trainOnPolicy({ agent: whole, env, evalEnv: new PointEnv(), run }, config, undefined, hooks);
  } finally {
    run.close();
  }
  return { dir, rollouts };
}

describe("a rollout", () => {
  it("goes from each observation to what its action led to: at an episode's end to the last one, not the next one's first", async () => {
    const { rollouts } = await train("rollout");
    expect(rollouts).toHaveLength(2);
    const row = (values: Float32Array | undefined, at: number) => [...(values ?? []).slice(2 * at, 2 * at + 2)];
    const [first, second] = rollouts;
    for (let at = 0; at < 30; at++) expect(row(first?.nextObservations, at)).toEqual(row(first?.observations, at + 2));
    // The second rollout begins at step 17; step 20 is its fourth.
    for (const copy of [0, 1]) {
      expect([...(second?.truncated ?? [])].flatMap((flag, at) => (flag ? [at] : []))).toEqual([6, 7]);
      const at = 3 * 2 + copy;
      expect(row(second?.nextObservations, at)[1]).toBe(1);
      expect(row(second?.observations, at + 2)[1]).toBe(0);
    }
    expect(second?.terminated.every((flag) => flag === 0)).toBe(true);
  });

  it("keeps actions as they were drawn; the environment gets them clipped and in its units", async () => {
    const { rollouts } = await train("actions");
    expect(rollouts[0]?.actions.slice(0, 2)).toEqual(Float32Array.of(5, -0.5));
    const position = (at: number) => rollouts[0]?.observations[2 * at] ?? Number.NaN;
    // The point moves by a tenth of its action, which lies within ±2.
    expect(position(2) - position(0)).toBeCloseTo(0.2, 5);
    expect(position(3) - position(1)).toBeCloseTo(-0.1, 5);
  });

  it("holds observations as the agent saw them", async () => {
    const moments = new RunningMoments(initialMoments(2));
    const acted: number[] = [];
    const { rollouts } = await train("normalized", {
      agent: {
        observationNormalizer: new ObservationNormalizer(moments),
        act: async (observations) => {
          acted.push(...observations);
          return new Float32Array(2);
        },
      },
    });
    expect([...(rollouts[0]?.observations ?? [])]).toEqual(acted.slice(0, 64));
    // 44 steps and 2 resets of each of 2 copies, and the first observations.
    expect(moments.count[0]).toBeCloseTo(2 * (44 + 1 + 2), 3);
  });
});

describe("a run", () => {
  it("logs means of what was learned and the lowest entropy of any state so far", async () => {
    const { dir } = await train("metrics");
    const lessons = runMetrics({ dir }).filter(({ metrics }) => metrics["train/progress"] !== undefined);
    expect(lessons.map(({ step }) => step)).toEqual([32, 64]);
    expect(lessons[1]?.metrics).toMatchObject({ "train/progress": 2, "policy/entropy": 2, "policy/entropyMin": 1 });
    const returns = runMetrics({ dir }).filter(({ metrics }) => metrics["train/return"] !== undefined);
    expect(returns.map(({ step, metrics }) => [step, metrics["train/length"]])).toEqual([
      [40, 20],
      [40, 20],
      [80, 20],
      [80, 20],
    ]);
  });

  it.each([
    ["a NaN in an observation", { observation: Float64Array.of(Number.NaN, 0) }, "observation[0] is NaN at step 18"],
    ["an infinite reward", { reward: Number.POSITIVE_INFINITY }, "reward is Infinity at step 18"],
  ])("stops at %s, named, and keeps the last checkpoint", async (name, broken, message) => {
    const fault = (step: number, result: StepResult) => (step === 38 ? { ...result, ...broken } : result);
    await expect(train(name, { fault })).rejects.toMatchObject({
      name: "FailureError",
      message: expect.stringContaining(`Point, copy 0: ${message}`),
    });
    await expect(train(`${name} again`, { fault })).rejects.toThrow(/; the checkpoint of step 60 is kept$/);
    expect(loadLatestCheckpoint(openRun(folder(`${name} again`)))?.step).toBe(60);
  });
});
