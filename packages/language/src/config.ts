/** What a decoder is: read from a Hugging Face `config.json`, and written as one. */
import { UsageError } from "@era/lab";
import { z } from "zod";
import type { Rope, RopeScaling } from "./rope.ts";

/** Model families, by the name that `model_type` has. */
export const families = ["llama", "qwen2"] as const;
export type Family = (typeof families)[number];

export interface DecoderConfig {
  readonly family: Family;
  readonly vocabularySize: number;
  /** Numbers per token between layers (`hidden_size`). */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; each serves heads / keyValueHeads heads of queries. */
  readonly keyValueHeads: number;
  readonly headWidth: number;
  /** Width of the feed-forward layers (`intermediate_size`). */
  readonly feedForwardWidth: number;
  readonly normEpsilon: number;
  readonly rope: Rope;
  /** The longest context, in tokens. */
  readonly maxLength: number;
  /** The output layer is the embedding. */
  readonly tiedEmbeddings: boolean;
  /** Which projections have biases. */
  readonly biases: { readonly queryKeyValue: boolean; readonly output: boolean; readonly feedForward: boolean };
}

const count = z.number().int().positive();
const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: count.optional(),
  beta_fast: z.number().positive().nullish(),
  beta_slow: z.number().positive().nullish(),
  attention_factor: z.number().positive().nullish(),
  mscale: z.unknown().optional(),
  mscale_all_dim: z.unknown().optional(),
  truncate: z.boolean().optional(),
  partial_rotary_factor: z.number().optional(),
});
const schema = z.looseObject({
  model_type: z.enum(families),
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  intermediate_size: count,
  hidden_act: z.literal("silu").default("silu"),
  rms_norm_eps: z.number().positive().default(1e-6),
  max_position_embeddings: count,
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().default(false),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
});

/**
 * The decoder that a parsed `config.json` describes.
 * @param source names it in error messages
 * @throws UsageError where it is not of a known family, contradicts itself, or asks for something that is not implemented
 */
export function parseConfig(json: unknown, source = "config.json"): DecoderConfig {
  const fail = (problem: string): never => {
    throw new UsageError(`${source}: ${problem}`);
  };
  const family = (json as { model_type?: unknown } | null)?.model_type;
  if (!families.some((known) => known === family)) {
    return fail(`model_type is ${JSON.stringify(family)}; implemented are ${families.join(" and ")}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const config = parsed.data;
  if (config.use_sliding_window) return fail("use_sliding_window is true; windowed attention is not implemented");
  const heads = config.num_attention_heads;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  if (heads % keyValueHeads !== 0) return fail(`${heads} heads are no multiple of ${keyValueHeads} key-value heads`);
  const headWidth = config.head_dim ?? config.hidden_size / heads;
  if (headWidth % 2 !== 0) return fail(`heads of ${headWidth} numbers can't be rotated in pairs`);
  const isLlama = config.model_type === "llama";
  return {
    family: config.model_type,
    vocabularySize: config.vocab_size,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads,
    keyValueHeads,
    headWidth,
    feedForwardWidth: config.intermediate_size,
    normEpsilon: config.rms_norm_eps,
    rope: ropeOf(config, fail),
    maxLength: config.max_position_embeddings,
    tiedEmbeddings: config.tie_word_embeddings,
    biases: {
      queryKeyValue: !isLlama || config.attention_bias,
      output: isLlama && config.attention_bias,
      feedForward: isLlama && config.mlp_bias,
    },
  };
}

function ropeOf(config: z.infer<typeof schema>, fail: (problem: string) => never): Rope {
  // transformers 5 keeps theta and scaling in `rope_parameters`; before, the scaling was `rope_scaling`, and its type `type` at first.
  const given = config.rope_parameters ?? config.rope_scaling ?? {};
  const theta = given.rope_theta ?? config.rope_theta ?? 10_000;
  if (given.partial_rotary_factor !== undefined && given.partial_rotary_factor !== 1) {
    return fail(`partial_rotary_factor ${given.partial_rotary_factor} is not implemented`);
  }
  const need = (key: "factor" | "low_freq_factor" | "high_freq_factor" | "original_max_position_embeddings") =>
    given[key] ?? fail(`the rope scaling lacks ${key}`);
  const type = given.rope_type ?? given.type ?? "default";
  const scaling = (): RopeScaling => {
    switch (type) {
      case "default":
        return { type };
      case "linear":
        return { type, factor: need("factor") };
      case "llama3":
        return {
          type,
          factor: need("factor"),
          lowFrequencyFactor: need("low_freq_factor"),
          highFrequencyFactor: need("high_freq_factor"),
          originalLength: need("original_max_position_embeddings"),
        };
      case "yarn":
        if (given.mscale !== undefined || given.mscale_all_dim !== undefined || given.truncate === false) {
          return fail("yarn with mscale or without truncate is not implemented");
        }
        return {
          type,
          factor: need("factor"),
          betaFast: given.beta_fast ?? 32,
          betaSlow: given.beta_slow ?? 1,
          originalLength: given.original_max_position_embeddings ?? config.max_position_embeddings,
          ...(given.attention_factor != null && { attentionFactor: given.attention_factor }),
        };
      default:
        return fail(`rope scaling "${type}" is not implemented; default, linear, llama3 and yarn are`);
    }
  };
  return { theta, scaling: scaling() };
}

/** A decoder's `config.json`, as transformers reads it (before and since version 5). */
export function configJson(config: DecoderConfig): Record<string, unknown> {
  const isLlama = config.family === "llama";
  return {
    architectures: [isLlama ? "LlamaForCausalLM" : "Qwen2ForCausalLM"],
    model_type: config.family,
    vocab_size: config.vocabularySize,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headWidth,
    intermediate_size: config.feedForwardWidth,
    hidden_act: "silu",
    rms_norm_eps: config.normEpsilon,
    max_position_embeddings: config.maxLength,
    tie_word_embeddings: config.tiedEmbeddings,
    ...(isLlama && { attention_bias: config.biases.output, mlp_bias: config.biases.feedForward }),
    rope_theta: config.rope.theta,
    rope_scaling: scalingJson(config.rope.scaling),
  };
}

function scalingJson(scaling: RopeScaling): Record<string, unknown> | null {
  switch (scaling.type) {
    case "default":
      return null;
    case "linear":
      return { rope_type: "linear", factor: scaling.factor };
    case "llama3":
      return {
        rope_type: "llama3",
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalLength,
      };
    case "yarn":
      return {
        rope_type: "yarn",
        factor: scaling.factor,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        original_max_position_embeddings: scaling.originalLength,
        ...(scaling.attentionFactor !== undefined && { attention_factor: scaling.attentionFactor }),
      };
  }
}
