/** Evaluation of a small random model over characters. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "@era/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../config.ts";
import type { Problem } from "../data/problems.ts";
import { Generator } from "../generation/generator.ts";
import { constantParameters, initialParameters } from "../parameters.ts";
import { characterTokenizer } from "../tokenizer/characterTokenizer.ts";
import { askedProblems, type EvaluateProblemsOptions, evaluateProblems } from "./evaluateProblems.ts";
import { promptOf, withoutNext } from "./prompts.ts";
import { type ProblemRecord, RecordsFile } from "./records.ts";
import { summarizeRecords } from "./summarizeRecords.ts";

const tokenizer = characterTokenizer("0123456789+=?QuestionAswr: \nxyz");
const maxLength = 48;
const config = parseConfig({
  model_type: "llama",
  vocab_size: tokenizer.vocabularySize,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: maxLength,
  tie_word_embeddings: true,
});
const generators: Generator[] = [];
beforeAll(async () => {
  const weights = constantParameters(initialParameters(config, new Random(1), 0.3));
  for (const rows of [1, 3]) generators.push(await Generator.create(config, weights, { rows, threads: 1 }));
});
afterAll(() => Promise.all(generators.map((generator) => generator.dispose())));

const problem = (text: string, index: number): Problem => ({ id: `p${index}`, text, answer: "7", fields: { text } });
const problems = ["1+2=", "12+34=", "9+9=?", "x".repeat(maxLength), "0+0="].map(problem);
const options: EvaluateProblemsOptions = {
  problems,
  style: { form: "raw", instruction: "", shots: [] },
  reward: ({ response }) => {
    if (response.startsWith("x")) throw new Error("no verdict");
    return response.includes("7") ? 1 : 0;
  },
  samples: 4,
  generation: { temperature: 1, maxNewTokens: 8 },
  seed: 5,
  tooLong: "skip",
  rows: 3,
};

async function evaluate(
  which: 0 | 1,
  given: Partial<EvaluateProblemsOptions> = {},
  done = 0,
): Promise<ProblemRecord[]> {
  const all = { ...options, ...given };
  const generator = generators[which];
  if (!generator) throw new Error("no generator");
  const records: ProblemRecord[] = [];
  const asked = askedProblems(tokenizer, maxLength, all);
  for await (const record of evaluateProblems(generator, tokenizer, asked, done, all)) records.push(record);
  return records;
}

test("records do not depend on how many run at once, nor on where an evaluation begins", async () => {
  const whole = await evaluate(0, { rows: 1 });
  expect(whole.map(({ id, samples }) => [id, samples.length])).toEqual([
    ["p0", 4],
    ["p1", 4],
    ["p2", 4],
    ["p3", 0],
    ["p4", 4],
  ]);
  expect(new Set(whole.flatMap(({ samples }) => samples.map(({ response }) => response))).size).toBeGreaterThan(8);
  const close = (records: ProblemRecord[]) =>
    records.map(({ samples, ...rest }) => ({
      ...rest,
      samples: samples.map(({ logProbability, entropy, ...same }) => ({
        ...same,
        logProbability: Number(logProbability.toFixed(4)),
        entropy: Number(entropy.toFixed(4)),
      })),
    }));
  expect(close(await evaluate(1))).toEqual(close(whole));
  for (const done of [1, 3, 4]) expect(close(await evaluate(1, {}, done))).toEqual(close(whole.slice(done)));
});

test("a prompt that is too long is an error, a problem left out, or cut, as asked", async () => {
  expect(() => askedProblems(tokenizer, maxLength, { ...options, tooLong: "error" })).toThrow(
    "problem 4 (p3) has a prompt of 48 tokens, which leaves no room in the model's context of 48",
  );
  const [, , , skipped] = await evaluate(1);
  expect(skipped).toMatchObject({ prompt: "skipped", promptTokens: 48, samples: [] });
  const [, , , cut] = await evaluate(1, { tooLong: "truncate" });
  expect(cut).toMatchObject({ prompt: "truncated", promptTokens: 40 });
  expect(cut?.samples).toHaveLength(4);
});

test("a reward that throws is an error of that response alone", async () => {
  const records = await evaluate(1, {
    reward: ({ prompt }) => (prompt === "1+2=" ? Promise.reject(new Error("no")) : 1),
  });
  expect(records[0]?.samples[0]).toMatchObject({ score: null, error: "no" });
  expect(summarizeRecords(records, [1])).toMatchObject({
    problems: 3,
    skipped: 1,
    responses: 16,
    errors: 4,
    score: { value: 1 },
  });
});

test("the summary is that of the numbers in the records", () => {
  const sample = (score: number | null, tokens = 10, entropy = 1) => ({
    response: "",
    score,
    tokens,
    end: tokens === 10 ? ("stop" as const) : ("length" as const),
    logProbability: -1,
    entropy,
  });
  const record = (index: number, ...samples: ReturnType<typeof sample>[]): ProblemRecord => ({
    index,
    id: `${index}`,
    answer: "",
    promptTokens: 1,
    prompt: "whole",
    samples,
  });
  const records = [
    record(0, sample(1), sample(0), sample(0), sample(0.5, 30, 2)),
    record(1, sample(0), sample(null), sample(0), sample(0)),
  ];
  const summary = summarizeRecords(records, [1, 2, 4, 8]);
  expect(summary).toMatchObject({ problems: 2, responses: 8, errors: 1, tokens: 100, length: 12.5, cut: 1 / 8 });
  expect(summary.score.value).toBe((0.375 + 0) / 2);
  // 1 right of 4: pass@1 1/4, pass@2 1 − C(3,2)/C(4,2) = 1/2; none of the other 3.
  expect(summary.passAtK[1]?.value).toBeCloseTo(1 / 8, 12);
  expect(summary.passAtK[2]?.value).toBeCloseTo(1 / 4, 12);
  expect(summary.passAtK[4]?.value).toBe(1);
  expect(summary.passAtK[8]).toBeUndefined();
  expect(summary.entropy).toBeCloseTo((70 + 60) / 100, 12);
  expect(summary.score.low).toBe(0);
  expect(summary.score.high).toBe(0.375);
});

test("no right response among n problems still leaves room for some", () => {
  const records = Array.from({ length: 100 }, (_, index) => ({
    index,
    id: `${index}`,
    answer: "",
    promptTokens: 1,
    prompt: "whole" as const,
    samples: [{ response: "", score: 0, tokens: 1, end: "stop" as const, logProbability: 0, entropy: 0 }],
  }));
  const { score } = summarizeRecords(records, [1]);
  expect([score.value, score.low]).toEqual([0, 0]);
  // Of 100 binomial draws at this rate none succeeds in 2.5 % of all cases.
  expect((1 - score.high) ** 100).toBeCloseTo(0.025, 12);
});

describe("prompts", () => {
  const shot: Problem = { id: "s", text: "1+1", answer: "2", fields: { answer: "1+1 = <<1+1=2>>2\n#### 2" } };

  test("as a question, with examples and without their calculator's marks", () => {
    const { text } = promptOf(tokenizer, problem("2+3", 0), { form: "question", instruction: "Now.", shots: [shot] });
    expect(text).toBe("Question: 1+1\nAnswer: 1+1 = 2\n#### 2\n\nQuestion: 2+3\n\nNow.\nAnswer:");
    const style = { form: "question" as const, instruction: "", shots: [] };
    expect(withoutNext(" 5\n\nQuestion: 7", style)).toBe(" 5\n");
  });

  test("a conversation needs a template", () => {
    expect(() => promptOf(tokenizer, problem("2", 0), { form: "chat", instruction: "", shots: [] })).toThrow(
      "the model has no chat template",
    );
  });
});

describe("the file of records", () => {
  const folder = mkdtempSync(join(tmpdir(), "era-records-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const settings = { model: "m", samples: 1 };
  const record = (index: number): ProblemRecord => ({
    index,
    id: `${index}`,
    answer: "é",
    promptTokens: 1,
    prompt: "whole",
    samples: [],
  });

  test("goes on behind its last whole record", () => {
    const path = join(folder, "some", "records.jsonl");
    const file = RecordsFile.open(path, settings);
    file.append(record(0));
    file.append(record(1));
    file.close();
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, `${whole}{"index":2,"id":`);
    const again = RecordsFile.open(path, settings, { resume: true });
    expect(again.records).toEqual([record(0), record(1)]);
    expect(readFileSync(path, "utf8")).toBe(whole);
    again.append(record(2));
    again.close();
    expect(readFileSync(path, "utf8")).toBe(`${whole}${JSON.stringify(record(2))}\n`);
  });

  test.each([
    ["new.jsonl", undefined, true, "new.jsonl: there is nothing to resume"],
    [
      "old.jsonl",
      '{"settings":{"model":"m","samples":1}}\n',
      false,
      "old.jsonl is there already: continue it with --resume",
    ],
    ["other.jsonl", '{"settings":{"model":"m","samples":2}}\n', true, "was begun with samples = 2, not 1"],
    ["more.jsonl", '{"settings":{"model":"m","samples":1,"k":3}}\n', true, "was begun with k = 3, not nothing"],
    ["none.jsonl", '{"index":0}\n', true, "the first line has no settings"],
    [
      "bad.jsonl",
      '{"settings":{"model":"m","samples":1}}\n{"index":1}\n',
      true,
      "line 2 is no record of problem 1; the file is damaged",
    ],
  ])("%s is refused where it does not fit", (name, content, resume, message) => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    expect(() => RecordsFile.open(path, settings, { resume })).toThrow(message);
    if (content !== undefined) expect(readFileSync(path, "utf8")).toBe(content);
  });
});
