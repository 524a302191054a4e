/** Reading a data set's files. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FailureError, fileFailure, UsageError } from "@era/lab";

/** More than any file of MNIST or CIFAR unpacked: a gzip stream that goes on beyond it is no such file. */
const mostBytes = 2 ** 29;

/**
 * The path of the first of these names that is in the folder.
 * @throws UsageError naming the folder and what was looked for
 */
export function fileIn(folder: string, names: readonly string[]): string {
  const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (!existsSync(folder)) throw new UsageError(`${folder}: there is no such folder`);
  throw new UsageError(`${folder}: there is no ${names.join(", nor ")}`);
}

/**
 * A file's bytes, unpacked where its name ends in .gz.
 * @throws FailureError naming the file where it can't be read or unpacked
 */
export function readBytes(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileFailure(path, "read", error);
  }
  try {
    const unpacked = path.endsWith(".gz") ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes;
    // Not a Buffer, whose slices and JSON are other than a typed array's.
    return new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
  } catch (error) {
    throw new FailureError(`${path} can't be unpacked: ${(error as Error).message}`, { cause: error });
  }
}
