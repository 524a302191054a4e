import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createRun, runMetrics, summarize } from "@era/lab";
import { beforeAll, describe, expect, it } from "vitest";
import { era, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();

/** A run folder as `era train` leaves it, with evaluations that the test decides. */
function makeRun(
  name: string,
  task: string,
  head: string,
  seed: number,
  scores: readonly number[],
  steps = 1000,
): void {
  const config = { env: task, steps, seed, head, hidden: [8], threads: 1 };
  const run = createRun({ dir: join(folder, name), kind: "sac", config });
  for (const [i, score] of scores.entries()) run.log(((i + 1) * steps) / scores.length, { "eval/return": score });
  run.writeSummary(summarize(runMetrics(run), { kind: "sac", status: "finished", score: "eval/return" }));
  run.close();
}

beforeAll(() => {
  for (const seed of [1, 2, 3, 4]) {
    for (const [task, base] of [
      ["Hopper-v5", 100],
      ["Walker2d-v5", 1000],
    ] as const) {
      makeRun(`runs/${task}-era-${seed}`, task, "era", seed, [base, 3 * base + seed]);
      makeRun(`runs/${task}-maxent-${seed}`, task, "maxent", seed, [base, 2 * base + seed]);
    }
  }
  makeRun("longer/run", "Hopper-v5", "era", 9, [1, 2], 2000);
});

describe("era compare", () => {
  it("prints every task's interquartile mean with its interval, and aggregates on a common scale", async () => {
    const { code, stdout, stderr } = await era(folder, "compare", "runs", "--normalize", "runs", "--resamples", "200");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(/Hopper-v5, final eval\/return after 1,000 steps\n.*\n {2}SAC era +303 /);
    expect(stdout).toMatch(/Walker2d-v5, .*\n.*\n.*\n {2}SAC maxent +2,003 /);
    expect(stdout).toMatch(/SAC era over SAC maxent +1\.00 /);
  });

  it("gives one JSON object with the same numbers, and a page with pictures", async () => {
    const args = ["compare", "runs", "--normalize", "runs", "--resamples", "200", "--json", "--html", "page.html"];
    const { code, stdout } = await era(folder, ...args);
    expect(code).toBe(0);
    const { results, aggregates, improvements } = JSON.parse(stdout);
    expect(results).toHaveLength(4);
    expect(results[0].scores.toSorted()).toEqual([301, 302, 303, 304]);
    expect(results[0].iqm.value).toBe(302.5);
    expect(aggregates).toHaveLength(2);
    expect(improvements[0].probability.value).toBe(1);
    const page = readFileSync(join(folder, "page.html"), "utf8");
    expect(page).toContain("<svg");
    expect(page).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="https?:/);
  });

  it.each([
    ["runs longer", /^era: .*steps/],
    ["runs nowhere", /^era: nowhere: there is no such folder$/],
    ["runs --level 2", /^era: --level 2: must be a number between 0 and 1$/],
    ["runs --normalize none.json", /^era: --normalize none\.json: there is no such file$/],
    ["runs --json --markdown", /^era: --json and --markdown: give only one of them$/],
  ])("refuses %s in one line", async (line, message) => {
    const { code, stdout, stderr } = await era(folder, "compare", ...line.split(" "), "--html", "refused.html");
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(existsSync(join(folder, "refused.html"))).toBe(false);
  });
});
