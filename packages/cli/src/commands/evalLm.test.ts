/** `era eval-lm` with a small random model that is written for it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { characterTokenizer, initialParameters, parseConfig, writeModelFolder } from "@era/language";
import { Random } from "@era/tensor";
import { beforeAll, expect, test } from "vitest";
import { era, start, temporaryFolder, until } from "../cli.fixture.ts";

const folder = temporaryFolder();
const count = 40;

beforeAll(() => {
  const tokenizer = characterTokenizer("0123456789+=?QuestionAswr: \n");
  const config = parseConfig({
    model_type: "llama",
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 48,
    max_position_embeddings: 96,
    tie_word_embeddings: true,
  });
  const weights = initialParameters(config, new Random(1), 0.3);
  writeModelFolder(join(folder, "model"), { config, weights }, { files: tokenizer.files });
  const rows = Array.from({ length: count }, (_, i) => JSON.stringify({ question: `${i}+1=?`, answer: `${i + 1}` }));
  writeFileSync(join(folder, "sums.jsonl"), rows.join("\n"));
  // Right where a digit of the answer is in the response: often enough to see a share.
  const reward = "export default ({ response, answer }) => (response.includes(answer.at(-1)) ? 1 : 0);";
  writeFileSync(join(folder, "digit.mjs"), reward);
});

const command = (...more: string[]) => [
  ..."eval-lm model --data sums.jsonl --reward digit.mjs --samples 4 --max-tokens 60 --batch 4 --threads 1 --json".split(
    " ",
  ),
  ...more,
];

test("an evaluation that is interrupted and continued has the records and the result of one that was not", async () => {
  const whole = await era(folder, ...command("--out", "whole.jsonl"));
  expect(whole.code, whole.stderr).toBe(0);
  const { child, ended } = start(folder, command("--out", "parts.jsonl"));
  const lines = (name: string) => readFileSync(join(folder, name), "utf8").trim().split("\n");
  await until(() => existsSync(join(folder, "parts.jsonl")) && lines("parts.jsonl").length > 3);
  child.kill("SIGINT");
  const first = await ended;
  expect(first.code, first.stderr).toBe(130);
  expect(first.stderr).toMatch(
    /stopped: \d+ of 40 problems are in parts\.jsonl; continue with the same command and --resume/,
  );
  expect(lines("parts.jsonl").length).toBeLessThan(count);
  const second = await era(folder, ...command("--out", "parts.jsonl", "--resume"));
  expect(second.code, second.stderr).toBe(0);
  expect(lines("parts.jsonl")).toEqual(lines("whole.jsonl"));
  const [result, other] = [whole, second].map(({ stdout }) => ({ ...JSON.parse(stdout), records: "" }));
  expect(other).toEqual(result);
  expect(result).toMatchObject({ problems: count, responses: 4 * count, errors: 0, skipped: 0 });
  expect(result.passAtK[1].value).toBeCloseTo(result.score.value, 12);
  expect(result.passAtK[4].value).toBeGreaterThan(result.passAtK[2].value);
  expect(result.entropy).toBeGreaterThan(0);
}, 240_000);

test("one greedy response each, and a result for people", async () => {
  const { stdout, stderr, code } = await era(
    folder,
    ..."eval-lm model --data sums.jsonl --limit 3 --reward number --max-tokens 4 --threads 1 --raw".split(" "),
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(
    /^3 problems, 3 responses\naccuracy, greedy: .* % \(95 %: .*\)\nentropy of the next token .* nat; .* tokens a response, .*\nrecords: sums-model\.records\.jsonl\n$/,
  );
  expect(stderr).toMatch(/tokens\/s .*problem 3 of 3/);
});

test.each([
  ["--k 8", "--k 8: there are only 4 responses to a problem; see --samples"],
  ["--plain --raw", "--chat, --plain and --raw exclude each other"],
  ["--temperature -1", "--temperature is -1; it must be at least 0"],
])("%s is refused", async (flags, message) => {
  const { code, stderr } = await era(folder, ...command("--out", "none.jsonl", ...flags.split(" ")));
  expect([code, stderr.startsWith(`era: ${message}`)], stderr).toEqual([2, true]);
  expect(existsSync(join(folder, "none.jsonl"))).toBe(false);
});
