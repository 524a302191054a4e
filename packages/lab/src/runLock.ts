import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { UsageError } from "./errors.ts";

export const LOCK_FILE = "run.lock";

/** The locks that this process holds; given back at its end, whatever that is, short of a kill. */
const heldHere = new Set<string>();
process.on("exit", () => {
  for (const path of heldHere) rmSync(path, { force: true });
});

/**
 * Takes a run folder for this process, so that two never write into one; a lock left by a killed process is taken over.
 *
 * @returns the function that gives it back
 * @throws UsageError if a living process of this machine, or any of another, holds it.
 */
export function lockRun(path: string, dir: string): () => void {
  const claim = () => writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: "wx" });
  try {
    claim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const holder = readHolder(path);
    if (heldHere.has(path) || (holder !== undefined && !isGone(holder))) {
      throw new UsageError(
        `${dir} is being written by process ${holder?.pid} on ${holder?.host}: wait for it, or delete ${path} if that process is gone`,
      );
    }
    rmSync(path, { force: true });
    claim();
  }
  heldHere.add(path);
  return () => {
    heldHere.delete(path);
    rmSync(path, { force: true });
  };
}

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** Undefined for a file without content: its writer was killed between creating and filling it. */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isGone({ pid, host }: Holder): boolean {
  if (host !== hostname()) return false;
  // Not held here, yet written under this number: in a container a restarted process often gets its predecessor's.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
