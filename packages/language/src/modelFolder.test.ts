/** Model folders: what transformers wrote is read, what is written is read back, and what lies is refused. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "@era/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configJson, parseConfig } from "./config.ts";
import { formulaWeights, transformersFixture, transformersFolder } from "./fixtures/transformers.fixture.ts";
import { fromBfloat16, toBfloat16 } from "./halfPrecision.ts";
import { readModelFolder, writeModelFolder } from "./modelFolder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "era-model-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const edit = (file: string, change: (json: Record<string, never>) => void) => {
  const json = JSON.parse(readFileSync(join(folder, file), "utf8"));
  change(json);
  writeFileSync(join(folder, file), JSON.stringify(json));
};

describe("a folder that transformers wrote, in bfloat16 and several shards", () => {
  beforeEach(() => cpSync(transformersFolder, folder, { recursive: true }));

  it("is read with its exact weights", () => {
    const { config, weights } = readModelFolder(folder);
    expect(config).toEqual(parseConfig(transformersFixture.cases.qwen2?.config));
    for (const [name, { data, shape }] of Object.entries(formulaWeights(config))) {
      expect(weights[name]?.shape).toEqual(shape);
      expect(weights[name]?.data, name).toEqual(fromBfloat16(toBfloat16(data as Float32Array)));
    }
  });

  it.each([
    [
      "model.safetensors.index.json",
      "names a file elsewhere",
      (json: { weight_map: Record<string, string> }) => {
        json.weight_map["model.norm.weight"] = "../other.safetensors";
      },
      /"\.\.\/other\.safetensors" is no file of this folder/,
    ],
    [
      "model.safetensors.index.json",
      "has a name that its file lacks",
      (json: { weight_map: Record<string, string> }) => {
        json.weight_map.ghost = "model-00001-of-00003.safetensors";
      },
      /lacks "ghost"/,
    ],
    [
      "model.safetensors.index.json",
      "names a missing file",
      (json: { weight_map: Record<string, string> }) => {
        json.weight_map["model.norm.weight"] = "model-00009-of-00003.safetensors";
      },
      /model-0000\d-of-00003\.safetensors/,
    ],
    [
      "config.json",
      "is of another family",
      (json: { model_type: string }) => {
        json.model_type = "mixtral";
      },
      /model_type is "mixtral"; implemented are llama and qwen2/,
    ],
    [
      "config.json",
      "has another width",
      (json: { intermediate_size: number }) => {
        json.intermediate_size = 41;
      },
      /mlp\.gate_proj\.weight" is \[40, 24\], but \[41, 24\]/,
    ],
    [
      "config.json",
      "has a negative size",
      (json: { vocab_size: number }) => {
        json.vocab_size = -1;
      },
      /vocab_size/,
    ],
    [
      "config.json",
      "scales positions in an unknown way",
      (json: { rope_parameters: { rope_type: string } }) => {
        json.rope_parameters.rope_type = "longrope";
      },
      /rope scaling "longrope" is not implemented/,
    ],
  ])("whose %s %s is refused in one line", (file, _what, change, message) => {
    edit(file, change as never);
    expect(() => readModelFolder(folder)).toThrow(message);
    try {
      readModelFolder(folder);
    } catch (error) {
      expect((error as Error).message).not.toContain("\n");
    }
  });

  it("whose shard is cut is refused with its name", () => {
    const path = join(folder, "model-00002-of-00003.safetensors");
    writeFileSync(path, readFileSync(path).subarray(0, -2));
    expect(() => readModelFolder(folder)).toThrow(/model-00002-of-00003\.safetensors: .*truncated/);
  });
});

describe.each(Object.entries(transformersFixture.cases))("a written folder (%s)", (_name, { config: given }) => {
  const config = parseConfig(given);
  const weights = formulaWeights(config);

  it.each(["float32", "bfloat16", "float16"] as const)("in %s is read back", (dtype) => {
    writeModelFolder(folder, { config, weights }, { dtype, files: { "tokenizer.json": "{}" } });
    const read = readModelFolder(folder);
    expect(read.config).toEqual(config);
    const relative = { float32: 0, bfloat16: 2 ** -8, float16: 2 ** -11 }[dtype];
    // Half precision's smallest numbers are 2^-24 apart.
    const least = dtype === "float16" ? 2 ** -25 : 0;
    for (const [name, { data }] of Object.entries(weights)) {
      const own = read.weights[name]?.data ?? [];
      const far = [...data].filter(
        (value, i) => !(Math.abs(Number(own[i]) - Number(value)) <= relative * Math.abs(Number(value)) + least),
      );
      expect(far, name).toEqual([]);
    }
    expect(readFileSync(join(folder, "tokenizer.json"), "utf8")).toBe("{}");
  });

  it("says that it is PyTorch's, as transformers demands", () => {
    writeModelFolder(folder, { config, weights });
    const { metadata } = decodeSafetensors(readFileSync(join(folder, "model.safetensors")));
    expect(metadata.get("format")).toBe("pt");
  });
});

describe("weights", () => {
  const config = parseConfig(transformersFixture.cases.qwen2?.config);
  const tensors = Object.entries(formulaWeights(config)).map(
    ([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, data: data as Float32Array }] as const,
  );
  const write = (more: typeof tensors) => {
    writeFileSync(join(folder, "config.json"), JSON.stringify(configJson(config)));
    writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(Object.fromEntries(more)));
  };

  it("of a tied output layer and of old rotary buffers are ignored, others unknown refused", () => {
    const extra = { dtype: "F32" as const, shape: [1], data: Float32Array.of(1) };
    write([...tensors, ["lm_head.weight", extra], ["model.layers.0.self_attn.rotary_emb.inv_freq", extra]]);
    expect(Object.keys(readModelFolder(folder).weights)).toHaveLength(tensors.length);
    write([...tensors, ["model.layers.9.mlp.up_proj.weight", extra]]);
    expect(() => readModelFolder(folder)).toThrow(/has no "model\.layers\.9\.mlp\.up_proj\.weight"/);
  });

  it("that are missing are named", () => {
    write(tensors.filter(([name]) => name !== "model.norm.weight"));
    expect(() => readModelFolder(folder)).toThrow(/"model\.norm\.weight" is missing/);
  });
});
