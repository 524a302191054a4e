import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { lastBoxed } from "./boxed.ts";
import { readProblems } from "./problems.ts";

const folder = mkdtempSync(join(tmpdir(), "era-problems-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, ...rows: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return path;
}

describe("records are read by the fields that they have", () => {
  test.each([
    ["gsm8k", { question: "2+3?", answer: "Two and three.\n#### 5" }, { id: "0", text: "2+3?", answer: "5" }],
    [
      "minerva",
      { problem: "p", solution: "so \\boxed{1}, or \\boxed{\\frac{1}{2}}.", idx: 7 },
      { id: "7", answer: "\\frac{1}{2}" },
    ],
    [
      "olympiad",
      { id: 3, question: "q", context: "Let.", final_answer: ["$2$", "$x^{2}$"] },
      { id: "3", text: "Let.\n\nq", answer: "2, x^{2}" },
    ],
    [
      "math500",
      { problem: "p", solution: "\\boxed{9}", answer: "4", unique_id: "test/1" },
      { id: "test/1", answer: "4" },
    ],
    ["amc", { id: 0, problem: "p", answer: 27.0, url: "https://example.org/2023_AMC_12A" }, { id: "0", answer: "27" }],
    [
      "aime",
      { id: 60, problem: "p", answer: "204", url: "https://example.org/2024_AIME_I" },
      { id: "60", answer: "204" },
    ],
    ["plain", { question: "q", answer: "70" }, { id: "0", text: "q", answer: "70" }],
    ["problem=ask,answer=target,id=key", { ask: "q", target: 12, key: "k" }, { id: "k", text: "q", answer: "12" }],
  ])("%s", async (mapping, row, problem) => {
    const path = file("rows.jsonl", row, "", row);
    const [read, ...rest] = await readProblems(path, { mapping });
    expect(read).toMatchObject({ ...problem, fields: row });
    expect(rest).toHaveLength(1);
    if (!mapping.includes("=")) expect(await readProblems(path)).toEqual([read, ...rest]);
  });
});

test.each([
  [[], undefined, "has no problems"],
  [[{ question: "q", answer: "1" }, "{"], undefined, "line 2 is no JSON"],
  [["[1]"], undefined, "line 1 is no object of fields"],
  [[{ question: "q" }], undefined, "record 1 has no answer; its fields are question; see --mapping"],
  [[{ answer: "1" }], "gsm8k", "record 1 has no problem"],
  [[{ a: "1" }], "gsm9k", 'unknown mapping "gsm9k"; did you mean gsm8k?'],
  [[{ a: "1" }], "problem=a", "mapping problem=a: it must be like"],
])("%j with mapping %s is refused: %s", async (rows, mapping, message) => {
  const reading = readProblems(file("bad.jsonl", ...rows), mapping === undefined ? {} : { mapping });
  await expect(reading).rejects.toThrow(message);
});

test("a file that is not there, and one that is no Parquet, are refused by name", async () => {
  await expect(readProblems(join(folder, "none.jsonl"))).rejects.toThrow("none.jsonl: there is no such file");
  await expect(readProblems(file("no.parquet", "PAR0"))).rejects.toThrow("no.parquet can't be read as Parquet");
});

test("Parquet is read as JSON Lines are, compressed by Zstandard or Snappy", async () => {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  expect(await readProblems(path("gsm8k.zstd.parquet"))).toEqual([
    { id: "0", text: "1+1?", answer: "2", fields: { question: "1+1?", answer: "One and one.\n#### 2", idx: 0 } },
    { id: `${2 ** 40}`, text: "2+3?", answer: "5", fields: { question: "2+3?", answer: "#### 5", idx: 2 ** 40 } },
  ]);
  const [both, one] = await readProblems(path("olympiad.snappy.parquet"));
  expect(both).toMatchObject({ id: "7", text: "q", answer: "2, 3", fields: { final_answer: ["$2$", "$3$"] } });
  expect(one).toMatchObject({ id: "8", text: "Let.\n\nr", answer: "x" });
});

test.each([
  ["\\boxed{5}", "5"],
  ["first \\boxed{1} then \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"],
  ["\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"],
  ["\\boxed{3} and an open \\boxed{4", "3"],
  ["\\fbox{a}", "a"],
  ["so $\\boxed 7$.", "7"],
  ["\\boxed{}", ""],
  ["{\\boxed{1} and } \\boxed{\\boxed{2}}", "2"],
  ["stray } \\boxed{5} {", "5"],
  ["\\boxed{x \\\\ y}", "x \\\\ y"],
  ["\\boxedness{5}", undefined],
  ["\\boxed{".repeat(50_000), undefined],
  [`${"\\boxed{".repeat(20_000)}1${"}".repeat(20_000)}`, "1"],
  ["nothing", undefined],
])("the last box of %.60j holds %j", (text, content) => expect(lastBoxed(text)).toBe(content));

const shared = fileURLToPath(new URL("../../../../../shared/data/math/", import.meta.url));
const isHere = existsSync(shared);
if (!isHere) console.warn(`skipped: the data sets of ${shared} are not here`);

test.skipIf(!isHere).each([
  ["aime24", 30, "204"],
  ["aime25", 30, "70"],
  ["amc23", 40, "27"],
  ["gsm8k-test", 1319, "18"],
  ["gsm8k-train", 7473, "72"],
  ["math500", 500, "\\left( 3, \\frac{\\pi}{2} \\right)"],
  ["minerva_math", 272, "1.6"],
  ["olympiadbench", 675, "2"],
])("%s has its %i problems", async (name, count, answer) => {
  const problems = await readProblems(join(shared, `${name}.jsonl`));
  expect(problems).toHaveLength(count);
  expect(problems[0]?.answer).toBe(answer);
});
