import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppendFile, type FilePosition } from "./appendFile.ts";
import { TEMPORARY_ENDING, writeFileAtomic } from "./atomicFile.ts";
import {
  type Checkpoint,
  type CheckpointContent,
  type CheckpointEntry,
  isReferenced,
  readLatestCheckpoint,
  removeLeftovers,
  writeCheckpoint,
} from "./checkpoint.ts";
import { UsageError } from "./errors.ts";
import { makeFolder } from "./makeFolder.ts";
import { formatMetricsRow, type Metrics } from "./metrics.ts";
import { describeProvenance } from "./provenance.ts";
import { openRun, type RunFile, type RunFolder, type RunRecord, runPath } from "./runFolder.ts";
import { LOCK_FILE, lockRun } from "./runLock.ts";
import type { Summary } from "./summary.ts";
import { EventFile } from "./tensorboard/eventFile.ts";

export interface CreateRunOptions {
  /** The folder to make; it may exist if it is empty. */
  readonly dir: string;
  /** What is trained, such as "sac". */
  readonly kind: string;
  /** Every setting, defaults included; anything that JSON can hold. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Versions of packages that decide the numbers, for config.json: see {@link packageVersions}. */
  readonly packages?: Readonly<Record<string, string>>;
}

/**
 * Makes a run folder and opens it for writing.
 *
 * @throws UsageError if something is there already (a run is never overwritten), or no folder can be made there.
 */
export function createRun({ dir, kind, config, packages }: CreateRunOptions): Run {
  if (existsSync(runPath({ dir }, "config.json"))) {
    throw new UsageError(`${dir} already holds a run: choose another folder, or continue it with --resume ${dir}`);
  }
  try {
    makeFolder(dir);
  } catch (error) {
    throw new UsageError(`${dir} can't be made: ${(error as Error).message}`, { cause: error });
  }
  const foreign = readdirSync(dir).find((name) => name !== LOCK_FILE && !name.endsWith(TEMPORARY_ENDING));
  if (foreign !== undefined)
    throw new UsageError(`${dir} is not empty (${foreign}): choose another folder for the run`);
  const unlock = lockRun(join(dir, LOCK_FILE), dir);
  try {
    const session = { ...describeProvenance(packages), fromStep: 0 };
    const record: RunRecord = { format: 1, id: randomUUID(), kind, config: { ...config }, sessions: [session] };
    writeRecord(dir, record);
    return new Run(dir, record, unlock, () => {});
  } catch (error) {
    unlock();
    throw error;
  }
}

export interface ResumeRunOptions {
  readonly packages?: Readonly<Record<string, string>>;
  /** The settings to go on with, where they may differ (a longer budget); config.json then says these. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface ResumedRun {
  readonly run: Run;
  /** What to restore; undefined where the run was killed before its first checkpoint, and starts over. */
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Opens a run folder to continue from its newest checkpoint, which is verified byte for byte.
 *
 * Nothing in the folder is changed until the run writes for the first time: what restores the checkpoint may still
 * refuse it. Then metrics.jsonl and the other append-only files are cut to where the checkpoint left them, so that they
 * continue as if nothing had happened.
 *
 * @throws UsageError if the folder isn't a run or another process is writing it; CheckpointError if the checkpoint is
 *   damaged.
 */
export function resumeRun(dir: string, { packages, config }: ResumeRunOptions = {}): ResumedRun {
  const { record } = openRun(dir);
  const unlock = lockRun(join(dir, LOCK_FILE), dir);
  try {
    const latest = readLatestCheckpoint(dir, record.id);
    const session = { ...describeProvenance(packages), fromStep: latest?.checkpoint.step ?? 0 };
    const resumed = { ...record, config: { ...(config ?? record.config) }, sessions: [...record.sessions, session] };
    const begin = () => {
      removeLeftovers(dir, latest);
      writeRecord(dir, resumed);
    };
    return { run: new Run(dir, resumed, unlock, begin, latest?.entries), checkpoint: latest?.checkpoint };
  } catch (error) {
    unlock();
    throw error;
  }
}

function writeRecord(dir: string, record: RunRecord): void {
  writeFileAtomic(runPath({ dir }, "config.json"), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * A run folder open for writing, by this process alone until {@link close}. Made by {@link createRun} and {@link
 * resumeRun}.
 */
export class Run implements RunFolder {
  readonly dir: string;
  readonly record: RunRecord;
  readonly #unlock: () => void;
  /** What is to be done before the first write; undefined after it. */
  #begin: (() => void) | undefined;
  #logs: { readonly metrics: AppendFile; readonly events: EventFile } | undefined;
  readonly #files: AppendFile[] = [];
  /** The good checkpoints, newest first, and the one that this session continues. */
  #good: readonly CheckpointEntry[];
  readonly #from: CheckpointEntry | undefined;
  #lastStep: number;
  readonly #startedAt = performance.now();

  /** @internal */
  constructor(
    dir: string,
    record: RunRecord,
    unlock: () => void,
    begin: () => void,
    good: readonly CheckpointEntry[] = [],
  ) {
    this.dir = dir;
    this.record = record;
    this.#unlock = unlock;
    this.#begin = begin;
    this.#good = good;
    this.#from = good[0];
    this.#lastStep = this.#from?.step ?? 0;
  }

  /** Seconds of training since the run began, earlier sessions included up to the checkpoint they left. */
  get wallTime(): number {
    return (this.#from?.wallTime ?? 0) + (performance.now() - this.#startedAt) / 1000;
  }

  /**
   * Appends one line to metrics.jsonl, and the same to TensorBoard's event file. It survives a kill at once.
   *
   * @param step steps done; never less than in the line before
   * @throws NonFiniteError naming the first metric that isn't a finite number; nothing is written then.
   */
  log(step: number, metrics: Metrics): void {
    if (!Number.isSafeInteger(step) || step < this.#lastStep) {
      throw new Error(`metrics of step ${step} can't follow those of step ${this.#lastStep}`);
    }
    const line = formatMetricsRow({ step, wallTime: this.wallTime, metrics });
    const logs = this.#openLogs();
    logs.metrics.append(line);
    logs.events.log(step, metrics);
    this.#lastStep = step;
  }

  /**
   * An append-only file of the run (a segment of a replay buffer, say). One that the checkpoint resumed from includes
   * continues where that left it, with its content to be read; any other starts empty. Give its {@link
   * AppendFile.position} to {@link saveCheckpoint} as long as it is needed; when no kept checkpoint includes it any
   * more, it is deleted. Names are used once: a file that was dropped doesn't come back.
   *
   * @param path inside the run folder, with forward slashes, such as "replay/000001.bin"
   */
  appendFile(path: string): AppendFile {
    this.#beginOnce();
    const absolute = runPath(this, path);
    const position = this.#from?.files.find((file) => file.path === path);
    if (position === undefined && isReferenced(this.#good, path)) {
      throw new Error(`${path} belongs to an earlier checkpoint: choose a name that was not used before`);
    }
    makeFolder(dirname(absolute));
    const file = position === undefined ? AppendFile.create(absolute, path) : AppendFile.reopen(absolute, position);
    this.#files.push(file);
    return file;
  }

  /**
   * Saves everything that a resumed run needs; on return it is safe on the disk. The last two checkpoints are kept. The
   * position in metrics.jsonl is saved along.
   */
  saveCheckpoint({
    step,
    tensors,
    metadata = {},
    files = [],
  }: Pick<CheckpointContent, "step" | "tensors"> & {
    readonly metadata?: CheckpointContent["metadata"];
    readonly files?: readonly FilePosition[];
  }): void {
    const { metrics } = this.#openLogs();
    const content = { step, tensors, metadata, wallTime: this.wallTime, files: [metrics.position(), ...files] };
    this.#good = writeCheckpoint(this.dir, this.record.id, content, this.#good);
  }

  /** Writes summary.json. */
  writeSummary(summary: Summary): void {
    writeFileAtomic(runPath(this, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  }

  /** Closes the files and gives the folder back. */
  close(): void {
    for (const file of this.#files) file.close();
    this.#logs?.events.close();
    this.#unlock();
  }

  #beginOnce(): void {
    this.#begin?.();
    this.#begin = undefined;
  }

  #openLogs() {
    this.#beginOnce();
    if (this.#logs === undefined) {
      const session = this.record.sessions.length - 1;
      const purge = session === 0 ? {} : { purgeStep: this.#from === undefined ? 0 : this.#from.step + 1 };
      this.#logs = {
        metrics: this.appendFile("metrics.jsonl" satisfies RunFile),
        events: new EventFile(this.dir, { session, ...purge }),
      };
    }
    return this.#logs;
  }
}
