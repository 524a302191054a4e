/** How well a model does on held-out problems. */
import { Random } from "@era/tensor";
import { passAtK } from "../evaluation/passAtK.ts";
import type { Reward } from "../rewards/reward.ts";
import type { TrainingProblem } from "../tasks/task.ts";
import { type Response, sampledEntropy, sampleResponses } from "./responses.ts";
import type { TrainedModel } from "./trainedModel.ts";

export interface EvaluationOptions {
  readonly problems: readonly TrainingProblem[];
  /** Responses to each problem. */
  readonly samples: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
  readonly reward: Reward;
}

export interface Evaluation {
  /** By name, as they are logged. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly accuracy: number;
  readonly responses: readonly Response[];
}

/** Random numbers of evaluations: the same at every one, so that what changes is the model. */
const seed = 7_3939;

/**
 * Samples responses and counts those that are right (a reward of 1). `eval/accuracy` is the share of right responses (avg@k, an unbiased pass@1),
 * `eval/pass@k` the share of problems with a right one among their k, by the unbiased estimator for k below the number of samples.
 * Responses whose reward throws count nowhere.
 */
export async function evaluateModel(
  model: TrainedModel,
  { problems, samples, temperature, maxNewTokens, reward }: EvaluationOptions,
): Promise<Evaluation> {
  const random = new Random(seed);
  const responses = await sampleResponses(model, problems, samples, { reward, random, temperature, maxNewTokens });
  const judged = problems.map((_, i) =>
    responses.slice(i * samples, (i + 1) * samples).flatMap(({ reward }) => (reward === undefined ? [] : [reward])),
  );
  const asked = judged.filter((rewards) => rewards.length > 0);
  const right = asked.map((rewards) => rewards.filter((value) => value >= 1).length);
  const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const metrics: Record<string, number> = {};
  const accuracy = mean(asked.map((rewards, i) => (right[i] ?? 0) / rewards.length));
  if (asked.length > 0) metrics["eval/accuracy"] = accuracy;
  for (let k = 2; k <= samples; k *= 2) {
    const enough = asked.map((rewards, i) => ({ n: rewards.length, c: right[i] ?? 0 })).filter(({ n }) => n >= k);
    if (enough.length > 0) metrics[`eval/pass@${k}`] = mean(enough.map(({ n, c }) => passAtK(n, c, k)));
  }
  metrics["eval/entropy"] = sampledEntropy(responses);
  metrics["eval/length"] = mean(responses.map(({ response }) => response.length));
  const errors = responses.filter(({ reward }) => reward === undefined).length;
  if (errors > 0) metrics["eval/rewardErrors"] = errors;
  return { metrics, accuracy, responses };
}
