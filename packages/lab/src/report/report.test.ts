import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { MetricsRow } from "../metrics.ts";
import { createRun } from "../run.ts";
import { runMetrics } from "../runFolder.ts";
import { summarize } from "../summary.ts";
import { curveSvg } from "./chart.ts";
import { binCurve, metricCurve } from "./curve.ts";
import { defaultPanels, seriesLabels } from "./panels.ts";
import { writeReport } from "./report.ts";
import { LIGHT } from "./theme.ts";

const folder = mkdtempSync(join(tmpdir(), "era-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("writeReport", () => {
  const run = createRun({
    dir: join(folder, "run"),
    kind: "sac",
    config: { env: "<Hopper>-v5", entropy: { perDim: 0.25 } },
  });
  for (let step = 0; step <= 1000; step++) {
    run.log(step, { "train/return": step / 2, "policy/entropyMin": 2 + Math.sin(step), "loss/critic": 1 / (1 + step) });
    if (step % 100 === 0) run.log(step, { "eval/return": step });
  }
  const entropy = { metric: "policy/entropyMin", target: 1, floor: 0.75 };
  run.writeSummary(summarize(runMetrics(run), { kind: "sac", status: "finished", score: "eval/return", entropy }));
  run.close();

  it("is one file that loads nothing and runs nothing", async () => {
    const html = readFileSync(await writeReport(run), "utf8");
    expect(html).not.toMatch(/<(script|link|img|iframe|object)/i);
    expect(html).not.toMatch(/@import|url\(/i);
    const addresses = html.match(/https?:[^"'\s<)]*/g) ?? [];
    expect(new Set(addresses)).toEqual(new Set(["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]));
    expect(html.match(/<svg/g)).toHaveLength(3);
    const ids = html.match(/ id="[^"]*"/g) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("shows the scores, the floor, and the configuration, whatever characters are in it", async () => {
    const html = readFileSync(await writeReport(run, { title: 'A "title" & more' }), "utf8");
    expect(html).toContain("<h1>A &#34;title&#34; &#38; more <span");
    expect(html).toContain('<dd>1,000</dd><dd class="small">best 1,000 at step 1,000</dd>');
    expect(html).toContain(
      '<dd>1.00 nat <span class="good">✓</span></dd><dd class="small">floor 0.75, target 1.00</dd>',
    );
    expect(html).toContain(">floor 0.75</text>");
    expect(html).toContain("<tr><th>env</th><td>&#60;Hopper&#62;-v5</td></tr>");
    expect(html).toContain("<tr><th>entropy.perDim</th><td>0.25</td></tr>");
  });

  it("draws the panels that are asked for, without what was never logged", async () => {
    const panels = [
      { title: "Learning", series: ["eval/return", "eval/accuracy"], rules: [{ value: -5, label: "random" }] },
      { title: "Nothing", series: ["eval/accuracy"] },
    ];
    const html = readFileSync(await writeReport(run, { panels }), "utf8");
    expect(html).toContain("<figcaption>Learning</figcaption>");
    expect(html).toContain(">random</text>");
    expect(html).not.toContain("Nothing");
    expect(html.match(/<svg/g)).toHaveLength(1);
  });

  it("of a run that has only begun says that there is nothing yet", async () => {
    const empty = createRun({ dir: join(folder, "empty"), kind: "sac", config: {} });
    expect(readFileSync(await writeReport(empty), "utf8")).toContain("No metrics were logged.");
    empty.close();
  });
});

describe("curveSvg", () => {
  it("puts points and rules where they belong", async () => {
    const points = [
      { step: 0, value: 0 },
      { step: 100, value: 10 },
    ];
    const rules = [{ value: 5, label: "half" }];
    const svg = await curveSvg({ curves: [{ label: "a", points }], rules, steps: [0, 400], width: 200, height: 100 });
    // The vertical axis is given room for the rule's label: where 0 and 10 lie, half of it lies in the middle.
    const [, x0, y0, x1, y1] = (svg.match(/d="M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)"/) ?? []).map(Number);
    // From the step 0 at the left to 400 at the right, 100 lies after a quarter.
    expect([x0, x1]).toEqual([0, 50]);
    const rule = svg.match(new RegExp(`<line transform="translate\\(\\d+,([\\d.]+)\\)"[^>]*stroke="${LIGHT.rule}"`));
    expect(Number(rule?.[1])).toBeCloseTo(((y0 ?? Number.NaN) + (y1 ?? Number.NaN)) / 2, 6);
    expect(y0).toBeGreaterThan(y1 ?? Number.NaN);
  });

  it("draws any finite curves", async () => {
    const curves = [
      { label: "one point", points: [{ step: 3, value: 1 }] },
      { label: "constant", points: [0, 1, 2].map((step) => ({ step, value: 7 })) },
      { label: "huge", points: [0, 1, 2].map((step) => ({ step, value: step * 1e300 })) },
      { label: "<&>", points: [] },
    ];
    const svg = await curveSvg({ curves, title: "<title>" });
    expect(svg).toContain("&lt;title&gt;");
    expect(svg).toContain("&lt;&amp;&gt;");
    expect(svg).not.toContain("NaN");
  });

  it("can be read in the dark: every colour of the frame has its other one", async () => {
    const points = [0, 1].map((step) => ({ step, value: step }));
    const svg = await curveSvg({
      curves: ["a", "b"].map((label) => ({ label, points })),
      title: "T",
      rules: [{ value: 0, label: "r" }],
    });
    for (const colour of [LIGHT.text, LIGHT.muted, LIGHT.grid, LIGHT.rule])
      expect(svg).toContain(`[fill="${colour}"]{fill:`);
    expect(svg).toContain("prefers-color-scheme: dark");
  });
});

describe("binCurve", () => {
  it("keeps a short curve as it is", () => {
    const points = [1, 2, 3].map((step) => ({ step, value: -step }));
    expect(binCurve(points, 3)).toEqual(
      points.map(({ step, value }) => ({ step, mean: value, low: value, high: value })),
    );
  });

  it("keeps a long curve's order, extremes and mean", () => {
    const steps = fc.array(fc.nat(10_000), { minLength: 10, maxLength: 300 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 9 }), (unordered, most) => {
        const points = unordered.toSorted((a, b) => a - b).map((step, index) => ({ step, value: Math.sin(index * 7) }));
        const bins = binCurve(points, most);
        expect(bins.length).toBeLessThanOrEqual(most);
        expect(bins.map((bin) => bin.step)).toEqual(bins.map((bin) => bin.step).toSorted((a, b) => a - b));
        const values = points.map((point) => point.value);
        expect(Math.min(...bins.map((bin) => bin.low))).toBe(Math.min(...values));
        expect(Math.max(...bins.map((bin) => bin.high))).toBe(Math.max(...values));
        for (const { low, mean, high } of bins) {
          expect(mean).toBeGreaterThanOrEqual(low - 1e-12);
          expect(mean).toBeLessThanOrEqual(high + 1e-12);
        }
      }),
    );
  });

  it("means what lies together", () => {
    const points = [0, 1, 2, 3, 10, 11, 12, 13].map((step) => ({ step, value: step }));
    expect(binCurve(points, 2)).toEqual([
      { step: 1.5, mean: 1.5, low: 0, high: 3 },
      { step: 11.5, mean: 11.5, low: 10, high: 13 },
    ]);
  });
});

describe("defaultPanels", () => {
  const row = (...names: string[]): MetricsRow => ({
    step: 0,
    wallTime: 0,
    metrics: Object.fromEntries(names.map((name) => [name, 1])),
  });

  it("puts scores first, speed and memory last, and together what is the same thing", () => {
    const rows = [
      row("memory/resident", "speed/stepsPerSecond", "loss/critic", "loss/actor"),
      row("policy/entropy", "policy/entropyMin", "eval/return", "train/return", "train/episodeLength"),
    ];
    expect(defaultPanels(rows, -0.25)).toEqual([
      { title: "Return", series: ["train/return", "eval/return"] },
      {
        title: "Policy entropy",
        series: ["policy/entropy", "policy/entropyMin"],
        rules: [{ value: -0.25, label: "floor −0.25" }],
        unit: "nats",
      },
      { title: "Critic loss", series: ["loss/critic"] },
      { title: "Actor loss", series: ["loss/actor"] },
      { title: "Episode length", series: ["train/episodeLength"] },
      { title: "Steps per second", series: ["speed/stepsPerSecond"] },
      { title: "Resident memory", series: ["memory/resident"], unit: "MiB" },
    ]);
  });

  it("suits other domains", () => {
    const panels = defaultPanels([
      row("train/loss", "eval/loss", "test/accuracy", "reward", "policy/logStd", "gradient/actor"),
    ]);
    expect(panels.map(({ title, series }) => [title, ...series])).toEqual([
      ["Accuracy", "test/accuracy"],
      ["Reward", "reward"],
      ["Loss", "train/loss", "eval/loss"],
      ["Policy log std", "policy/logStd"],
      ["Actor gradient", "gradient/actor"],
    ]);
  });

  it("labels series by what tells them apart", () => {
    expect(seriesLabels(["train/return", "eval/return"])).toEqual(["training", "evaluation"]);
    expect(seriesLabels(["policy/entropy", "policy/entropyMin"])).toEqual(["entropy", "entropy min"]);
    expect(seriesLabels(["train/loss", "eval/accuracy"])).toEqual(["training loss", "evaluation accuracy"]);
    expect(seriesLabels(["return"])).toEqual(["return"]);
  });
});

it("metricCurve takes the rows that have the metric", () => {
  const rows = [
    { step: 1, wallTime: 0, metrics: { a: 1 } },
    { step: 2, wallTime: 0, metrics: { b: 2 } },
    { step: 3, wallTime: 0, metrics: { a: 3, b: 0 } },
  ];
  expect(metricCurve(rows, "a")).toEqual([
    { step: 1, value: 1 },
    { step: 3, value: 3 },
  ]);
});
