/** A whole SAC run: environments, agent, loop, and what the run leaves behind. */
import {
  type Checkpoint,
  CheckpointError,
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
import type { Head } from "../agents/heads.ts";
import { createSac, type SacConfig, sacHead } from "../agents/sac.ts";
import { makeEnv } from "../env/registry.ts";
import { environmentSpec } from "./environmentSpec.ts";
import { type TrainingHooks, trainOffPolicy } from "./offPolicy.ts";

/** Metrics that a run is judged by. */
export const scoreMetric = "eval/return";
export const entropyMetric = "policy/entropyMin";

/**
 * Checks the settings against the environment before anything is written: its existence, and whether a policy has the entropy asked for.
 * @returns the entropy asked for and guaranteed, in nats over all action dimensions
 * @throws UsageError naming the setting and what is allowed
 */
export function checkSac(config: SacConfig): Head["entropy"] {
  const { actionSpace } = environmentSpec(config.env);
  try {
    return sacHead(config, actionSpace.low.length).entropy;
  } catch (error) {
    const flag = config.head === "maxent" ? `--target-entropy ${config.targetEntropy}` : `--entropy ${config.entropy}`;
    throw new UsageError(`${flag}: ${(error as Error).message}`);
  }
}

/**
 * Trains SAC in a run folder, from a checkpoint where one is given, and leaves `policy.onnx`, `summary.json` and `report.html` there.
 * @throws as {@link trainOffPolicy}; the summary then says "failed" and why, unless it is a CheckpointError: nothing was trained
 */
export async function trainSac(
  config: SacConfig,
  run: Run,
  checkpoint: Checkpoint | undefined,
  hooks: TrainingHooks = {},
): Promise<Summary> {
  const { observationSpace, actionSpace } = environmentSpec(config.env);
  const sizes = { observationSize: observationSpace.low.length, actionSize: actionSpace.low.length };
  // The networks' initial values come from a stream of their own: the loop's random numbers do not depend on their sizes.
  const agent = await createSac(config, sizes, new Random(config.seed).fork());
  const env = await makeEnv(config.env);
  const evalEnv = await makeEnv(config.env);
  const finish = async (outcome: Pick<Summary, "status" | "error"> & { steps?: number }): Promise<Summary> => {
    const { target, floor } = agent.head.entropy;
    const entropy = target !== null && floor !== null ? { metric: entropyMetric, target, floor } : undefined;
    const judged = { kind: "sac", score: scoreMetric, ...(entropy && { entropy }) };
    const summary = { ...summarize(runMetrics(run), { ...judged, status: outcome.status }), ...outcome };
    run.writeSummary(summary);
    await writeReport(run);
    return summary;
  };
  try {
    const steps = await trainOffPolicy({ agent, env, evalEnv, run }, config, checkpoint, hooks);
    writeFileAtomic(runPath(run, "policy.onnx"), agent.exportPolicy());
    return await finish({ status: steps < config.steps ? "interrupted" : "finished", steps });
  } catch (error) {
    if (error instanceof FailureError && !(error instanceof CheckpointError)) {
      await finish({ status: "failed", error: error.message });
    }
    throw error;
  } finally {
    env.close();
    evalEnv.close();
    await agent.dispose();
  }
}
