import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from "node:fs";
import { type ContentDigest, pieces, writeFully } from "./atomicFile.ts";
import { FailureError, fileFailure } from "./errors.ts";

/**
 * Where an append-only file stood at a checkpoint: its path inside the run folder, its length and the hash of that much
 * of it.
 */
export interface FilePosition extends ContentDigest {
  readonly path: string;
}

/**
 * A file that only grows, with a running hash, so that a checkpoint records its exact position at no cost, whatever its
 * size, and a resumed run cuts off what came after: metrics, replay segments.
 */
export class AppendFile {
  /** The file's path inside the run folder, with forward slashes. */
  readonly path: string;
  readonly #file: number;
  readonly #hash: Hash;
  #bytes: number;
  #open = true;

  private constructor(path: string, file: number, hash: Hash, bytes: number) {
    this.path = path;
    this.#file = file;
    this.#hash = hash;
    this.#bytes = bytes;
  }

  /** A new, empty file; one that is there is emptied. @param absolute where `path` lies on the disk */
  static create(absolute: string, path: string): AppendFile {
    return new AppendFile(path, openSync(absolute, "w+"), createHash("sha256"), 0);
  }

  /**
   * The file as it stood at `position`: everything after it is cut off.
   *
   * @throws FailureError if the file is missing, shorter, or has another content; then it is left as it was.
   */
  static reopen(absolute: string, position: FilePosition): AppendFile {
    const { file, hash } = openVerified(absolute, position, "r+");
    ftruncateSync(file, position.bytes);
    return new AppendFile(position.path, file, hash, position.bytes);
  }

  /** The file's length. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends bytes, or text as UTF-8. They survive a kill of the process at once, and a power cut after {@link
   * position}.
   */
  append(data: Uint8Array | string): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    if (bytes.length === 0) return;
    // The position is given, not the file's own: a reopened descriptor starts at 0.
    try {
      writeFully(this.#file, bytes, this.#bytes);
    } catch (error) {
      throw fileFailure(this.path, "written", error);
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Flushes the file to the disk and tells where it stands. */
  position(): FilePosition {
    fsyncSync(this.#file);
    return { path: this.path, bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  /** Reads the content from the start into `target`, as much as fits or is there; returns the number of bytes. */
  read(target: Uint8Array): number {
    return readFully(this.#file, target.subarray(0, this.#bytes), 0);
  }

  /** Closes the file; a second call does nothing. */
  close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }
}

/**
 * Checks that a file still begins with what a checkpoint recorded (it may have grown since).
 *
 * @throws FailureError naming the file and what is wrong with it.
 */
export function verifyPosition(absolute: string, position: FilePosition): void {
  closeSync(openVerified(absolute, position, "r").file);
}

function openVerified(absolute: string, { path, bytes, sha256 }: FilePosition, flags: "r" | "r+") {
  let file: number;
  try {
    file = openSync(absolute, flags);
  } catch (error) {
    throw fileFailure(path, "opened", error);
  }
  try {
    const size = fstatSync(file).size;
    if (size < bytes) throw new FailureError(`${path}: truncated to ${size} bytes, the checkpoint needs ${bytes}`);
    const hash = createHash("sha256");
    hashStart(file, bytes, hash);
    if (hash.copy().digest("hex") !== sha256) {
      throw new FailureError(`${path}: its first ${bytes} bytes have changed since the checkpoint was written`);
    }
    return { file, hash };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function hashStart(file: number, bytes: number, hash: Hash): void {
  const chunk = new Uint8Array(Math.min(bytes, 1 << 22));
  for (let at = 0; at < bytes; at += chunk.length) {
    hash.update(chunk.subarray(0, readFully(file, chunk.subarray(0, bytes - at), at)));
  }
}

/** Fills `target` from a position of the file; returns the number of bytes that were there. */
export function readFully(file: number, target: Uint8Array, position: number): number {
  let read = 0;
  for (const piece of pieces(target)) {
    for (let at = 0; at < piece.length; ) {
      const got = readSync(file, piece, at, piece.length - at, position + read);
      if (got === 0) return read;
      at += got;
      read += got;
    }
  }
  return read;
}
