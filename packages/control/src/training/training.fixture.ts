/** What the tests of training share: small runs in a temporary folder, and an environment whose steps a test decides. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainingHooks } from "@era/lab";
import {
  createRun,
  loadLatestCheckpoint,
  openRun,
  reproducibleMetrics,
  resumeRun,
  runMetrics,
  runPath,
  type Summary,
} from "@era/lab";
import { Random } from "@era/tensor";
import { afterAll } from "vitest";
import { createSac, type SacConfig, sacConfigSchema } from "../agents/sac.ts";
import { Box } from "../env/box.ts";
import type { Env, ResetResult, StepResult } from "../env/env.ts";
import type { ReplayBatch } from "../replay/replayBatch.ts";
import { type OffPolicyAgent, trainOffPolicy } from "./offPolicy.ts";
import { sacAlgorithm } from "./sacAlgorithm.ts";
import { trainRun } from "./trainRun.ts";

/** Settings of a run of about a second. */
export const smallConfig = (given: Partial<SacConfig> = {}): SacConfig =>
  sacConfigSchema.parse({
    env: "InvertedPendulum-v5",
    steps: 300,
    hidden: [16, 16],
    batchSize: 16,
    startSteps: 40,
    updatesPerStep: 1,
    actorLearningRate: 3e-3,
    criticLearningRate: 3e-3,
    evalEvery: 100,
    evalEpisodes: 2,
    logEvery: 25,
    checkpointEvery: 60,
    threads: 1,
    ...given,
  });

/** A temporary folder for this file's tests: a function from a run's name to its path. */
export function runFolders(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "era-training-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name) => join(folder, name);
}

/** Trains in a new run folder, or goes on in one that is there. */
export async function train(
  dir: string,
  config: SacConfig,
  hooks: TrainingHooks = {},
  resume = false,
): Promise<Summary> {
  const { run, checkpoint } = resume
    ? resumeRun(dir, { config })
    : { run: createRun({ dir, kind: "sac", config }), checkpoint: undefined };
  try {
    return await trainRun(sacAlgorithm, config, run, checkpoint, hooks);
  } finally {
    run.close();
  }
}

/** Everything of a run that must not depend on interruptions. */
export function traceOf(dir: string) {
  const checkpoint = loadLatestCheckpoint(openRun(dir));
  // How the replay log is cut into segments depends on where checkpoints were written; what they hold does not.
  const { replay: _, ...loop } = JSON.parse(checkpoint?.metadata.get("era.loop") ?? "{}");
  return {
    metrics: runMetrics({ dir }).map(reproducibleMetrics),
    step: checkpoint?.step,
    tensors: checkpoint?.tensors,
    loop,
    policy: readFileSync(runPath({ dir }, "policy.onnx")),
  };
}

/** What {@link PointEnv}'s test changes of a step's result. */
type Fault = (step: number, result: StepResult) => StepResult;

/** A point that is pushed along a line towards 0; episodes are truncated after 20 steps. */
export class PointEnv implements Env {
  readonly id = "Point";
  readonly observationSpace = Box.unbounded(2);
  readonly actionSpace = Box.uniform("float32", 1, -2, 2);
  readonly #fault: Fault;
  #random = new Random(0);
  #position = 0;
  #elapsed = 0;
  #steps = 0;

  constructor(fault: Fault = (_, result) => result) {
    this.#fault = fault;
  }

  get unwrapped(): Env {
    return this;
  }

  reset({ seed }: { seed?: number } = {}): ResetResult {
    if (seed !== undefined) this.#random = new Random(seed);
    this.#position = this.#random.normal();
    this.#elapsed = 0;
    return { observation: this.#observe(), info: {} };
  }

  step(action: ArrayLike<number>): StepResult {
    this.#position += 0.1 * (action[0] ?? 0);
    this.#elapsed++;
    this.#steps++;
    const observation = this.#observe();
    const reward = -Math.abs(this.#position);
    return this.#fault(this.#steps, {
      observation,
      reward,
      terminated: false,
      truncated: this.#elapsed === 20,
      info: {},
    });
  }

  saveState(): Float64Array {
    return Float64Array.from([this.#position, this.#elapsed, this.#steps, ...this.#random.state]);
  }

  restoreState(state: Float64Array): void {
    const [position = 0, elapsed = 0, steps = 0, ...random] = state;
    [this.#position, this.#elapsed, this.#steps] = [position, elapsed, steps];
    this.#random = new Random(random);
  }

  close(): void {}

  #observe(): Float64Array {
    return Float64Array.from([this.#position, this.#elapsed / 20]);
  }
}

interface OwnParts {
  readonly env?: Env;
  readonly evalEnv?: Env;
  /** Sees every batch that the agent learns from. */
  readonly onBatch?: (batch: ReplayBatch) => void;
}

/** Trains on the given environments instead of one by name; returns the step reached. */
export async function trainOn(
  dir: string,
  config: SacConfig,
  { env = new PointEnv(), evalEnv = new PointEnv(), onBatch = () => {} }: OwnParts = {},
  hooks: TrainingHooks = {},
): Promise<number> {
  const sac = await createSac(config, { observationSize: 2, actionSize: 1 }, new Random(config.seed));
  const agent: OffPolicyAgent = {
    ...sac,
    update(batch, random) {
      onBatch(batch);
      return sac.update(batch, random);
    },
  };
  const run = createRun({ dir, kind: "sac", config });
  try {
    return await trainOffPolicy({ agent, env, evalEnv, run }, config, undefined, hooks);
  } finally {
    run.close();
    await sac.dispose();
  }
}
