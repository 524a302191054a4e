import { describe, expect, it } from "vitest";
import { createSeedBoard } from "./seedBoard.ts";
import { shareCores } from "./trainSeeds.ts";

const ESCAPE = "\x1b";

/** What a terminal shows after text with the few control sequences that the board uses. */
function screen(text: string): string[] {
  const lines = [""];
  let row = 0;
  const sequence = new RegExp(`${ESCAPE}\\[(\\d*)([AKJ])|\\r|\\n|[^${ESCAPE}\\r\\n]+`, "g");
  for (const [token, count, kind] of text.matchAll(sequence)) {
    if (kind === "A") row -= Number(count);
    else if (kind === "K") lines[row] = "";
    else if (kind === "J") lines.splice(row);
    else if (token === "\n") row++;
    else if (token !== "\r") lines[row] = token;
    lines[row] ??= "";
  }
  return lines;
}

function board(isTTY: boolean) {
  let text = "";
  let time = 0;
  const stream = {
    isTTY,
    columns: 60,
    write: (piece: string) => {
      text += piece;
    },
  };
  const names = ["seed 1", "seed 12"];
  const shown = createSeedBoard({ names, total: 1000, stream, color: false, now: () => time });
  return { ...shown, pass: (seconds: number) => (time += seconds * 1000), text: () => text };
}

describe("several runs on a terminal", () => {
  it("have a live line each, within the width; one that ends leaves its line above them", () => {
    const { begin, update, end, pass, text } = board(true);
    begin("seed 1");
    begin("seed 12");
    expect(screen(text())).toEqual(["seed 1   starting", "seed 12  starting", ""]);
    update("seed 1", 1, {});
    pass(1);
    update("seed 1", 251, { score: { label: "return", value: 5 } });
    const [first, second] = screen(text());
    expect(first).toMatch(/^seed 1 {3}━+─+ {3}25 % {2}return 5 {2}250 steps\/s/);
    expect(first?.length).toBeLessThan(60);
    expect(second).toBe("seed 12  starting");
    end("seed 12", "failed: no memory");
    expect(screen(text())).toEqual(["seed 12  failed: no memory", first, ""]);
    end("seed 1", "finished");
    expect(screen(text())).toEqual(["seed 12  failed: no memory", "seed 1   finished", ""]);
  });
});

describe("several runs in a log", () => {
  it("have a plain line each now and then", () => {
    const { begin, update, end, pass, text } = board(false);
    begin("seed 1");
    for (let step = 1; step <= 100; step++) {
      pass(0.25);
      update("seed 1", step, {});
    }
    end("seed 1", "finished");
    expect(text()).toBe(
      [
        "seed 1     4 %  4 steps/s  ETA 4:00 min  step 40 of 1,000",
        "seed 1     8 %  4 steps/s  ETA 3:50 min  step 80 of 1,000",
        "seed 1   finished",
        "",
      ].join("\n"),
    );
  });
});

it.each([
  [
    { seeds: 3, threads: 0, parallel: undefined, cores: 2 },
    { parallel: 2, threads: 1 },
  ],
  [
    { seeds: 3, threads: 0, parallel: undefined, cores: 16 },
    { parallel: 3, threads: 5 },
  ],
  [
    { seeds: 5, threads: 0, parallel: 1, cores: 4 },
    { parallel: 1, threads: 4 },
  ],
  [
    { seeds: 5, threads: 2, parallel: undefined, cores: 4 },
    { parallel: 2, threads: 2 },
  ],
  [
    { seeds: 5, threads: 8, parallel: undefined, cores: 4 },
    { parallel: 1, threads: 8 },
  ],
  [
    { seeds: 2, threads: 0, parallel: 9, cores: 1 },
    { parallel: 2, threads: 1 },
  ],
])("%j share the cores as %j", ({ seeds, threads, parallel, cores }, expected) => {
  expect(shareCores(seeds, threads, parallel, cores)).toEqual(expected);
});
