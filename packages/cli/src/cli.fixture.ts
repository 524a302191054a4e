/** The real command, run in a process of its own, as `npm run build` left it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const command = fileURLToPath(new URL("../bin/era.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary folder, deleted after this file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "era-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts `era` in a folder, with `input` on its standard input; `ended` resolves when the process is gone. */
export function start(
  cwd: string,
  args: readonly string[],
  input = "",
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [command, ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}); // It may end without having read.
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs `era` to its end. */
export const era = (cwd: string, ...args: readonly string[]): Promise<Ended> => start(cwd, args).ended;

/** Every file below a folder with the hash of its content. */
export function hashesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** Flags of a run of about a second. */
export const small = [
  ..."--hidden 16,16 --batch-size 16 --start-steps 60 --updates-per-step 1 --eval-every 100 --eval-episodes 2".split(
    " ",
  ),
  ..."--log-every 10 --buffer-size 150 --threads 1 --seed 3".split(" "),
];

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a condition holds; looks every few milliseconds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(3);
}

/** The step of a run's newest checkpoint by its manifest alone, 0 where there is none. */
export function savedStep(dir: string): number {
  try {
    return JSON.parse(readFileSync(join(dir, "checkpoints/latest.json"), "utf8")).checkpoints[0].step;
  } catch {
    return 0;
  }
}
