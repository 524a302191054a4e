import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { interquartileMean } from "../statistics.ts";
import { makeRun } from "./compare.fixture.ts";
import { compareRuns } from "./comparison.ts";
import { comparisonPage } from "./comparisonPage.ts";
import { comparisonTables, markdownTable, textTable } from "./comparisonTables.ts";
import { findRuns } from "./findRuns.ts";
import { learningCurve } from "./learningCurve.ts";
import { tabulate } from "./runTable.ts";

const folder = mkdtempSync(join(tmpdir(), "era-comparison-"));
afterAll(() => rmSync(folder, { recursive: true }));
const heads = ["era", "maxent"];
const seeds = [1, 2, 3, 4];
const tasks = ["Ant-v5", "Hopper-v5"];

beforeAll(() => {
  for (const [t, task] of tasks.entries()) {
    for (const [h, head] of heads.entries()) {
      for (const seed of seeds) {
        // The last score: 100 · (task + 1) + 10 · seed, minus 25 for the second head.
        const scores = [0, 50, 100 * (t + 1) + 10 * seed - 25 * h];
        const dir = join(folder, `${task}-${head}-${seed}`);
        makeRun({ dir, task, seed, steps: 900 * (t + 1), scores, settings: { head } });
      }
    }
  }
});

const tableOf = (...names: string[]) =>
  tabulate(
    findRuns(
      names.length === 0 ? [folder] : names.flatMap((name) => seeds.map((seed) => join(folder, `${name}-${seed}`))),
    ),
  );
const ranges = { "Ant-v5": { random: 0, best: 200 }, "Hopper-v5": { random: 100, best: 300 } };

describe("a comparison", () => {
  it("of several tasks without a common scale has each task's results, and how often one beats the other", () => {
    const { results, aggregates, improvements, notes } = compareRuns(tableOf(), { resamples: 200 });
    expect(results.map(({ iqm, mean }) => [iqm.value, mean.value])).toEqual([
      [125, 125],
      [225, 225],
      [100, 100],
      [200, 200],
    ]);
    expect(aggregates).toEqual([]);
    // Of 16 pairs of seeds, 10·(i − j) + 25 > 0 fails for i − j = −3 only (one pair).
    expect(improvements.map(({ probability }) => probability.value)).toEqual([15 / 16]);
    expect(notes).toEqual([expect.stringContaining("--normalize")]);
  });

  it("of normalized scores has aggregates in closed form", () => {
    const { aggregates } = compareRuns(tableOf(), { resamples: 200, normalization: ranges });
    const [era] = aggregates;
    // Both tasks: 0.55, 0.6, 0.65, 0.7.
    expect(era?.iqm.value).toBeCloseTo(0.625, 12);
    expect(era?.mean.value).toBeCloseTo(0.625, 12);
    expect(era?.median.value).toBeCloseTo(0.625, 12);
    expect(era?.optimalityGap?.value).toBeCloseTo(0.375, 12);
    expect([era?.profile[0]?.value, era?.profile.at(-1)?.value]).toEqual([1, 0]);
    // The tasks have different budgets: their curves have no common axis.
    expect(era?.curve).toBeUndefined();
    for (const { value, low, high } of [era?.iqm, era?.median].filter((estimate) => estimate !== undefined)) {
      expect(low).toBeGreaterThanOrEqual(0.55);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });

  it("in tables names methods, numbers and intervals", () => {
    const tables = comparisonTables(compareRuns(tableOf(), { resamples: 200, normalization: ranges }));
    expect(tables.map(({ title }) => title)).toEqual([
      "All 2 tasks, normalized eval/return",
      "Ant-v5, final eval/return after 900 steps",
      "Hopper-v5, final eval/return after 1,800 steps",
      "Probability that a run of the one scores higher than one of the other, mean of 2 tasks",
    ]);
    const [, ant] = tables;
    if (!ant) throw new Error("no table");
    expect(textTable(ant).split("\n")[2]).toMatch(
      /^ {2}sac era of gaussian {2}125 +\[\d+, \d+\] +125 +\[\d+, \d+\] +4$/,
    );
    expect(markdownTable(ant)).toMatch(/\n\| sac maxent \| 100 \| \[\d+, \d+\] \| 100 \| \[\d+, \d+\] \| 4 \|$/);
  });

  it("as a page stands alone, says its notes and every number", async () => {
    const table = { ...tableOf(), notes: ["different <budgets>: each at its own end."] };
    const html = await comparisonPage(compareRuns(table, { resamples: 100, normalization: ranges }), ["today"]);
    expect(html.includes('<p class="warning">different &#60;budgets&#62;: each at its own end.</p>')).toBe(true);
    expect(/ (src|href)=|@import|url\(|<script/.test(html)).toBe(false);
    for (const title of ["IQM (higher is better)", "Optimality gap", "Ant-v5 over training", "Performance profile"]) {
      expect(html.includes(title), title).toBe(true);
    }
    expect(/NaN|undefined/.test(html)).toBe(false);
    // Four aggregates, a curve and an interval for each task, profile, improvement.
    expect(html.match(/<figure/g)).toHaveLength(10);
    expect(html.includes("Ant-v5-era-1</td>")).toBe(true);
  });
});

describe("a learning curve", () => {
  const raw = (score: number) => score;

  it("has the interquartile mean at each evaluation, at its step", () => {
    const { groups } = tableOf("Ant-v5-era");
    const curve = learningCurve(groups, raw, { resamples: 100 });
    expect(curve.map(({ step, value }) => [step, value])).toEqual([
      [300, 0],
      [600, 50],
      [900, interquartileMean([110, 120, 130, 140])],
    ]);
    expect(curve[1]).toMatchObject({ low: 50, high: 50 });
    expect(curve[2]?.low).toBeGreaterThanOrEqual(110);
  });

  it("puts runs that are evaluated at different steps into common stretches, and ends with the shortest", () => {
    for (const [seed, count] of [3, 6].entries()) {
      const scores = Array.from({ length: count }, (_, i) => ((i + 1) * 6) / count);
      makeRun({ dir: join(folder, `other/${seed}`), task: "Other", seed, steps: 600, scores });
    }
    const half = { dir: join(folder, "other/half"), task: "Other", seed: 9, steps: 600, scores: [1, 2, 3] };
    makeRun({ ...half, status: "interrupted" });
    const found = findRuns([join(folder, "other")]);
    const { groups } = tabulate(found, { allowed: new Set(["unfinished"]) });
    const curve = learningCurve(groups, raw, { resamples: 100 });
    // Three stretches of 200 steps: means (2, 1.5, 1.5) and then only two runs; the interrupted one ends within the second.
    expect(curve.map(({ step }) => step)).toEqual([200, 400]);
    expect(curve[0]?.value).toBeCloseTo((2 + 1.5 + 1.5) / 3, 12);
    expect(curve[1]?.value).toBeCloseTo((4 + 3.5 + 3) / 3, 12);
  });
});
