/** What an evaluation's records say together. */
import { bootstrap, type Estimate, mean } from "@era/lab";
import { passAtK } from "./passAtK.ts";
import type { ProblemRecord } from "./records.ts";

export interface LanguageEvaluation {
  /** Problems with at least one scored response. */
  readonly problems: number;
  readonly skipped: number;
  /** Prompts that were cut to fit. */
  readonly truncated: number;
  readonly responses: number;
  /** Responses whose reward threw: they count nowhere. */
  readonly errors: number;
  /**
   * The mean reward of a response (avg@n; of one greedy response each: the accuracy, where rewards are 0 and 1), with its 95 % interval over problems.
   */
  readonly score: Estimate;
  /** Of each k, the share of problems with a right response (a reward of at least 1) among k, over problems with at least k scored responses. */
  readonly passAtK: Readonly<Record<number, Estimate>>;
  /** Mean entropy of the next token's distribution over all tokens of responses, in nats. */
  readonly entropy: number;
  /** Mean tokens of a response. */
  readonly length: number;
  /** Share of responses that were cut: by the limit of tokens or the context. */
  readonly cut: number;
  readonly tokens: number;
}

/** @param ks what pass@k is computed of; those above the number of scored responses of every problem are left out */
export function summarizeRecords(records: readonly ProblemRecord[], ks: readonly number[]): LanguageEvaluation {
  const all = records.flatMap(({ samples }) => samples);
  const scores = records
    .map(({ samples }) => samples.flatMap(({ score }) => (score === null ? [] : [score])))
    .filter((own) => own.length > 0);
  const tokens = all.reduce((sum, { tokens }) => sum + tokens, 0);
  const passed = ks.flatMap((k) => {
    const enough = scores.filter((own) => own.length >= k);
    if (enough.length === 0) return [];
    const each = enough.map((own) => passAtK(own.length, own.filter((score) => score >= 1).length, k));
    return [[k, share(each)] as const];
  });
  return {
    problems: scores.length,
    skipped: records.filter(({ prompt }) => prompt === "skipped").length,
    truncated: records.filter(({ prompt }) => prompt === "truncated").length,
    responses: all.length,
    errors: all.filter(({ score }) => score === null).length,
    score: share(scores.map(mean)),
    passAtK: Object.fromEntries(passed),
    entropy: all.reduce((sum, sample) => sum + sample.entropy * sample.tokens, 0) / tokens,
    length: tokens / all.length,
    cut: all.filter(({ end }) => end !== "stop").length / all.length,
    tokens,
  };
}

/**
 * The mean with its 95 % bootstrap interval; where all problems are right or all are wrong, resamples are so too and show no uncertainty, and the
 * interval is Clopper and Pearson's (1934).
 */
function share(each: readonly number[]): Estimate {
  const least = 0.025 ** (1 / each.length);
  if (each.length > 0 && each.every((one) => one === 0)) return { value: 0, low: 0, high: 1 - least };
  if (each.length > 0 && each.every((one) => one === 1)) return { value: 1, low: least, high: 1 };
  return bootstrap(each, mean);
}
