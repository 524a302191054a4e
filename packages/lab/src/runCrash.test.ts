import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUntilCrash } from "./fixtures/crashingFiles.fixture.ts";
import { expectWholeRun } from "./fixtures/expectWholeRun.fixture.ts";
import { train } from "./fixtures/killedRun.fixture.ts";
import { reproducibleMetrics } from "./metrics.ts";
import { runMetrics } from "./runFolder.ts";

// The kill -9 of runKill.test.ts is real but strikes at random; here every single place gets its turn.

const folder = mkdtempSync(join(tmpdir(), "era-crash-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Enough for a segment to be dropped by the newest checkpoint, then by all. */
const END = 8;
const uninterrupted = join(folder, "uninterrupted");
let calls = 0;
beforeAll(() => {
  calls = runUntilCrash(() => train(uninterrupted, "create", END), Number.POSITIVE_INFINITY);
});

let count = 0;
const newFolder = () => join(folder, `run-${count++}`);

/** Continues (or begins) the run and dies at the given call; returns the folder as the next process finds it. */
function dieAt(dir: string, crashAt: number): string {
  const mode = existsSync(join(dir, "config.json")) ? "resume" : "create";
  runUntilCrash(() => train(dir, mode, END), crashAt);
  // Under another name, as this process believes that it still holds the first.
  const found = newFolder();
  if (existsSync(dir)) cpSync(dir, found, { recursive: true });
  rmSync(dir, { recursive: true, force: true });
  return found;
}

function expectAsUninterrupted(dir: string): void {
  if (existsSync(join(dir, "config.json"))) expectWholeRun(dir);
  train(dir, existsSync(join(dir, "config.json")) ? "resume" : "create", END);
  expectWholeRun(dir);
  const metricsOf = (of: string) => runMetrics({ dir: of }).map(reproducibleMetrics);
  expect(metricsOf(dir)).toEqual(metricsOf(uninterrupted));
  const filesOf = (of: string) =>
    (readdirSync(of, { recursive: true }) as string[]).filter((name) => !name.startsWith("events.out.")).sort();
  expect(filesOf(dir)).toEqual(filesOf(uninterrupted));
  rmSync(dir, { recursive: true });
}

describe("a run that dies", () => {
  it("at any one of its file operations goes on as if nothing had happened", () => {
    expect(calls).toBeGreaterThan(80);
    for (let crashAt = 1; crashAt <= calls; crashAt++) expectAsUninterrupted(dieAt(newFolder(), crashAt));
  });

  it("again and again, while it resumes or trains, does, too", () => {
    const crashes = fc.array(fc.integer({ min: 1, max: calls }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(crashes, (places) => {
        let dir = newFolder();
        for (const crashAt of places) dir = dieAt(dir, crashAt);
        expectAsUninterrupted(dir);
      }),
      { numRuns: 20 },
    );
  });
});
