/** Reading a model's files. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { FailureError, fileFailure } from "@era/lab";

/** One read call gives no more than 2 GiB. */
const mostAtOnce = 2 ** 30;

/**
 * A file's bytes, however large.
 * @throws FailureError naming the file where it can't be read
 */
export function readBytes(path: string): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = new Uint8Array(fstatSync(file).size);
      for (let at = 0; at < bytes.length; ) {
        const read = readSync(file, bytes, at, Math.min(mostAtOnce, bytes.length - at), at);
        if (read === 0) throw new FailureError(`${path} can't be read: it became shorter meanwhile`);
        at += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileFailure(path, "read", error);
  }
}

/**
 * A parsed JSON file.
 * @throws FailureError naming the file where it can't be read or is no JSON
 */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fileFailure(path, "read", error);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FailureError(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}
