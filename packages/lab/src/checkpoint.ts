import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors, type SafeTensor, safetensorsChunks } from "@era/tensor";
import * as z from "zod";
import { type FilePosition, readFully, verifyPosition } from "./appendFile.ts";
import { pieces, TEMPORARY_ENDING, writeFileAtomic } from "./atomicFile.ts";
import { FailureError } from "./errors.ts";

/** Where checkpoints live in a run folder, and the manifest that names the good ones. */
const FOLDER = "checkpoints";
const MANIFEST = "latest.json";
const KEPT = 2;
/** The key in a checkpoint's own metadata that ties it to its run. */
const RUN_KEY = "era.run";

const digest = { bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) };
const insidePath = z.string().refine(staysInside);
const entrySchema = z.object({
  step: z.int().nonnegative(),
  file: z.string().regex(/^step-[0-9.]+\.safetensors$/),
  ...digest,
  /** Seconds of training up to here. */
  wallTime: z.number().nonnegative(),
  /** Append-only files that belong to this checkpoint, and how much of them does. */
  files: z.array(z.object({ path: insidePath, ...digest })),
});
const manifestSchema = z.object({
  format: z.literal(1),
  run: z.string(),
  /** Newest first. */
  checkpoints: z.array(entrySchema).min(1).max(KEPT),
  /**
   * Files that no checkpoint needs any more, about to be deleted: a kill in between leaves that to the next session.
   */
  dropped: z.array(insidePath),
});
type Manifest = z.infer<typeof manifestSchema>;

/** What the manifest says of one checkpoint. */
export type CheckpointEntry = z.infer<typeof entrySchema>;

/** A checkpoint in memory, verified. */
export interface Checkpoint {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly wallTime: number;
  readonly files: readonly FilePosition[];
}

/** A checkpoint that is damaged, missing or another run's. Nothing has been changed. */
export class CheckpointError extends FailureError {
  override readonly name = "CheckpointError";
}

/** What {@link writeCheckpoint} stores. */
export interface CheckpointContent {
  readonly step: number;
  readonly wallTime: number;
  readonly tensors: ReadonlyMap<string, SafeTensor> | Readonly<Record<string, SafeTensor>>;
  readonly metadata: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
  readonly files: readonly FilePosition[];
}

/**
 * Writes a checkpoint into a run folder and returns the new list of good ones, newest first.
 *
 * The order makes a kill at any moment harmless: the new file is complete on the disk before the manifest names it, the
 * manifest is replaced in one rename, and what it no longer names is deleted after that.
 *
 * @param kept the good checkpoints so far, newest first
 */
export function writeCheckpoint(
  dir: string,
  run: string,
  content: CheckpointContent,
  kept: readonly CheckpointEntry[],
): CheckpointEntry[] {
  const { step, wallTime, tensors, metadata, files } = content;
  const base = `step-${String(step).padStart(9, "0")}`;
  let file = `${base}.safetensors`;
  // A second checkpoint at the same step gets a name of its own: a good file is never overwritten.
  for (let copy = 1; kept.some((entry) => entry.file === file); copy++) file = `${base}.${copy}.safetensors`;

  const stored = metadata instanceof Map ? new Map(metadata) : new Map(Object.entries(metadata));
  if (stored.has(RUN_KEY)) throw new Error(`checkpoint metadata can't use the key ${RUN_KEY}`);
  stored.set(RUN_KEY, run);
  const written = writeFileAtomic(join(dir, FOLDER, file), safetensorsChunks(tensors, stored));

  const checkpoints = [{ step, file, ...written, wallTime, files: [...files] }, ...kept].slice(0, KEPT);
  const dropped = droppedFiles(kept, checkpoints);
  const manifest: Manifest = { format: 1, run, checkpoints, dropped };
  writeFileAtomic(join(dir, FOLDER, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);

  for (const path of dropped) rmSync(join(dir, path), { force: true });
  return checkpoints;
}

function droppedFiles(before: readonly CheckpointEntry[], after: readonly CheckpointEntry[]): string[] {
  const gone = before.filter((entry) => !after.includes(entry));
  const files = gone.flatMap((entry) => [`${FOLDER}/${entry.file}`, ...entry.files.map(({ path }) => path)]);
  return files.filter((path) => !isReferenced(after, path));
}

/** Whether some checkpoint needs the append-only file `path`. */
export function isReferenced(checkpoints: readonly CheckpointEntry[], path: string): boolean {
  return checkpoints.some((entry) => entry.files.some((file) => file.path === path));
}

/** A run folder's newest checkpoint, and what the manifest says besides. */
export interface LatestCheckpoint {
  readonly checkpoint: Checkpoint;
  /** It and those before it. */
  readonly entries: readonly CheckpointEntry[];
  /** Files that nothing needs any more; a kill may have kept them from being deleted. */
  readonly dropped: readonly string[];
}

/**
 * The newest checkpoint of a run folder, checked byte for byte, and the append-only files it needs; undefined where
 * none was written yet. Where a checkpoint's file has been deleted, the one before is the newest.
 *
 * @throws CheckpointError naming the file and the damage; an intact older one is mentioned.
 */
export function readLatestCheckpoint(dir: string, run: string): LatestCheckpoint | undefined {
  const manifest = readManifest(dir, run);
  if (manifest === undefined) return undefined;
  const { checkpoints: listed, dropped } = manifest;
  const first = listed.findIndex((entry) => existsSync(join(dir, FOLDER, entry.file)));
  const entries = first < 0 ? [] : listed.slice(first);
  const [newest, older] = entries;
  if (newest === undefined) {
    const names = listed.map((entry) => entry.file).join(" and ");
    throw new CheckpointError(`${dir}: ${FOLDER}/${MANIFEST} names ${names}, and no such file is there`);
  }
  try {
    return { checkpoint: readEntry(dir, run, newest), entries, dropped };
  } catch (error) {
    if (!(error instanceof CheckpointError) || older === undefined) throw error;
    throw new CheckpointError(`${error.message}; ${describeOlder(dir, run, newest, older)}`, { cause: error.cause });
  }
}

/** Deletes what a killed process left half-done: temporary files, and checkpoints that no manifest came to name. */
export function removeLeftovers(dir: string, latest: LatestCheckpoint | undefined): void {
  for (const path of latest?.dropped ?? []) rmSync(join(dir, path), { force: true });
  for (const name of readdirSync(dir)) {
    if (name.endsWith(TEMPORARY_ENDING)) rmSync(join(dir, name));
  }
  const folder = join(dir, FOLDER);
  if (!existsSync(folder)) return;
  const wanted = new Set([MANIFEST, ...(latest?.entries ?? []).map((entry) => entry.file)]);
  for (const name of readdirSync(folder)) {
    if (!wanted.has(name) && (name.endsWith(TEMPORARY_ENDING) || name.startsWith("step-"))) rmSync(join(folder, name));
  }
}

function readManifest(dir: string, run: string): Manifest | undefined {
  const name = `${FOLDER}/${MANIFEST}`;
  let text: string;
  try {
    text = readFileSync(join(dir, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let manifest: Manifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CheckpointError(`${dir}: ${name} is damaged: it isn't a list of checkpoints`, { cause: error });
  }
  if (manifest.run !== run) {
    throw new CheckpointError(`${dir}: ${name} belongs to another run (${manifest.run}, this is ${run})`);
  }
  return manifest;
}

function readEntry(dir: string, run: string, entry: CheckpointEntry): Checkpoint {
  const name = `${FOLDER}/${entry.file}`;
  const fail = (problem: string, cause?: unknown) => new CheckpointError(`${dir}: ${name} ${problem}`, { cause });
  const bytes = readVerified(join(dir, name), entry, fail);
  let file: ReturnType<typeof decodeSafetensors>;
  try {
    file = decodeSafetensors(bytes);
  } catch (error) {
    throw fail(`can't be read: ${(error as Error).message}`, error);
  }
  const { tensors, metadata } = file;
  if (metadata.get(RUN_KEY) !== run) throw fail("belongs to another run");
  metadata.delete(RUN_KEY);
  for (const position of entry.files) {
    try {
      verifyPosition(join(dir, position.path), position);
    } catch (error) {
      throw new CheckpointError(`${dir}: ${(error as Error).message}`, { cause: error });
    }
  }
  return { step: entry.step, tensors, metadata, wallTime: entry.wallTime, files: entry.files };
}

function readVerified(path: string, entry: CheckpointEntry, fail: (problem: string) => Error): Uint8Array {
  const file = openSync(path, "r");
  try {
    const size = fstatSync(file).size;
    if (size < entry.bytes) throw fail(`is truncated: ${size} bytes of ${entry.bytes}`);
    if (size > entry.bytes) throw fail(`is damaged: ${size} bytes instead of ${entry.bytes}`);
    const bytes = new Uint8Array(size);
    readFully(file, bytes, 0);
    const hash = createHash("sha256");
    for (const piece of pieces(bytes)) hash.update(piece);
    if (hash.digest("hex") !== entry.sha256) {
      throw fail("is damaged or not the file that this run wrote: its SHA-256 differs");
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

function describeOlder(dir: string, run: string, newest: CheckpointEntry, older: CheckpointEntry): string {
  try {
    readEntry(dir, run, older);
    return `the one before, ${older.file}, is intact: delete ${newest.file} to continue from it`;
  } catch {
    return `the one before, ${older.file}, is no better`;
  }
}

/** A relative path with forward slashes that can't leave the run folder. */
function staysInside(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\\:\0]/.test(part));
}
