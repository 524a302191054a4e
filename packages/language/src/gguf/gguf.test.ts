/** GGUF: blocks against llama.cpp's Python package, files of its writer (fixtures/make_gguf.py), and files that lie. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../config.ts";
import { formulaWeights, transformersFixture } from "../fixtures/transformers.fixture.ts";
import { fromFloat16, toFloat16 } from "../halfPrecision.ts";
import { dequantize, type GgufType, ggufBytes, ggufTypes } from "./dequantize.ts";
import { readGguf } from "./readGguf.ts";

const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url);
const formats = JSON.parse(readFileSync(fixture("gguf.json"), "utf8")) as Record<
  GgufType,
  { bytes: string; numbers: string }
>;
const decoded = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe.each(ggufTypes)("%s", (type) => {
  const { bytes, numbers } = formats[type];
  const expected = new Float32Array(decoded(numbers).buffer);

  it("is dequantized as llama.cpp's package does it", () => {
    const own = dequantize(type, decoded(bytes));
    expect(own.length).toBe(expected.length);
    // The package multiplies in float32, we in float64: one rounding.
    const scale = Math.max(...expected.map(Math.abs));
    for (const [i, value] of own.entries()) {
      expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThanOrEqual(3e-7 * scale);
    }
  });

  it("takes the bytes that are there", () => {
    expect(ggufBytes(type, expected.length, 1)).toBe(decoded(bytes).length);
    expect(ggufBytes(type, expected.length, 3)).toBe(3 * decoded(bytes).length);
  });
});

it("rows that do not fill blocks have no size", () => {
  expect(ggufBytes("Q8_0", 33, 2)).toBeUndefined();
  expect(ggufBytes("Q4_K", 128, 2)).toBeUndefined();
});

describe.each([
  ["llama", "llama tied"],
  ["qwen2", "qwen2"],
])("a file of a %s decoder", (file, name) => {
  it("has the configuration and the weights of Hugging Face's", async () => {
    const model = await readGguf(fixture(`${file}.gguf`).pathname);
    const config = parseConfig(transformersFixture.cases[name]?.config);
    expect(model.config).toEqual(config);
    for (const [weight, { data, shape }] of Object.entries(formulaWeights(config))) {
      const numbers = data as Float32Array;
      const stored = shape.length === 2 ? fromFloat16(toFloat16(numbers)) : numbers;
      expect(model.weights[weight]?.data, weight).toEqual(stored);
    }
  });
});

describe("a file that lies", () => {
  const original = new Uint8Array(readFileSync(fixture("qwen2.gguf")));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "era-gguf-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Where a text begins in the file. */
  const placeOf = (text: string): number => Buffer.from(original).indexOf(text);
  /** Position of a tensor's facts, which follow its name: number of dimensions, dimensions, type, offset. */
  const afterName = (text: string): number => placeOf(text) + text.length;

  it.each<[string, (bytes: Uint8Array, view: DataView) => Uint8Array | undefined, RegExp]>([
    ["is no GGUF", (bytes) => bytes.fill(0, 0, 4), /not a valid gguf file/],
    ["is empty", () => new Uint8Array(0), /./],
    ["ends within the header", (bytes) => bytes.subarray(0, 700), /truncated/],
    ["ends within the data", (bytes) => bytes.subarray(0, -40), /truncated: .* would end at byte/],
    ["is of an unknown version", (_bytes, view) => void view.setUint32(4, 99, true), /version/],
    ["claims 2^60 tensors", (_bytes, view) => void view.setBigUint64(8, 2n ** 60n, true), /./],
    ["claims 50,000 more tensors than it has", (_bytes, view) => void view.setBigUint64(8, 50_000n, true), /./],
    ["claims 2^60 metadata entries", (_bytes, view) => void view.setBigUint64(16, 2n ** 60n, true), /./],
    ["claims a key of 2^40 bytes", (_bytes, view) => void view.setBigUint64(24, 2n ** 40n, true), /./],
    [
      "claims a huge tensor",
      (_bytes, view) => void view.setBigUint64(afterName("token_embd.weight") + 4, 2n ** 31n - 1n, true),
      /tensor "token_embd\.weight": truncated/,
    ],
    [
      "puts a tensor beyond its end",
      (_bytes, view) => void view.setBigUint64(afterName("token_embd.weight") + 24, 2n ** 62n, true),
      /tensor "token_embd\.weight": truncated/,
    ],
    [
      "has a tensor of an unknown type",
      (_bytes, view) => void view.setUint32(afterName("token_embd.weight") + 20, 16, true),
      /tensor "token_embd\.weight": the type IQ2_XXS is not implemented/,
    ],
    [
      "has a tensor of a type that does not exist",
      (_bytes, view) => void view.setUint32(afterName("token_embd.weight") + 20, 9999, true),
      /tensor "token_embd\.weight": the type 9999 is not implemented/,
    ],
    [
      "has one tensor twice",
      (bytes) => bytes.fill(0x30, placeOf("blk.1.attn_norm") + 4, placeOf("blk.1.attn_norm") + 5),
      /tensor "blk\.0\.attn_norm\.weight" is there twice/,
    ],
    [
      "has a tensor of an unknown name",
      (bytes) => bytes.fill(0x78, placeOf("output_norm"), placeOf("output_norm") + 6),
      /has no tensor "xxxxxx_norm\.weight"/,
    ],
    [
      "is of an unknown architecture",
      (bytes) => bytes.fill(0x78, afterName("general.architecture") + 12, afterName("general.architecture") + 17),
      /the architecture "xxxxx" is not implemented/,
    ],
    [
      "claims 2^31 layers",
      (_bytes, view) => void view.setUint32(afterName("qwen2.block_count") + 4, 2 ** 31, true),
      /block_count is 2147483648, but there are/,
    ],
    [
      "claims another width",
      (_bytes, view) => void view.setUint32(afterName("qwen2.feed_forward_length") + 4, 41, true),
      /ffn|mlp\.gate_proj\.weight" is \[40, 24\], but \[41, 24\]/,
    ],
  ])("since it %s is refused in one line", async (_what, change, message) => {
    const bytes = original.slice();
    const changed = change(bytes, new DataView(bytes.buffer)) ?? bytes;
    const path = join(folder, "lying.gguf");
    writeFileSync(path, changed);
    const before = process.memoryUsage().rss;
    const error = await readGguf(path).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.name).toBe("FailureError");
    expect(error?.message).toMatch(message);
    expect(error?.message.startsWith(path)).toBe(true);
    expect(error?.message).not.toContain("\n");
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it("there is none: the command was wrong", async () => {
    await expect(readGguf(join(folder, "absent.gguf"))).rejects.toThrow(/there is no such file/);
  });
});
