/** Where the settings of a training come from: a file, the command line, a run that goes on. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Algorithm,
  createRun,
  openRun,
  packageVersions,
  type ResumedRun,
  resumeRun,
  runPath,
  type TrainingConfig,
  UsageError,
} from "@era/lab";

/** What `era train <algorithm>` is told besides the algorithm's own settings. */
export interface TrainOptions extends Record<string, unknown> {
  readonly run?: string;
  readonly resume?: string;
  readonly config?: string;
  readonly seeds?: string;
  readonly parallel?: string;
  readonly json?: boolean;
}

/** A run that may begin: its settings are complete, and nothing is written before `open`. */
export interface PreparedRun {
  readonly config: TrainingConfig;
  open(): ResumedRun;
}

/** A new run's settings: the defaults, a file's, the command line's. */
export async function freshSettings(
  algorithm: Algorithm,
  { config: file }: TrainOptions,
  given: Record<string, unknown>,
): Promise<TrainingConfig> {
  const stored = file === undefined ? {} : readSettings(file);
  return algorithm.settings(stored, given, file);
}

/** A run in a new folder. */
export async function freshRun(
  algorithm: Algorithm,
  options: TrainOptions,
  given: Record<string, unknown>,
): Promise<PreparedRun> {
  const config = await freshSettings(algorithm, options, given);
  const dir = options.run ?? defaultFolder(algorithm, config, `seed${config.seed}`);
  const run = { dir, kind: algorithm.name, config: { ...config } };
  return { config, open: () => ({ run: createRun({ ...run, packages: packages() }), checkpoint: undefined }) };
}

/** An interrupted run's own settings; a longer budget is the only thing that may be asked of it anew. */
export async function resumedRun(
  algorithm: Algorithm,
  dir: string,
  given: Record<string, unknown>,
): Promise<PreparedRun> {
  const { record } = openRun(dir);
  if (record.kind !== algorithm.name) {
    throw new UsageError(
      `${dir} is a run of "${record.kind}": continue it with era train ${record.kind} --resume ${dir}`,
    );
  }
  const config = await algorithm.settings(record.config, given, runPath({ dir }, "config.json"));
  return { config, open: () => resumeRun(dir, { config: { ...config }, packages: packages() }) };
}

/** Throws UsageError where more than the budget of a run that goes on is asked for. */
export function checkResumption(options: TrainOptions, given: Record<string, unknown>): void {
  if (options.run !== undefined || options.config !== undefined || options.seeds !== undefined) {
    const flag = options.seeds === undefined ? "--run and --config" : "--seeds: the folder knows them";
    throw new UsageError(`--resume continues the run in its own folder with its own settings: leave out ${flag}`);
  }
  const changed = Object.keys(given).find((name) => name !== "steps");
  if (changed !== undefined) {
    throw new UsageError(`--resume continues with the run's own settings: only --steps may be given, not ${changed}`);
  }
}

/** The folder of a run, or of several, that was not given one. */
export function defaultFolder(algorithm: Algorithm, config: TrainingConfig, seeds: string): string {
  const place = algorithm.task(config).split(/[\\/]/).filter(Boolean).join("-");
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");
  return join("runs", `${place}-${algorithm.name}-${config.head}-${seeds}-${time}`);
}

/** Settings from a JSON file: plain, or as a run's config.json holds them. */
function readSettings(path: string): Record<string, unknown> {
  if (!existsSync(path)) throw new UsageError(`--config ${path}: there is no such file`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`--config ${path}: not JSON: ${(error as Error).message}`);
  }
  if (!isObject(content)) throw new UsageError(`--config ${path}: must be a JSON object of settings`);
  return isObject(content.config) ? content.config : content;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Versions of the packages that decide a run's numbers. */
const packages = () => packageVersions(["onnxruntime-node", "@mujoco/mujoco"], import.meta.url);
