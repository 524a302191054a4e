/** The tables of `era bench language`, with numbers made up so that rates and ratios are round. */
import { expect, it } from "vitest";
import { generationTable, grpoTable } from "./languageBench.ts";

const part = (milliseconds: number) => ({ milliseconds, cpuMilliseconds: 2 * milliseconds });

it("rates are of the tokens of all rows, ratios above 1 where ours is faster", () => {
  const table = generationTable([
    {
      size: { batch: 4, prompt: 100, tokens: 11, threads: 2 },
      rounds: 3,
      results: [
        { name: "era", version: "v20", parts: [part(100), part(200)] },
        { name: "transformers", version: "5", parts: [part(200), part(300)] },
        { name: "llama.cpp", error: "not installed" },
      ],
    },
  ]);
  expect(table.split("\n").slice(2)).toEqual([
    "| | reading | ours ÷ theirs | growing | ours ÷ theirs |",
    "| --- | ---: | ---: | ---: | ---: |",
    "| era (v20) | 4000 (0.5 ms) | 1 | 200 (10 ms) | 1 |",
    "| transformers (5) | 2000 (1 ms) | 2 | 133 (15 ms) | 1.5 |",
    "| llama.cpp | not installed | | | |",
  ]);
});

it("a step of GRPO is its two parts together", () => {
  const table = grpoTable({
    size: { prompts: 8, responses: 4, prompt: 64, tokens: 64, rows: 8, threads: 2 },
    rounds: 1,
    results: [
      { name: "era", version: "v20", parts: [part(1000), part(3000)] },
      { name: "torch", version: "2", parts: [part(2000), part(4000)] },
    ],
  });
  expect(table.split("\n").slice(4)).toEqual([
    "| era (v20) | 1 (2) | 3 (6) | 4 (8) | 1 |",
    "| torch (2) | 2 (4) | 4 (8) | 6 (12) | 1.5 |",
  ]);
});
