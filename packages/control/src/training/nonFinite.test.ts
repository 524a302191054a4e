import { FailureError, loadLatestCheckpoint, NonFiniteError, openRun, runMetrics, runSummary } from "@era/lab";
import { describe, expect, it } from "vitest";
import type { SacConfig } from "../agents/sac.ts";
import { EnvError, type StepResult } from "../env/env.ts";
import { PointEnv, runFolders, smallConfig, train, trainOn } from "./training.fixture.ts";

const folder = runFolders();

async function failureOf(work: Promise<unknown>): Promise<FailureError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** The run's newest checkpoint, which must load and hold finite numbers only (an environment's state may have its own meaning of NaN). */
function savedStep(dir: string): number | undefined {
  const checkpoint = loadLatestCheckpoint(openRun(dir));
  for (const [name, { data }] of checkpoint?.tensors ?? []) {
    if (name === "loop.environment") continue;
    for (const value of data) expect(Number.isFinite(Number(value)), name).toBe(true);
  }
  return checkpoint?.step;
}

/** An environment that is broken from step 57 on. */
const broken = (change: (result: StepResult) => Partial<StepResult>) =>
  new PointEnv((step, result) => (step >= 57 ? { ...result, ...change(result) } : result));

const config = smallConfig({ steps: 100, checkpointEvery: 25, evalEvery: 100 });

describe("a run stops at the first number of an environment that is none, and names it", () => {
  it.each([
    ["a NaN in an observation", { observation: Float64Array.of(0, NaN) }, "observation[1]", "NaN"],
    ["an infinite observation", { observation: Float64Array.of(-Infinity, 0) }, "observation[0]", "-Infinity"],
    ["an observation beyond float32", { observation: Float64Array.of(1e39, 0) }, "observation[0]", "Infinity"],
    ["a NaN as reward", { reward: NaN }, "reward", "NaN"],
    ["an infinite reward", { reward: Infinity }, "reward", "Infinity"],
    ["a reward beyond float32", { reward: -1e39 }, "reward", "-Infinity"],
  ] as const)("%s", async (name, change, quantity, value) => {
    const dir = folder(name);
    const error = await failureOf(trainOn(dir, config, { env: broken(() => change) }));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error.message).toBe(
      `${quantity} became ${value} at step 57: the run stops here, and its last checkpoint is untouched`,
    );
    expect(savedStep(dir)).toBe(50);
    expect(Math.max(...runMetrics({ dir }).map(({ step }) => step))).toBeLessThan(57);
  });

  it("in the observation that an episode begins with", async () => {
    class Broken extends PointEnv {
      override reset(options: { seed?: number } = {}) {
        const result = super.reset(options);
        return options.seed === undefined ? { ...result, observation: Float64Array.of(NaN, 0) } : result;
      }
    }
    const error = await failureOf(trainOn(folder("reset"), config, { env: new Broken() }));
    expect(error.message).toMatch(/^observation\[0\] became NaN at step 20:/);
  });

  it("or at an observation of another length than the observation space's", async () => {
    const env = broken(() => ({ observation: Float64Array.of(0, 0, 0) }));
    const error = await failureOf(trainOn(folder("shape"), config, { env }));
    expect(error.message).toBe(
      "step 57: Point: the observation has 3 elements; it must have 2, as the observation space says; the checkpoint of step 50 is kept",
    );
    expect(savedStep(folder("shape"))).toBe(50);
  });

  it("in an evaluation, whose return is none then", async () => {
    const evalEnv = new PointEnv((_, result) => ({ ...result, reward: NaN }));
    const error = await failureOf(trainOn(folder("evaluation"), config, { evalEnv }));
    expect(error.message).toMatch(/^eval\/return became NaN at step 100:/);
    expect(savedStep(folder("evaluation"))).toBe(75);
  });

  it("or where the simulation gives up, with its own words", async () => {
    const env = new PointEnv((step, result) => {
      if (step === 57) throw new EnvError("Point: the simulation is unstable at step 17: qpos[0] is NaN");
      return result;
    });
    const error = await failureOf(trainOn(folder("unstable"), config, { env }));
    expect(error.message).toBe(
      "step 57: Point: the simulation is unstable at step 17: qpos[0] is NaN; the checkpoint of step 50 is kept",
    );
    expect(savedStep(folder("unstable"))).toBe(50);
  });
});

describe("a run stops where learning diverges", () => {
  // A decay that multiplies the parameters by −3e16 at every step leaves float32 after two.
  const diverging: SacConfig = { ...config, env: "InvertedPendulum-v5", criticWeightDecay: 1e19 };

  it("names the loss and the step, and says so in the summary", async () => {
    const dir = folder("loss");
    const error = await failureOf(train(dir, { ...diverging, checkpointEvery: 20 }));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error.message).toMatch(
      /^(loss|gradient)\/\w+ became -?(NaN|Infinity) at step 4\d: the run stops here, and its last checkpoint is untouched$/,
    );
    expect(runSummary({ dir })).toMatchObject({ status: "failed", error: error.message });
    expect(savedStep(dir)).toBe(40);
  });

  it("never saves a state that it could not go on from", async () => {
    const dir = folder("state");
    const error = await failureOf(train(dir, { ...diverging, checkpointEvery: 1 }));
    expect(error).toBeInstanceOf(NonFiniteError);
    const { step } = error as NonFiniteError;
    expect(savedStep(dir)).toBe(step - 1);
  });
});
