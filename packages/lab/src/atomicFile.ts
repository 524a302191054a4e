import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { fileFailure } from "./errors.ts";
import { makeFolder } from "./makeFolder.ts";

/** A file's content in short: enough to recognise it, and to notice any damage. */
export interface ContentDigest {
  readonly bytes: number;
  /** Hexadecimal SHA-256 of the content. */
  readonly sha256: string;
}

/** The ending of files that are still being written: one that outlives its process is a leftover of a kill. */
export const TEMPORARY_ENDING = ".tmp";

/**
 * Writes a whole file so that a reader, or a later start after a kill or a power cut, finds either the old content or
 * the new: a temporary file beside it, flushed to the disk, then renamed. Missing folders are created. Blocks until the
 * bytes are safe.
 *
 * @param data text (UTF-8), bytes, or chunks of bytes written one after another (no second copy of large data)
 * @returns the length and hash of what was written
 * @throws FailureError naming the file where the disk refuses; the old content is still there
 */
export function writeFileAtomic(path: string, data: string | Uint8Array | Iterable<Uint8Array>): ContentDigest {
  const chunks =
    typeof data === "string" ? [new TextEncoder().encode(data)] : data instanceof Uint8Array ? [data] : data;
  const temporary = `${path}.${process.pid}${TEMPORARY_ENDING}`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, "w");
    try {
      for (const chunk of chunks) {
        for (const piece of pieces(chunk)) {
          writeFully(file, piece, bytes);
          hash.update(piece);
          bytes += piece.length;
        }
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileFailure(path, "written", error);
  }
  syncFolder(dirname(path));
  return { bytes, sha256: hash.digest("hex") };
}

/** Writes all of `data` at a position of the file; a single write call may take only a part of it. */
export function writeFully(file: number, data: Uint8Array, position: number): void {
  for (let at = 0; at < data.length; ) at += writeSync(file, data, at, data.length - at, position + at);
}

/** Views of at most 64 MiB: Node's calls refuse arrays of 2 GiB and more. */
export function* pieces(data: Uint8Array): Generator<Uint8Array> {
  const MOST = 1 << 26;
  for (let at = 0; at < data.length; at += MOST) yield data.subarray(at, at + MOST);
}

/** Makes a folder's entries (new names, renames) survive a power cut. Windows has no such call and needs none. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
