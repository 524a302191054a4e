/** Models in Hugging Face's format: a folder with `config.json` and the weights in one safetensors file or in several with an index. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { FailureError, UsageError, writeFileAtomic } from "@era/lab";
import { decodeSafetensors, type NamedArray, type SafeTensor, safetensorsChunks } from "@era/tensor";
import { z } from "zod";
import { configJson, type DecoderConfig, parseConfig } from "./config.ts";
import { readBytes, readJson } from "./files.ts";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./halfPrecision.ts";
import { checkedParameters } from "./parameters.ts";

/** A decoder's weights in memory: float32, by Hugging Face's names. */
export interface DecoderWeights {
  readonly config: DecoderConfig;
  readonly weights: Record<string, NamedArray>;
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });
const singleFile = "model.safetensors";
const indexFile = `${singleFile}.index.json`;

/**
 * The decoder in a folder, its weights as float32.
 * @throws UsageError where the folder has no model or one that is not implemented, FailureError naming the file that is damaged
 */
export function readModelFolder(folder: string): DecoderWeights {
  const configPath = join(folder, "config.json");
  if (!existsSync(configPath)) throw new UsageError(`${folder}: there is no config.json`);
  const config = parseConfig(readJson(configPath), configPath);
  const arrays: Record<string, NamedArray> = {};
  for (const [file, names] of weightFiles(folder)) {
    const path = join(folder, file);
    const tensors = readTensors(path);
    for (const [name, tensor] of tensors) {
      if (names && !names.has(name)) throw new FailureError(`${path} has "${name}", which ${indexFile} has elsewhere`);
      arrays[name] = floatArray(path, name, tensor);
    }
    const missing = names && [...names].find((name) => !tensors.has(name));
    if (missing !== undefined) throw new FailureError(`${path} lacks "${missing}", which ${indexFile} has in it`);
  }
  try {
    return { config, weights: checkedParameters(config, arrays) };
  } catch (error) {
    throw new FailureError(`${folder}: ${(error as Error).message}`, { cause: error });
  }
}

/** The files that hold weights, each with the names that the index has in it (undefined: there is no index). */
function weightFiles(folder: string): Map<string, Set<string> | undefined> {
  if (existsSync(join(folder, singleFile))) return new Map([[singleFile, undefined]]);
  const path = join(folder, indexFile);
  if (!existsSync(path)) throw new UsageError(`${folder}: there is no ${singleFile}, nor ${indexFile}`);
  const parsed = indexSchema.safeParse(readJson(path));
  if (!parsed.success) throw new FailureError(`${path}: weight_map is no list of files by name`);
  const files = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(parsed.data.weight_map)) {
    if (file !== basename(file)) throw new FailureError(`${path}: "${file}" is no file of this folder`);
    const names = files.get(file) ?? new Set();
    files.set(file, names.add(name));
  }
  return files;
}

function readTensors(path: string): ReadonlyMap<string, SafeTensor> {
  if (!existsSync(path)) throw new FailureError(`${path}: there is no such file`);
  try {
    return decodeSafetensors(readBytes(path)).tensors;
  } catch (error) {
    if (error instanceof FailureError) throw error;
    throw new FailureError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function floatArray(path: string, name: string, { dtype, shape, data }: SafeTensor): NamedArray {
  switch (dtype) {
    case "F32":
      return { shape, dtype: "float32", data };
    case "F16":
      return { shape, dtype: "float32", data: fromFloat16(data) };
    case "BF16":
      return { shape, dtype: "float32", data: fromBfloat16(data) };
    default:
      throw new FailureError(`${path}: "${name}" is ${dtype}; weights must be F32, F16 or BF16`);
  }
}

export interface WriteModelOptions {
  /** Element type of the weights in the file. */
  readonly dtype?: "float32" | "float16" | "bfloat16";
  /** More files for the folder, such as `tokenizer.json`: their texts by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Writes a decoder as transformers reads it: `config.json` and `model.safetensors`. Each file is replaced whole or not at all, the
 * configuration last.
 */
export function writeModelFolder(
  folder: string,
  { config, weights }: DecoderWeights,
  { dtype = "float32", files = {} }: WriteModelOptions = {},
): void {
  const tensors: Record<string, SafeTensor> = {};
  for (const [name, { shape, data }] of Object.entries(checkedParameters(config, weights))) {
    const numbers = data as Float32Array;
    tensors[name] =
      dtype === "float32"
        ? { dtype: "F32", shape, data: numbers }
        : dtype === "float16"
          ? { dtype: "F16", shape, data: toFloat16(numbers) }
          : { dtype: "BF16", shape, data: toBfloat16(numbers) };
  }
  writeFileAtomic(join(folder, singleFile), safetensorsChunks(tensors, { format: "pt" }));
  for (const [name, text] of Object.entries(files)) writeFileAtomic(join(folder, name), text);
  const json = { ...configJson(config), torch_dtype: dtype };
  writeFileAtomic(join(folder, "config.json"), `${JSON.stringify(json, undefined, 2)}\n`);
}
