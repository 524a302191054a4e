/**
 * Low-rank adaptation (LoRA; Hu et al. 2021): a matrix W `[out, in]` stays as it is, and what is trained is a product beside it, W + s·B·A with A
 * `[rank, in]`, B `[out, rank]` and s = alpha/rank. Initial values and names of the pairs are PEFT's.
 */
import { add, init, matmul, mul, type NamedArray, type Random, type Tensor } from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import type { DecoderParameters } from "../decoder.ts";
import { parameterShapes } from "../parameters.ts";

/** The linear layers of a decoder layer, by the last part of their names; the output layer and the embedding are never adapted. */
export const loraTargets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
export type LoraTarget = (typeof loraTargets)[number];

export interface LoraOptions {
  readonly rank: number;
  /** The product is scaled by alpha/rank. */
  readonly alpha: number;
  /** Which linear layers are adapted; default: all. */
  readonly targets?: readonly LoraTarget[];
}

/** The names of a matrix's pair, as in PEFT's files: of "….q_proj.weight" "….q_proj.lora_A.weight" and "….q_proj.lora_B.weight". */
const pairOf = (name: string): { readonly a: string; readonly b: string } => {
  const layer = name.replace(/\.weight$/, "");
  return { a: `${layer}.lora_A.weight`, b: `${layer}.lora_B.weight` };
};

/** Names and shapes `[out, in]` of the matrices that are adapted. */
function adapted(config: DecoderConfig, targets: readonly LoraTarget[] = loraTargets): [string, readonly number[]][] {
  const endings = targets.map((target) => `.${target}.weight`);
  return Object.entries(parameterShapes(config)).filter(([name]) => endings.some((ending) => name.endsWith(ending)));
}

/**
 * Fresh pairs, by PEFT's names, to be the trained parameters (`State.parameters`): A uniform within ±1/√in (PyTorch's kaiming_uniform with a = √5), B
 * zero, so that the adapted model is the model itself at first.
 * @throws RangeError where the rank is no whole number from 1
 */
export function initialLora(
  config: DecoderConfig,
  random: Random,
  { rank, targets }: LoraOptions,
): Record<string, NamedArray> {
  if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`LoRA: the rank is ${rank}; it must be 1 or more`);
  return Object.fromEntries(
    adapted(config, targets).flatMap(([name, [output = 0, input = 0]]): [string, NamedArray][] => {
      const { a, b } = pairOf(name);
      return [
        [a, init.uniform(random, [rank, input], 1 / Math.sqrt(input))],
        [b, init.zeros([output, rank])],
      ];
    }),
  );
}

/**
 * The parameters of the adapted decoder, for `decoderHidden` and `tokenScores`: the base's and the pairs, which the linear layers add. Take
 * gradients of `pairs` only; the base is then neither differentiated nor changed.
 * @param base the decoder's own
 * @param pairs as {@link initialLora} names them
 */
export function loraParameters(
  config: DecoderConfig,
  base: DecoderParameters,
  pairs: DecoderParameters,
  { rank, alpha, targets }: LoraOptions,
): DecoderParameters {
  const parameters: Record<string, Tensor> = { ...base };
  for (const [name] of adapted(config, targets)) {
    const names = pairOf(name);
    const [a, b] = [pairs[names.a], pairs[names.b]];
    if (!a || !b) throw new Error(`LoRA: there is no pair for "${name}"`);
    parameters[names.a] = a;
    parameters[names.b] = mul(b, alpha / rank);
  }
  return parameters;
}

/**
 * The parameters of a plain decoder that computes the same: W + s·B·A in place of each adapted matrix. Compile them as outputs to have them as
 * arrays, for generation and for files.
 * @param parameters as {@link loraParameters} gives them
 */
export function mergedParameters(config: DecoderConfig, parameters: DecoderParameters): Record<string, Tensor> {
  return Object.fromEntries(
    Object.keys(parameterShapes(config)).map((name): [string, Tensor] => {
      const base = parameters[name];
      if (!base) throw new Error(`LoRA: there is no parameter "${name}"`);
      const names = pairOf(name);
      const [a, b] = [parameters[names.a], parameters[names.b]];
      return [name, a && b ? add(base, matmul(b, a)) : base];
    }),
  );
}
