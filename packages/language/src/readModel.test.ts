/** A model and its tokenizer from one path. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";
import { formulaWeights, transformersFixture } from "./fixtures/transformers.fixture.ts";
import { writeModelFolder } from "./modelFolder.ts";
import { readModel } from "./readModel.ts";

const { pipelines } = JSON.parse(readFileSync(new URL("./fixtures/tokenizers.json", import.meta.url), "utf8"));
const files = {
  "tokenizer.json": JSON.stringify(pipelines.qwen2.tokenizer),
  "tokenizer_config.json": JSON.stringify({ eos_token: "<|end|>" }),
};
const small = parseConfig(transformersFixture.cases.qwen2?.config);

describe("readModel", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "era-model-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("reads a folder with its tokenizer", async () => {
    const config = { ...small, vocabularySize: 704 };
    const weights = formulaWeights(config);
    writeModelFolder(folder, { config, weights }, { files });
    const model = await readModel(folder);
    expect(model.config).toEqual(config);
    expect(model.weights).toEqual(weights);
    expect(model.tokenizer.stopTokens).toEqual([2]);
  });

  it("reads the model that a run has trained, and says how to write it where there is none yet", async () => {
    const config = { ...small, vocabularySize: 704 };
    writeFileSync(join(folder, "config.json"), "{}");
    writeFileSync(join(folder, "metrics.jsonl"), "");
    await expect(readModel(folder)).rejects.toThrow(/the run has no model yet: write it with: era export /);
    writeModelFolder(join(folder, "model"), { config, weights: formulaWeights(config) }, { files });
    expect((await readModel(folder)).config).toEqual(config);
  });

  it("refuses the tokenizer of another model", async () => {
    writeModelFolder(folder, { config: small, weights: formulaWeights(small) }, { files });
    await expect(readModel(folder)).rejects.toThrow(/tokenizer has 700 tokens, but the model embeds 61/);
  });

  it("names what is missing", async () => {
    await expect(readModel(join(folder, "absent"))).rejects.toThrow(/absent: there is no such model/);
    await expect(readModel(folder)).rejects.toThrow(/there is no tokenizer\.json/);
    const gguf = join(folder, "model.gguf");
    writeFileSync(gguf, readFileSync(new URL("./fixtures/qwen2.gguf", import.meta.url)));
    await expect(readModel(gguf)).rejects.toThrow(/model\.gguf: it has no tokenizer/);
  });
});
