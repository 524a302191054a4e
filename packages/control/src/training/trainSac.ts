/** A whole SAC run: environments, agent, loop, and what the run leaves behind. */
import {
  type Checkpoint,
  FailureError,
  type Run,
  runMetrics,
  runPath,
  type Summary,
  summarize,
  UsageError,
  writeFileAtomic,
  writeReport,
} from "@era/lab";
import { Random } from "@era/tensor";
import { createSac, type SacConfig, sacHead } from "../agents/sac.ts";
import { type Env, EnvError } from "../env/env.ts";
import { makeEnv } from "../env/registry.ts";
import { type TrainingHooks, trainOffPolicy } from "./offPolicy.ts";

/** Metrics that a run is judged by. */
export const scoreMetric = "eval/return";
export const entropyMetric = "policy/entropyMin";

/**
 * Checks the settings against the environment before anything is written: its existence, and whether a policy has the entropy asked for.
 * @returns the entropy asked for and guaranteed, in nats over all action dimensions
 * @throws UsageError naming the setting and what is allowed
 */
export async function checkSac(config: SacConfig): Promise<{ target: number | null; floor: number | null }> {
  const env = await openEnv(config.env);
  const actionSize = env.actionSpace.low.length;
  env.close();
  try {
    return sacHead(config, actionSize).entropy;
  } catch (error) {
    throw new UsageError(`--entropy ${config.entropy}: ${(error as Error).message}`);
  }
}

async function openEnv(id: string): Promise<Env> {
  try {
    return await makeEnv(id);
  } catch (error) {
    if (error instanceof EnvError) throw new UsageError(`--env: ${error.message}`);
    throw error;
  }
}

/**
 * Trains SAC in a run folder, from a checkpoint where one is given, and leaves `policy.onnx`, `summary.json` and `report.html` there.
 * @throws as {@link trainOffPolicy}; the summary then says "failed" and why
 */
export async function trainSac(
  config: SacConfig,
  run: Run,
  checkpoint: Checkpoint | undefined,
  hooks: TrainingHooks = {},
): Promise<Summary> {
  const env = await openEnv(config.env);
  const evalEnv = await openEnv(config.env);
  const sizes = { observationSize: env.observationSpace.low.length, actionSize: env.actionSpace.low.length };
  // The networks' initial values come from a stream of their own: the loop's random numbers do not depend on their sizes.
  const agent = await createSac(config, sizes, new Random(config.seed).fork());
  const finish = async (status: Summary["status"], error?: string): Promise<Summary> => {
    const { target, floor } = agent.head.entropy;
    const entropy = target !== null && floor !== null ? { metric: entropyMetric, target, floor } : undefined;
    const summary = summarize(runMetrics(run), {
      kind: "sac",
      status,
      score: scoreMetric,
      ...(error !== undefined && { error }),
      ...(entropy && { entropy }),
    });
    run.writeSummary(summary);
    await writeReport(run);
    return summary;
  };
  try {
    const status = await trainOffPolicy({ agent, env, evalEnv, run }, config, checkpoint, hooks);
    writeFileAtomic(runPath(run, "policy.onnx"), agent.exportPolicy());
    return await finish(status);
  } catch (error) {
    if (error instanceof FailureError) await finish("failed", error.message);
    throw error;
  } finally {
    env.close();
    evalEnv.close();
  }
}
