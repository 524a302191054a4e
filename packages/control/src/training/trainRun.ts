import {
  type Checkpoint,
  CheckpointError,
  FailureError,
  type Run,
  runMetrics,
  runPath,
  type Summary,
  summarize,
  writeFileAtomic,
  writeReport,
} from "@era/lab";
import { type Algorithm, entropyMetric, scoreMetric, type TrainingConfig, type TrainingHooks } from "./algorithm.ts";

/**
 * Trains in a run folder, from a checkpoint where one is given, and leaves `policy.onnx`, `summary.json` and `report.html` there.
 * @throws as the algorithm's `check` and `train`; where training fails, the summary says "failed" and why, unless it is a
 *   CheckpointError: nothing was trained
 */
export async function trainRun<Config extends TrainingConfig>(
  algorithm: Algorithm<Config>,
  config: Config,
  run: Run,
  checkpoint?: Checkpoint,
  hooks: TrainingHooks = {},
): Promise<Summary> {
  const { target, floor } = algorithm.check(config);
  const entropy = target !== null && floor !== null ? { metric: entropyMetric, target, floor } : undefined;
  const finish = async (outcome: Pick<Summary, "status" | "error"> & { steps?: number }): Promise<Summary> => {
    const judged = { kind: algorithm.name, score: scoreMetric, ...(entropy && { entropy }) };
    const summary = { ...summarize(runMetrics(run), { ...judged, status: outcome.status }), ...outcome };
    run.writeSummary(summary);
    await writeReport(run);
    return summary;
  };
  const learner = await algorithm.open(config);
  try {
    const steps = await learner.train(run, checkpoint, hooks);
    writeFileAtomic(runPath(run, "policy.onnx"), learner.exportPolicy());
    return await finish({ status: steps < config.steps ? "interrupted" : "finished", steps });
  } catch (error) {
    if (error instanceof FailureError && !(error instanceof CheckpointError)) {
      await finish({ status: "failed", error: error.message });
    }
    throw error;
  } finally {
    await learner.dispose();
  }
}
