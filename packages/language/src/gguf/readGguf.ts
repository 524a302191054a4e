/**
 * Decoders in GGUF files, llama.cpp's format. @huggingface/gguf reads the header, in pieces and with limits; its claims are then checked
 * against the file before anything is read or allocated by them.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { FailureError, fileFailure, UsageError } from "@era/lab";
import type { NamedArray } from "@era/tensor";
import { GGMLQuantizationType, gguf } from "@huggingface/gguf";
import { type DecoderConfig, families } from "../config.ts";
import type { DecoderWeights } from "../modelFolder.ts";
import { checkedParameters } from "../parameters.ts";
import { type RopeScaling, ropeFrequencies } from "../rope.ts";
import { dequantize, type GgufType, ggufBytes, ggufTypes } from "./dequantize.ts";

/** A file's metadata by key: numbers, strings, booleans, and lists of them. */
export type GgufMetadata = Readonly<Record<string, unknown>>;

export interface GgufModel extends DecoderWeights {
  readonly metadata: GgufMetadata;
}

/** One array of a file, its place checked. */
interface GgufTensor {
  readonly type: GgufType;
  /** Row-major, the outermost dimension first (the file has it last). */
  readonly shape: readonly number[];
  readonly begin: number;
  readonly bytes: number;
}

interface GgufHeader {
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/**
 * A file's metadata and the places of its arrays.
 * @throws UsageError where there is no such file, FailureError naming what is wrong with it
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file`);
  const fail = (problem: string, cause?: unknown): never => {
    throw new FailureError(`${path}: ${problem}`, { cause });
  };
  const { size } = statSync(path);
  const { metadata, tensorInfos, tensorDataOffset, littleEndian } = await gguf(path, { allowLocalFile: true }).catch(
    (error: Error) =>
      fail(
        error instanceof RangeError ? "truncated: the header goes beyond the file" : firstLine(error.message),
        error,
      ),
  );
  if (!littleEndian) return fail("big-endian files are not implemented");
  const tensors = new Map<string, GgufTensor>();
  for (const { name, shape: dimensions, dtype, offset } of tensorInfos) {
    const what = `tensor "${name}"`;
    if (tensors.has(name)) return fail(`${what} is there twice`);
    const typeName = GGMLQuantizationType[dtype] as string | undefined;
    const type = ggufTypes.find((known) => known === typeName);
    if (!type) return fail(`${what}: the type ${typeName ?? dtype} is not implemented; ${ggufTypes.join(", ")} are`);
    const shape = dimensions.map(Number).reverse();
    const row = shape.at(-1) ?? 1;
    const rows = shape.slice(0, -1).reduce((product, dimension) => product * dimension, 1);
    const bytes = ggufBytes(type, row, rows);
    if (bytes === undefined) return fail(`${what}: rows of ${row} numbers do not fill blocks of ${type}`);
    const begin = Number(tensorDataOffset) + Number(offset);
    // Sizes beyond what a number holds exactly are beyond any file too.
    if (!(begin + bytes <= size)) {
      return fail(`${what}: truncated: [${shape.join(", ")}] of ${type} would end at byte ${begin + bytes} of ${size}`);
    }
    tensors.set(name, { type, shape, begin, bytes });
  }
  return { metadata: metadata as unknown as GgufMetadata, tensors };
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/**
 * The decoder of a file, its weights dequantized to float32 and named as Hugging Face names them.
 * @throws UsageError where there is no such file, FailureError where it is damaged, of another architecture, or uses what is not implemented
 */
export async function readGguf(path: string): Promise<GgufModel> {
  const header = await readGgufHeader(path);
  const { metadata, tensors } = header;
  const fail = (problem: string): never => {
    throw new FailureError(`${path}: ${problem}`);
  };
  const read = arrayReader(path, tensors);
  try {
    const config = ggufConfig(header, () => read("rope_freqs.weight"), fail);
    const arrays: Record<string, NamedArray> = {};
    for (const [name, { shape }] of tensors) {
      if (name === "rope_freqs.weight") continue;
      const known = huggingFaceName(name) ?? fail(`a ${config.family} decoder has no tensor "${name}"`);
      const data = read(name);
      const isRotated = config.family === "llama" && /\.self_attn\.[qk]_proj\./.test(known);
      arrays[known] = { shape, dtype: "float32", data: isRotated ? halvesApart(data, shape, config.headWidth) : data };
    }
    return { config, weights: checkedParameters(config, arrays), metadata };
  } catch (error) {
    if (error instanceof FailureError) throw error;
    return fail((error as Error).message);
  } finally {
    read.close();
  }
}

function arrayReader(path: string, tensors: GgufHeader["tensors"]) {
  const file = openSync(path, "r");
  const read = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor) throw new FailureError(`${path}: tensor "${name}" is missing`);
    const bytes = new Uint8Array(tensor.bytes);
    try {
      for (let at = 0; at < bytes.length; ) {
        const count = readSync(file, bytes, at, Math.min(2 ** 30, bytes.length - at), tensor.begin + at);
        if (count === 0) throw new FailureError(`${path} became shorter while it was read`);
        at += count;
      }
    } catch (error) {
      throw fileFailure(path, "read", error);
    }
    return dequantize(tensor.type, bytes);
  };
  return Object.assign(read, { close: () => closeSync(file) });
}

const layerNames: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const otherNames: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

function huggingFaceName(name: string): string | undefined {
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (part === undefined) return Object.hasOwn(otherNames, name) ? otherNames[name] : undefined;
  return Object.hasOwn(layerNames, part) ? `model.layers.${layer}.${layerNames[part]}.${kind}` : undefined;
}

/**
 * llama.cpp rotates neighbouring numbers of a head in llama models, so its converter interleaves the halves of each head's rows of queries and
 * keys, which Hugging Face rotates against each other. This puts them apart again.
 */
function halvesApart(data: Float32Array, shape: readonly number[], headWidth: number): Float32Array {
  const row = data.length / (shape[0] ?? 1);
  const apart = new Float32Array(data.length);
  for (let from = 0; from < (shape[0] ?? 0); from++) {
    const [head, within] = [Math.floor(from / headWidth), from % headWidth];
    const to = head * headWidth + (within % 2) * (headWidth / 2) + Math.floor(within / 2);
    apart.set(data.subarray(from * row, (from + 1) * row), to * row);
  }
  return apart;
}

function ggufConfig(
  { metadata, tensors }: GgufHeader,
  ropeFactors: () => Float32Array,
  fail: (problem: string) => never,
) {
  const architecture = metadata["general.architecture"];
  const family = families.find((known) => known === architecture);
  if (!family)
    return fail(`the architecture ${JSON.stringify(architecture)} is not implemented; ${families.join(" and ")} are`);
  const value = (key: string) => metadata[`${family}.${key}`];
  const number = (key: string, otherwise?: number): number => {
    const given = value(key) ?? otherwise;
    const result = typeof given === "bigint" ? Number(given) : given;
    if (typeof result !== "number" || !(result > 0)) return fail(`${family}.${key} must be a positive number`);
    return result;
  };
  const whole = (key: string, otherwise?: number): number => {
    const result = number(key, otherwise);
    return Number.isSafeInteger(result) ? result : fail(`${family}.${key} is ${result}; it must be whole`);
  };
  const [width, heads] = [whole("embedding_length"), whole("attention.head_count")];
  const keyValueHeads = whole("attention.head_count_kv", heads);
  if (heads % keyValueHeads !== 0) return fail(`${heads} heads are no multiple of ${keyValueHeads} key-value heads`);
  const headWidth = whole("attention.key_length", width / heads);
  if (headWidth % 2 !== 0 || whole("rope.dimension_count", headWidth) !== headWidth) {
    return fail(
      `${family}.rope.dimension_count ${value("rope.dimension_count")} for heads of ${headWidth} is not implemented`,
    );
  }
  const layers = whole("block_count");
  // A count that lies must not become a list of names of that length.
  if (layers > tensors.size) return fail(`${family}.block_count is ${layers}, but there are ${tensors.size} tensors`);
  const theta = number("rope.freq_base", 10_000);
  const bias = (part: string) => tensors.has(`blk.0.${part}.bias`);
  const config: DecoderConfig = {
    family,
    vocabularySize: tensors.get("token_embd.weight")?.shape[0] ?? fail('tensor "token_embd.weight" is missing'),
    width,
    layers,
    heads,
    keyValueHeads,
    headWidth,
    feedForwardWidth: whole("feed_forward_length"),
    // A float32 of the file: to as many digits as it has, 1e-5 and not 0.00000999999974…
    normEpsilon: Number(number("attention.layer_norm_rms_epsilon").toPrecision(7)),
    rope: {
      theta,
      scaling: tensors.has("rope_freqs.weight")
        ? llama3Scaling(theta, headWidth, ropeFactors(), fail)
        : ggufScaling(value, number, whole, fail),
    },
    maxLength: whole("context_length"),
    tiedEmbeddings: !tensors.has("output.weight"),
    biases: { queryKeyValue: bias("attn_q"), output: bias("attn_output"), feedForward: bias("ffn_gate") },
  };
  return config;
}

function ggufScaling(
  value: (key: string) => unknown,
  number: (key: string) => number,
  whole: (key: string) => number,
  fail: (problem: string) => never,
): RopeScaling {
  const type = value("rope.scaling.type") ?? "none";
  switch (type) {
    case "none":
      return { type: "default" };
    case "linear":
      return { type: "linear", factor: number("rope.scaling.factor") };
    case "yarn": {
      const originalLength = whole("rope.scaling.original_context_length");
      return { type: "yarn", factor: number("rope.scaling.factor"), betaFast: 32, betaSlow: 1, originalLength };
    }
    default:
      return fail(`the rope scaling ${JSON.stringify(type)} is not implemented; none, linear and yarn are`);
  }
}

/** llama.cpp stores Llama 3.1's scaling as what each frequency is divided by, without the settings: those of Meta's models are tried. */
function llama3Scaling(
  theta: number,
  headWidth: number,
  factors: Float32Array,
  fail: (problem: string) => never,
): RopeScaling {
  const scaling: RopeScaling = {
    type: "llama3",
    factor: Math.max(...factors),
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalLength: 8192,
  };
  const plain = ropeFrequencies({ theta, scaling: { type: "default" } }, headWidth);
  const scaled = ropeFrequencies({ theta, scaling }, headWidth);
  const isSame =
    factors.length === plain.length &&
    factors.every((factor, i) => Math.abs((plain[i] ?? 0) / (scaled[i] ?? 0) / factor - 1) < 1e-4);
  return isSame ? scaling : fail("rope_freqs.weight is not the scaling of Llama 3.1, the only one implemented");
}
