import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ReplayBuffer, type ReplayLayout } from "./replayBuffer.ts";
import {
  type ReplayManifest,
  type ReplaySegment,
  replayManifestSchema,
  segmentFile,
  segmentNumber,
} from "./replayManifest.ts";
import { decodeRecords, recordEncoder, recordWords } from "./replayRecord.ts";

// The log keeps a replay buffer on disk at the price of what is new. It has no state but its files and the manifest of
// the last checkpoint: a manifest vouches for prefixes of the segment files, and whatever lies beyond them is a killed
// run's and is dropped by the next append. Bytes that a manifest vouches for are never rewritten as long as runs go
// forward from their latest checkpoint.

/** A segment that has reached this length gets no more records. */
const defaultSegmentBytes = 32 * 2 ** 20;

/** Records are gathered in memory and written in pieces of about this many words (4 MiB). */
const chunkWords = 2 ** 20;

/**
 * Appends to the log in `folder` the transitions that `buffer` got since `previous`, and makes them durable (fsync).
 * The cost is that of the new transitions, whatever the capacity.
 *
 * The returned manifest belongs in the checkpoint. Until it is stored there, `previous` stays as good as it was, so a
 * run may be killed at any moment.
 * @param folder made if missing; without `previous`, segments that lie in it are replaced
 * @param previous the manifest of the checkpoint that this run last wrote or was resumed from; undefined at a run's
 * first checkpoint
 * @throws Error if `previous` is not of this buffer, a segment that it needs is missing or too short, or the disk fails
 * (it names the file)
 */
export function appendReplay(
  folder: string,
  buffer: ReplayBuffer,
  previous?: ReplayManifest,
  segmentBytes = defaultSegmentBytes,
): ReplayManifest {
  const { capacity, observationSize, actionSize, count } = buffer;
  if (previous !== undefined) checkSameRun(buffer, previous);
  mkdirSync(folder, { recursive: true });
  let segment = previous?.segments.at(-1);
  const segments = previous?.segments.slice(0, -1) ?? [];
  dropRest(folder, segment);

  // Transitions that came and went between two checkpoints are in no buffer: the log then goes on behind the gap.
  let next = Math.max(previous?.count ?? 0, buffer.oldest);
  while (next < count) {
    if (segment === undefined || segment.first + segment.count !== next || segment.bytes >= segmentBytes) {
      if (segment !== undefined) segments.push(segment);
      segment = { number: (segment?.number ?? -1) + 1, first: next, count: 0, bytes: 0, crc32: 0 };
    }
    segment = writeRecords(folder, segment, buffer, segmentBytes);
    next = segment.first + segment.count;
  }
  if (segment !== undefined) segments.push(segment);
  syncFolder(folder);
  return {
    version: 1,
    capacity,
    observationSize,
    actionSize,
    count,
    segments: segments.filter(({ first, count }) => first + count > buffer.oldest),
  };
}

/**
 * Rebuilds the buffer that `manifest` was made of: the same transitions under the same numbers, so the same generator
 * draws the same batches. Reads only; every byte that counts is checked.
 * @param manifest what {@link appendReplay} returned, from a checkpoint's JSON
 * @throws Error naming the segment that is missing, too short or corrupt, or what is wrong with the manifest
 */
export function restoreReplay(folder: string, manifest: unknown): ReplayBuffer {
  const parsed = replayManifestSchema.safeParse(manifest);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Error(`replay manifest: ${[...(issue?.path ?? []), issue?.message].join(": ")}`);
  }
  const { segments } = parsed.data;
  const buffer = new ReplayBuffer(parsed.data, segments[0]?.first ?? 0);
  for (const segment of segments) {
    const words = readSegment(folder, segment);
    const records = decodeRecords(words, buffer);
    if (records !== segment.count) {
      throw new Error(`${join(folder, segmentFile(segment.number))} does not hold ${segment.count} such transitions`);
    }
  }
  return buffer;
}

/**
 * Deletes the segments that are older than all that `oldestNeeded`, the manifest of the oldest checkpoint that is kept,
 * refers to. To be called after that checkpoint's elders are gone.
 */
export function pruneReplay(folder: string, oldestNeeded: ReplayManifest): void {
  const first = oldestNeeded.segments[0]?.number ?? 0;
  removeSegments(folder, (number) => number < first);
}

function checkSameRun(buffer: ReplayBuffer, previous: ReplayManifest): void {
  for (const name of ["capacity", "observationSize", "actionSize"] as const satisfies (keyof ReplayLayout)[]) {
    if (previous[name] !== buffer[name]) {
      throw new Error(`replay log: its ${name} is ${previous[name]}, the buffer's is ${buffer[name]}`);
    }
  }
  if (previous.count > buffer.count) {
    throw new Error(
      `replay log: it has ${previous.count} transitions, the buffer only ${buffer.count}: not the same run`,
    );
  }
}

/** Drops what a killed run wrote after the checkpoint whose last segment is `last`. */
function dropRest(folder: string, last: ReplaySegment | undefined): void {
  const lastNumber = last?.number ?? -1;
  removeSegments(folder, (number) => number > lastNumber);
  if (last === undefined) return;
  const path = join(folder, segmentFile(last.number));
  onFile(path, "r+", "write", (file) => {
    checkLength(path, fstatSync(file).size, last.bytes);
    ftruncateSync(file, last.bytes);
  });
}

/**
 * Continues `segment` with the buffer's transitions until it is full or there are no more, and returns what it is then.
 */
function writeRecords(
  folder: string,
  segment: ReplaySegment,
  buffer: ReplayBuffer,
  segmentBytes: number,
): ReplaySegment {
  const path = join(folder, segmentFile(segment.number));
  const encode = recordEncoder(buffer);
  const longest = recordWords(buffer, false);
  const words = new Float32Array(Math.max(chunkWords, longest));
  let { count, bytes, crc32: crc } = segment;
  return onFile(path, segment.count === 0 ? "w" : "r+", "write", (file) => {
    while (segment.first + count < buffer.count && bytes < segmentBytes) {
      let used = 0;
      const limit = (segmentBytes - bytes) / 4;
      while (segment.first + count < buffer.count && used < limit && used + longest <= words.length) {
        used += encode(segment.first + count, count === 0, words, used);
        count++;
      }
      const chunk = new Uint8Array(words.buffer, 0, used * 4);
      for (let done = 0; done < chunk.length; ) {
        done += writeSync(file, chunk, done, chunk.length - done, bytes + done);
      }
      crc = crc32(chunk, crc);
      bytes += chunk.length;
    }
    fsyncSync(file);
    return { ...segment, count, bytes, crc32: crc };
  });
}

/** The part of a segment that the manifest vouches for, checked. */
function readSegment(folder: string, segment: ReplaySegment): Float32Array {
  const path = join(folder, segmentFile(segment.number));
  const content = new Uint8Array(segment.bytes);
  onFile(path, "r", "read", (file) => {
    checkLength(path, fstatSync(file).size, content.length);
    for (let done = 0; done < content.length; ) {
      const read = readSync(file, content, done, content.length - done, done);
      checkLength(path, read === 0 ? done : content.length, content.length);
      done += read;
    }
  });
  if (crc32(content) !== segment.crc32) {
    throw new Error(`${path} is corrupt: its checksum is not the one the checkpoint recorded`);
  }
  if (content.length % 4 !== 0) throw new Error(`${path} does not hold ${segment.count} such transitions`);
  return new Float32Array(content.buffer);
}

function checkLength(path: string, length: number, needed: number): void {
  if (length < needed) {
    throw new Error(`${path} is truncated: it has ${length} bytes, the checkpoint needs ${needed}`);
  }
}

/** Runs `use` on the opened file and closes it; a failing system call gets the file's name. */
function onFile<T>(path: string, flags: string, verb: string, use: (file: number) => T): T {
  let file: number | undefined;
  try {
    file = openSync(path, flags);
    return use(file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code === "ENOENT") throw new Error(`${path} is missing: the checkpoint needs it`);
    throw new Error(`cannot ${verb} ${path}: ${error.message}`, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function removeSegments(folder: string, unwanted: (number: number) => boolean): void {
  for (const file of readdirSync(folder)) {
    const number = segmentNumber(file);
    if (number !== undefined && unwanted(number)) rmSync(join(folder, file));
  }
}

/** Makes new files' names durable. Windows cannot (and need not) sync a folder. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  onFile(folder, "r", "sync", fsyncSync);
}
