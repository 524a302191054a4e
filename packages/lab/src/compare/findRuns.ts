import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { FailureError, UsageError } from "../errors.ts";
import { type CurvePoint, metricCurve } from "../report/curve.ts";
import { openRun, runMetrics, runSummary } from "../runFolder.ts";
import type { Summary } from "../summary.ts";

/** A run as a repetition of an experiment. */
export interface FoundRun {
  readonly dir: string;
  /** The algorithm. */
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** What it was trained on: the environment, the data, the task of generated problems. */
  readonly task: string;
  readonly seed: unknown;
  /** Steps that it was to train for. */
  readonly budget: number;
  /** "running" where there is no summary. */
  readonly status: Summary["status"] | "running";
  /** The metric that it is judged by; undefined before the first summary. */
  readonly metric: string | undefined;
  /** That metric's measurements, by `metric` or, before the first summary, by the given one. */
  curve(metric: string): CurvePoint[];
  /** Revision of the code that began it. */
  readonly revision: string | undefined;
}

/**
 * All runs in the given folders, each a run folder itself or one that holds some at any depth.
 *
 * @throws UsageError where a folder is missing or holds none; FailureError where a run's files are damaged
 */
export function findRuns(paths: readonly string[]): FoundRun[] {
  const folders = new Map<string, string>();
  for (const path of paths) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new UsageError(`${path}: there is no such folder`);
    }
    const found = runFolders(path);
    if (found.length === 0) throw new UsageError(`${path} holds no run: no folder in it has a config.json`);
    for (const dir of found) if (!folders.has(realpathSync(dir))) folders.set(realpathSync(dir), dir);
  }
  return [...folders.values()].map(readRun);
}

/** The run folders at a path, at any depth; itself where it is one. */
export function runFolders(path: string): string[] {
  if (existsSync(join(path, "config.json"))) return [path];
  const folders = readdirSync(path, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules",
  );
  return folders
    .map(({ name }) => join(path, name))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .flatMap(runFolders);
}

function readRun(dir: string): FoundRun {
  const { record } = openRun(dir);
  const { config, kind, sessions } = record;
  const task = config.env ?? config.data ?? config.task ?? config.model;
  if (typeof task !== "string" || typeof config.steps !== "number") {
    throw new FailureError(`${dir}/config.json names no task (env, data, task or model), or no number of steps`);
  }
  const summary = runSummary({ dir });
  return {
    dir,
    kind,
    config,
    task,
    seed: config.seed,
    budget: config.steps,
    status: summary?.status ?? "running",
    metric: summary?.score.metric,
    curve: (name) => metricCurve(runMetrics({ dir }), name),
    revision: sessions[0]?.git?.revision,
  };
}
