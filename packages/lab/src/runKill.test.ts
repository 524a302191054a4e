import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "./fixtures/bundle.fixture.ts";
import { expectWholeRun } from "./fixtures/expectWholeRun.fixture.ts";
import { train } from "./fixtures/killedRun.fixture.ts";
import { reproducibleMetrics } from "./metrics.ts";
import { resumeRun } from "./run.ts";
import { openRun, runMetrics } from "./runFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "era-kill-"));

let script: string;
beforeAll(async () => {
  script = await bundle("killedRun.fixture.ts", folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = (dir: string, mode: string, until: number): ChildProcess =>
  spawn(process.execPath, [script, "--run", dir, mode, String(until)], {
    stdio: ["ignore", "ignore", "inherit"],
  });

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(2);
};

const exitOf = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once("exit", resolve));

describe("kill -9", () => {
  it("at random moments leaves a checkpoint that loads, and the run goes on as if nothing had happened", async () => {
    const dir = join(folder, "run");
    const reached: number[] = [];
    for (let kill = 0; kill < 9; kill++) {
      // A kill before config.json is there leaves nothing to resume, and the folder can be used anew.
      const mode = isRun(dir) ? "resume" : "create";
      const child = start(dir, mode, 1_000_000);
      // Sometimes while it starts and restores, sometimes while it trains.
      if (kill % 3 > 0) await until(() => savedIn(dir) > (reached.at(-1) ?? 0));
      await sleep(Math.random() * 60);
      child.kill("SIGKILL");
      await exitOf(child);
      if (isRun(dir)) reached.push(expectWholeRun(dir));
    }
    expect(reached, "a checkpoint is never lost").toEqual([...reached].sort((a, b) => a - b));
    const last = reached.at(-1) ?? 0;
    expect(last).toBeGreaterThan(10);

    const end = last + 11;
    expect(await exitOf(start(dir, "resume", end))).toBe(0);
    const uninterrupted = join(folder, "uninterrupted");
    train(uninterrupted, "create", end);
    const metricsOf = (of: string) => runMetrics({ dir: of }).map(reproducibleMetrics);
    expect(metricsOf(dir)).toEqual(metricsOf(uninterrupted));
    expect(metricsOf(dir)).toHaveLength(end);
    const filesOf = (of: string, part: string) => readdirSync(join(of, part)).sort();
    expect(filesOf(dir, "replay")).toEqual(filesOf(uninterrupted, "replay"));
    expect(filesOf(dir, "checkpoints")).toEqual(filesOf(uninterrupted, "checkpoints"));
    const withoutEvents = (names: string[]) => names.filter((name) => !name.startsWith("events.out."));
    expect(withoutEvents(filesOf(dir, ""))).toEqual(withoutEvents(filesOf(uninterrupted, "")));
  });

  it("leaves a lock that the next process takes over, and a living one keeps", async () => {
    const dir = join(folder, "locked");
    const child = start(dir, "create", 1_000_000);
    await until(() => isRun(dir));
    expect(() => resumeRun(dir)).toThrow(`is being written by process ${child.pid}`);
    child.kill("SIGKILL");
    await exitOf(child);
    resumeRun(dir).run.close();
  });
});

/** The step of the newest checkpoint, by the manifest alone. */
function savedIn(dir: string): number {
  try {
    return JSON.parse(readFileSync(join(dir, "checkpoints/latest.json"), "utf8")).checkpoints[0].step;
  } catch {
    return 0;
  }
}

function isRun(dir: string): boolean {
  try {
    openRun(dir);
    return true;
  } catch {
    return false;
  }
}
