import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type Checkpoint, readLatestCheckpoint } from "./checkpoint.ts";
import { FailureError, UsageError } from "./errors.ts";
import { type MetricsRow, readMetrics } from "./metrics.ts";
import { provenanceSchema } from "./provenance.ts";
import { type Summary, summarySchema } from "./summary.ts";

/** The files (of language models: the folder `model`) of a run folder that have a fixed name. */
export type RunFile =
  | "config.json"
  | "metrics.jsonl"
  | "summary.json"
  | "policy.onnx"
  | "model.onnx"
  | "model"
  | "report.html";

const recordSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  /** What was trained: the word after `era train`. */
  kind: z.string(),
  /** Every setting, defaults included. */
  config: z.record(z.string(), z.unknown()),
  /** The first start and every resumption, each with the step it began at. */
  sessions: z.array(provenanceSchema.extend({ fromStep: z.int().nonnegative() })).min(1),
});

/** The content of config.json. */
export type RunRecord = z.infer<typeof recordSchema>;

/** A run folder to look at; nothing in it is touched. */
export interface RunFolder {
  readonly dir: string;
  readonly record: RunRecord;
}

/** The path of a file in a run folder. */
export function runPath(run: { readonly dir: string }, file: RunFile | (string & {})): string {
  return join(run.dir, file);
}

/**
 * Reads a run folder's config.json.
 *
 * @throws UsageError if there is none; FailureError if it is damaged.
 */
export function openRun(dir: string): RunFolder {
  const path = runPath({ dir }, "config.json");
  if (!existsSync(path)) throw new UsageError(`${dir} is not a run folder: it has no config.json`);
  try {
    return { dir, record: recordSchema.parse(JSON.parse(readFileSync(path, "utf8"))) };
  } catch (error) {
    throw new FailureError(`${path} is damaged, or not the config of a run`, { cause: error });
  }
}

/** A run's metrics so far, empty before the first. Throws FailureError where a line is damaged. */
export function runMetrics(run: { readonly dir: string }): MetricsRow[] {
  const path = runPath(run, "metrics.jsonl");
  return existsSync(path) ? readMetrics(path) : [];
}

/** A run's summary, undefined while there is none. Throws FailureError where it is damaged. */
export function runSummary(run: { readonly dir: string }): Summary | undefined {
  const path = runPath(run, "summary.json");
  if (!existsSync(path)) return undefined;
  try {
    return summarySchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new FailureError(`${path} is damaged, or not the summary of a run`, { cause: error });
  }
}

/** A run's newest checkpoint, verified; undefined where none was written. Throws CheckpointError. */
export function loadLatestCheckpoint(run: RunFolder): Checkpoint | undefined {
  return readLatestCheckpoint(run.dir, run.record.id)?.checkpoint;
}
