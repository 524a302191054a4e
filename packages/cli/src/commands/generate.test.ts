/** `era generate` with a small random model that is written for it. */
import { join } from "node:path";
import { initialParameters, parseConfig, readModel, writeModelFolder } from "@era/language";
import { Random } from "@era/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { era, start, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();
const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const specials = ["<|end|>", "<|user|>", "<|system|>"];
const vocab = Object.fromEntries([...letters, ...specials].map((text, token) => [text, token]));

function writeModel(dir: string, chat: boolean): void {
  const config = parseConfig({
    model_type: "llama",
    vocab_size: letters.length + specials.length,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 48,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
  });
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const tokenizer = {
    version: "1.0",
    added_tokens: specials.map((content) => ({ id: vocab[content], content, special: true })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: "BPE", vocab, merges: [] },
  };
  const tokenizerConfig = {
    eos_token: "<|end|>",
    ...(chat && { chat_template: "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}" }),
  };
  writeModelFolder(
    join(folder, dir),
    { config, weights: initialParameters(config, new Random(1), 0.3) },
    {
      files: { "tokenizer.json": JSON.stringify(tokenizer), "tokenizer_config.json": JSON.stringify(tokenizerConfig) },
    },
  );
}

const generate = async (...args: string[]) => {
  const { stdout, stderr, code } = await era(folder, "generate", ...args, "--threads", "1");
  expect(code, stderr).toBe(0);
  return stdout;
};
const objects = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("era generate", () => {
  beforeAll(() => {
    writeModel("chat", true);
    writeModel("plain", false);
  });

  it("prints the text as it comes, the same one that --json has with its numbers", async () => {
    const shown = await generate("chat", "--prompt", "hello", "--max-tokens", "12", "--seed", "3");
    const json = await generate("chat", "--prompt", "hello", "--max-tokens", "12", "--seed", "3", "--json");
    const [object] = objects(json);
    expect(`${object.text}\n`).toBe(shown);
    expect(object.promptTokens).toEqual([vocab["<|user|>"], ...[..."hello"].map((letter) => vocab[letter])]);
    const { tokenizer } = await readModel(join(folder, "chat"));
    expect(tokenizer.decode(object.tokens)).toBe(object.text);
    for (const name of ["logProbabilities", "entropies"]) expect(object[name]).toHaveLength(object.tokens.length);
    for (const entropy of object.entropies) {
      expect(entropy).toBeGreaterThan(0);
      expect(entropy).toBeLessThan(Math.log(29));
    }
  });

  it("continues standard input with --plain, and draws several samples", async () => {
    const args = ["generate", "chat", "--plain", "--max-tokens", "9", "--samples", "3", "--json", "--threads", "1"];
    const { stdout, stderr } = await start(folder, args, "abc\n").ended;
    const texts = objects(stdout);
    expect(texts).toHaveLength(3);
    expect(texts[0].promptTokens).toEqual([0, 1, 2]);
    expect(new Set(texts.map(({ text }) => text)).size).toBe(3);
    expect(stderr).toMatch(/^3 \+ 2\d tokens in .*; mean entropy \d\.\d+ nat; ended by /);
  });

  it("puts a system message into the template", async () => {
    const [object] = objects(await generate("chat", "--prompt", "a", "--system", "b", "--max-tokens", "1", "--json"));
    expect(object.promptTokens).toEqual([vocab["<|system|>"], 1, vocab["<|user|>"], 0]);
  });

  it("cuts a prompt that is too long only where asked", async () => {
    const long = "ab".repeat(40);
    const args = ["generate", "plain", "--prompt", long, "--max-tokens", "4", "--threads", "1"];
    const refused = await era(folder, ...args);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      "era: prompt 0 has 80 tokens, which leave no room in the model's context of 64\n",
    ]);
    expect((await era(folder, ...args, "--truncate")).code).toBe(0);
  });

  it.each([
    [["plain"], "the prompt is empty; a model needs something to continue"],
    [["plain", "--prompt", "a", "--system", "b"], "--system: plain has no chat template to put it in"],
    [["chat", "--prompt", "a", "--top-p", "1.5"], "--top-p is 1.5; it must be above 0 and at most 1"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr, stdout } = await era(folder, "generate", ...args);
    expect([code, stderr, stdout]).toEqual([2, `era: ${message}\n`, ""]);
  });
});
