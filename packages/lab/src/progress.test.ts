import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, formatNumber } from "./numberText.ts";
import { createProgress } from "./progress.ts";
import { type ProgressState, renderProgress } from "./progressLine.ts";

const state: ProgressState = {
  step: 12_400,
  total: 20_000,
  stepsPerSecond: 142.4,
  score: { label: "return", value: 1243.4 },
  entropy: { value: 4.912, floor: 4.75 },
};
const plain = (width: number, changed: Partial<ProgressState> = {}) =>
  renderProgress({ ...state, ...changed }, { width, bar: true, color: false });

describe("renderProgress", () => {
  it("shows all there is", () => {
    expect(plain(120)).toBe(
      "━━━━━━━━━━━━━━━━━━────────────   62 %  return 1,243  H 4.91 ≥ 4.75  142 steps/s  ETA 53 s  step 12,400 of 20,000",
    );
  });

  it("shortens the bar, then leaves out the least important, to fit", () => {
    expect(plain(79)).toBe("━━━━━━━━━━━━────────   62 %  return 1,243  H 4.91 ≥ 4.75  142 steps/s  ETA 53 s");
    expect(plain(40)).toBe("━━━━━━━━━━━────────   62 %  return 1,243");
    expect(plain(12)).toBe(" 62 %");
    expect(plain(3)).toBe(" 62");
  });

  it("is never wider than it may be", () => {
    const states = fc.record({
      step: fc.nat(10 ** 9),
      total: fc.nat(10 ** 9),
      stepsPerSecond: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined }),
      score: fc.option(fc.record({ label: fc.string({ maxLength: 20 }), value: fc.double() }), { nil: undefined }),
      entropy: fc.option(fc.record({ value: fc.double(), floor: fc.double() }), { nil: undefined }),
    });
    fc.assert(
      fc.property(states, fc.integer({ min: 1, max: 200 }), fc.boolean(), (some, width, bar) => {
        expect(renderProgress(some, { width, bar, color: false }).length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("colours change nothing else", () => {
    const coloured = renderProgress(state, { width: 100, bar: true, color: true });
    expect(coloured).toContain("\x1b[32mH 4.91 ≥ 4.75\x1b[0m");
    expect(stripVTControlCharacters(coloured)).toBe(plain(100));
  });

  it("doesn't hide an entropy below its floor", () => {
    const below = { ...state, entropy: { value: 4.7, floor: 4.75 } };
    expect(renderProgress(below, { width: 100, bar: true, color: true })).toContain("\x1b[31mH 4.70 < 4.75\x1b[0m");
  });

  it("speaks of accuracy in per cent", () => {
    expect(plain(120, { score: { label: "accuracy", value: 0.9137, percent: true } })).toContain("accuracy 91.4 %");
  });

  it("says nothing of what isn't known", () => {
    expect(renderProgress({ step: 0, total: 10 }, { width: 80, bar: false, color: false })).toBe("  0 %  step 0 of 10");
  });
});

const CLEAR = "\r\x1b[2K";

/** A stream and a clock to test with. */
function setup(options: { isTTY: boolean; columns?: number; start?: number }) {
  let time = 0;
  let written = "";
  const { start = 0, ...stream } = options;
  const progress = createProgress({
    total: 1000,
    start,
    stream: { ...stream, write: (text: string) => (written += text) },
    color: false,
    now: () => time,
  });
  return {
    progress,
    after: (seconds: number) => (time += seconds * 1000),
    taken: () => {
      const text = written;
      written = "";
      return text;
    },
  };
}

describe("createProgress", () => {
  it("keeps one live line on a terminal, drawn at most ten times a second", () => {
    const { progress, after, taken } = setup({ isTTY: true, columns: 60 });
    progress.update(1);
    expect(taken()).toBe("");
    after(0.1);
    progress.update(10, { score: { label: "return", value: 5 } });
    expect(taken()).toBe(`${CLEAR}${"─".repeat(19)}    1 %  return 5  100 steps/s  ETA 10 s`);
    progress.update(11);
    expect(taken()).toBe("");
    progress.print("evaluation: 7");
    expect(taken().startsWith(`${CLEAR}evaluation: 7\n${CLEAR}─`)).toBe(true);
    after(1);
    progress.update(1000);
    taken();
    progress.stop();
    expect(taken()).toBe(`${CLEAR}${"━".repeat(8)}  100 %  return 5  909 steps/s  step 1,000 of 1,000\n`);
    progress.stop();
    progress.update(1000);
    expect(taken()).toBe("");
  });

  it("writes plain lines at intervals elsewhere", () => {
    const { progress, after, taken } = setup({ isTTY: false });
    after(9.9);
    progress.update(90);
    expect(taken()).toBe("");
    after(0.1);
    progress.update(100, { entropy: { value: 1, floor: 0.5 } });
    expect(taken()).toBe(" 10 %  H 1.00 ≥ 0.50  10 steps/s  ETA 1:30 min  step 100 of 1,000\n");
    progress.print("note");
    expect(taken()).toBe("note\n");
  });

  it("measures the speed of this session, over the recent past", () => {
    const { progress, after, taken } = setup({ isTTY: false, start: 500 });
    after(10);
    progress.update(510);
    expect(taken()).toContain("1 steps/s");
    for (const step of [610, 710, 810]) {
      after(10);
      progress.update(step);
    }
    expect(taken()).toMatch(/10 steps\/s {2}ETA 19 s {2}step 810 of 1,000\n$/);
  });
});

describe("numbers for people", () => {
  it("have about three digits that matter", () => {
    const cases: [number, string][] = [
      [0, "0"],
      [-0, "0"],
      [12_345.6, "12,346"],
      [-1243.4, "-1,243"],
      [87.25, "87.3"],
      [5.126, "5.13"],
      [5, "5"],
      [0.05239, "0.052"],
      [0.000123456, "1.23e-4"],
      [1.2e-7, "1.2e-7"],
      [3e12, "3e12"],
      [Number.NaN, "NaN"],
    ];
    for (const [value, text] of cases) expect(formatNumber(value)).toBe(text);
  });

  it("durations in the unit that suits", () => {
    const texts = [0.4, 59.4, 59.6, 187, 3599.6, 7500, 172_799, 276_480].map(formatDuration);
    expect(texts).toEqual(["0 s", "59 s", "1:00 min", "3:07 min", "1:00 h", "2:05 h", "2.0 days", "3.2 days"]);
  });
});
