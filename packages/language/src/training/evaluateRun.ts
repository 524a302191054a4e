import { existsSync } from "node:fs";
import { join } from "node:path";
import { FailureError, openRun, UsageError } from "@era/lab";
import { runModelFolder } from "../readModel.ts";
import { loadReward } from "../rewards/reward.ts";
import { type Evaluation, evaluateModel } from "./evaluateModel.ts";
import { grpoAlgorithm } from "./grpoAlgorithm.ts";
import { openMaterial } from "./material.ts";
import { sftAlgorithm } from "./sftAlgorithm.ts";
import { TrainedModel } from "./trainedModel.ts";

export interface EvaluateRunOptions {
  /** Held-out problems, no more than the run's own evaluations have, and as many if left out; and responses to each. */
  readonly problems?: number | undefined;
  readonly samples?: number | undefined;
  readonly temperature?: number | undefined;
  readonly threads?: number | undefined;
}

/** Whether a run's `kind` is one of a language model. */
export const isLanguageRun = (kind: string): boolean => kind === sftAlgorithm.name || kind === grpoAlgorithm.name;

/**
 * Evaluates the model that a run has left on held-out problems of what it was trained on.
 * @throws UsageError where it is no run of a language model, or more problems are asked for than were held out; FailureError where it has left no
 *   model yet
 */
export async function evaluateRun(dir: string, options: EvaluateRunOptions = {}): Promise<Evaluation> {
  const { record } = openRun(dir);
  if (!isLanguageRun(record.kind)) throw new UsageError(`${dir} is a run of "${record.kind}", not of a language model`);
  if (!existsSync(join(dir, runModelFolder))) {
    throw new FailureError(`${dir} has no ${runModelFolder} yet: write it with: era export ${dir}`);
  }
  const algorithm = record.kind === sftAlgorithm.name ? sftAlgorithm : grpoAlgorithm;
  const config = await algorithm.settings(record.config, {});
  const { problems = config.evalProblems, samples = config.evalSamples, threads = config.threads } = options;
  // What comes after these the run has trained on.
  if (problems > config.evalProblems && config.evalData === undefined) {
    throw new UsageError(
      `--problems ${problems}: ${dir} has held out only ${config.evalProblems} problems; the others it was trained on`,
    );
  }
  const material = await openMaterial({ ...config, model: dir, evalProblems: problems });
  const { reward = material.reward } = config as { reward?: string };
  const session = threads > 0 ? { threads } : {};
  const model = new TrainedModel(material.model, { rows: config.generationRows, ...session });
  try {
    return await evaluateModel(model, {
      problems: material.heldOut,
      samples,
      temperature: options.temperature ?? config.evalTemperature,
      maxNewTokens: material.maxNewTokens,
      reward: await loadReward(reward),
    });
  } finally {
    await model.dispose();
  }
}
