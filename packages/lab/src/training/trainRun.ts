import { type Checkpoint, CheckpointError } from "../checkpoint.ts";
import { FailureError } from "../errors.ts";
import { writeReport } from "../report/report.ts";
import type { Run } from "../run.ts";
import { runMetrics, runPath } from "../runFolder.ts";
import { type Summary, summarize } from "../summary.ts";
import type { Algorithm, TrainingConfig, TrainingHooks } from "./algorithm.ts";

/**
 * Trains in a run folder, from a checkpoint where one is given, and leaves the model, `summary.json` and `report.html` there.
 * @throws as the algorithm's `check` and `train`; where training fails, the summary says "failed" and why, unless it is a
 *   CheckpointError: nothing was trained
 */
export async function trainRun<Config extends TrainingConfig>(
  algorithm: Pick<Algorithm<Config>, "name" | "domain" | "check" | "open">,
  config: Config,
  run: Run,
  checkpoint?: Checkpoint,
  hooks: TrainingHooks = {},
): Promise<Summary> {
  const { name, domain } = algorithm;
  const { target, floor } = await algorithm.check(config);
  const entropy = target !== null && floor !== null ? { metric: domain.entropy.metric, target, floor } : undefined;
  const finish = async (outcome: Pick<Summary, "status" | "error"> & { steps?: number }): Promise<Summary> => {
    const judged = { kind: name, score: domain.score.metric, ...(entropy && { entropy }) };
    const summary = { ...summarize(runMetrics(run), { ...judged, status: outcome.status }), ...outcome };
    run.writeSummary(summary);
    await writeReport(run);
    return summary;
  };
  const learner = await algorithm.open(config);
  try {
    const steps = await learner.train(run, checkpoint, hooks);
    await learner.writeModel(runPath(run, domain.modelFile));
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
