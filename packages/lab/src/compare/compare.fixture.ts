/** Run folders as training leaves them, with scores that a test decides. */
import { createRun } from "../run.ts";
import { runMetrics } from "../runFolder.ts";
import { summarize } from "../summary.ts";

export interface RunOf {
  readonly dir: string;
  readonly kind?: string;
  readonly task?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Evaluations, evenly over the steps that were done. */
  readonly scores: readonly number[];
  readonly status?: "finished" | "interrupted" | "failed";
}

/** Makes a run folder that looks like a real one: config.json, metrics.jsonl, summary.json. */
export function makeRun(given: RunOf): string {
  const { dir, kind = "sac", task = "Hopper-v5", seed = 1, steps = 1000, settings = {}, scores } = given;
  const config = {
    env: task,
    steps,
    seed,
    head: "era",
    entropyOf: "gaussian",
    hidden: [64, 64],
    threads: 1,
    ...settings,
  };
  const run = createRun({ dir, kind, config });
  const done = given.status === "interrupted" ? steps / 2 : steps;
  for (const [i, score] of scores.entries()) run.log(((i + 1) * done) / scores.length, { "eval/return": score });
  const { status = "finished" } = given;
  run.writeSummary(summarize(runMetrics(run), { kind, status, score: "eval/return" }));
  run.close();
  return dir;
}
