import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { makeRun, type RunOf } from "./compare.fixture.ts";
import { findRuns } from "./findRuns.ts";
import { normalized, parseNormalization, rangeOfRuns } from "./normalization.ts";
import { type Allowance, tabulate } from "./runTable.ts";

const root = mkdtempSync(join(tmpdir(), "era-compare-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder = "";
let count = 0;
beforeEach(() => {
  folder = join(root, `${count++}`);
});

const run = (dir: string, given: Omit<RunOf, "dir">) => makeRun({ dir: join(folder, dir), ...given });
const table = (...allowed: Allowance[]) => tabulate(findRuns([folder]), { allowed: new Set(allowed) });

/** The message without the folder, in which the runs lie. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UsageError) return error.message.replaceAll(`${folder}/`, "");
    throw error;
  }
  throw new Error("it was not refused");
}

describe("runs in order", () => {
  it("are found at any depth, once, and grouped by method and task with their seeds as repetitions", () => {
    run("b/seed10", { seed: 10, scores: [1, 4], settings: { head: "maxent" } });
    run("b/seed9", { seed: 9, scores: [1, 3], settings: { head: "maxent" } });
    run("a/x/seed1", { seed: 1, scores: [1, 2] });
    run("a/y", { seed: 1, scores: [7], task: "Ant-v5" });
    run("c", { seed: 1, scores: [8], task: "Ant-v5", settings: { head: "maxent", threads: 2, logEvery: 7 } });
    symlinkSync(join(folder, "b"), join(folder, "link"));
    const found = findRuns([folder, join(folder, "b"), join(folder, "link"), join(folder, "a/x/seed1")]);
    const { variants, tasks, groups, metric } = tabulate(found, { titleOf: (kind) => kind.toUpperCase() });
    expect(metric).toBe("eval/return");
    expect(variants).toEqual(["SAC era of gaussian", "SAC maxent"]);
    expect(tasks).toEqual(["Ant-v5", "Hopper-v5"]);
    const cells = groups.map(({ variant, task, runs }) => [
      variant,
      task,
      runs.map(({ seed, score }) => [seed, score]),
    ]);
    expect(cells).toEqual([
      ["SAC era of gaussian", "Ant-v5", [[1, 7]]],
      ["SAC era of gaussian", "Hopper-v5", [[1, 2]]],
      ["SAC maxent", "Ant-v5", [[1, 8]]],
      [
        "SAC maxent",
        "Hopper-v5",
        [
          [9, 3],
          [10, 4],
        ],
      ],
    ]);
  });

  it("are told apart by more settings where asked", () => {
    run("a", { scores: [1], settings: { discount: 0.9 } });
    run("b", { scores: [1], settings: { discount: 0.99, hidden: [8, 8] } });
    const { variants } = tabulate(findRuns([folder]), { labels: ["discount", "hidden"] });
    expect(variants).toEqual([
      "sac era of gaussian, discount 0.9, hidden 64,64",
      "sac era of gaussian, discount 0.99, hidden 8,8",
    ]);
    run("c", { scores: [1], settings: { discount: 0.9, head: "plain", bound: "tight" } });
    run("d", { scores: [1], seed: 2, settings: { discount: 0.9, head: "plain", bound: "paper" } });
    expect(
      tabulate(findRuns(["c", "d"].map((name) => join(folder, name))), { labels: ["discount", "bound"] }).variants,
    ).toEqual(["sac plain, discount 0.9"]);
    expect(refusal(() => tabulate(findRuns([folder]), { labels: ["gamma"] }))).toBe(
      "--label gamma: no run has a setting of that name",
    );
  });
});

describe("refused, or said where it is allowed:", () => {
  it("folders that hold nothing", () => {
    mkdirSync(folder);
    expect(refusal(() => findRuns([join(folder, "nowhere")]))).toBe("nowhere: there is no such folder");
    expect(refusal(() => findRuns([folder]))).toMatch(/ holds no run: no folder in it has a config\.json$/);
  });

  it("unfinished runs", () => {
    run("a", { scores: [1, 2], status: "interrupted" });
    run("b", { scores: [1, 2], seed: 2 });
    expect(refusal(table)).toBe("not finished: a (interrupted); --allow-unfinished compares them all the same");
    expect(table("unfinished").notes[0]).toMatch(/^not finished: .*: compared by what they have reached so far\.$/);
  });

  it("runs without a score, always", () => {
    run("a", { scores: [], seed: 2 });
    expect(refusal(table)).toBe("a has no eval/return yet: leave it out");
  });

  it("repetitions that are none", () => {
    run("a", { scores: [1] });
    run("b", { scores: [1], seed: 2, settings: { hidden: [8], discount: 0.9 } });
    expect(refusal(table)).toBe(
      "a and b are both sac era of gaussian on Hopper-v5, but differ in hidden (64,64 and 8) and in discount: tell them apart with --label hidden; --allow-settings compares them all the same",
    );
    expect(table("settings").notes[0]).toMatch(
      /differ in hidden \(64,64 and 8\) and in discount: taken for repetitions\.$/,
    );
  });

  it("a seed that is there twice", () => {
    for (const name of ["a", "b"]) run(name, { scores: [1], seed: 5 });
    expect(refusal(table)).toBe(
      "the same seed 5 of sac era of gaussian on Hopper-v5: a, b; --allow-seeds compares them all the same",
    );
    expect(table("seeds").notes[0]).toContain("too narrow");
  });

  it("different budgets on a task", () => {
    for (const seed of [1, 2]) run(`a${seed}`, { scores: [1], seed });
    run("b", { scores: [1], steps: 2000, settings: { head: "maxent" } });
    expect(refusal(table)).toBe(
      "different budgets on Hopper-v5: 1,000 steps (a1, a2), 2,000 steps (b); --allow-steps compares them all the same",
    );
    expect(table("steps").notes[0]).toMatch(/: each is compared at its own end\.$/);
  });

  it("tasks that a method was not run on", () => {
    run("a", { scores: [1] });
    run("b", { scores: [1], task: "Ant-v5" });
    run("c", { scores: [1], settings: { head: "maxent" } });
    expect(refusal(table)).toBe("no runs of sac maxent on Ant-v5; --allow-missing compares them all the same");
    expect(table("missing").notes[0]).toMatch(/those that all methods were run on\.$/);
  });

  it("and few seeds are said anyway", () => {
    for (const seed of [1, 2]) run(`a${seed}`, { scores: [1], seed });
    expect(table().notes).toEqual([
      "Fewer than 3 seeds: sac era of gaussian on Hopper-v5 (2): intervals of so few runs are too narrow.",
    ]);
  });
});

describe("normalization", () => {
  it("takes random to 0 and best to 1", () => {
    const range = { random: -200, best: 1800 };
    expect([-200, 800, 1800, 2800].map((score) => normalized(score, range))).toEqual([0, 0.5, 1, 1.5]);
  });

  it("from the runs' own scores has their lowest and highest", () => {
    run("a", { scores: [9, 3] });
    run("b", { scores: [1, 5], seed: 2 });
    expect(rangeOfRuns(table())).toEqual({ "Hopper-v5": { random: 3, best: 5 } });
  });

  it.each([
    [{ "Hopper-v5": { random: 1, best: 1 } }, /^file: must be \{/],
    [{ "Hopper-v5": 3 }, /^file: must be \{/],
    [{ "Ant-v5": { random: 0, best: 1 } }, /^file: says nothing of Hopper-v5$/],
  ])("refuses %j", (content, message) => {
    expect(refusal(() => parseNormalization(content, ["Hopper-v5"], "file"))).toMatch(message);
  });
});
