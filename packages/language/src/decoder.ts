/**
 * Decoders of the Llama and Qwen2 families as expressions: RMS norm, rotary positions, grouped-query attention, SwiGLU. The arithmetic is that
 * of transformers' `LlamaForCausalLM` and `Qwen2ForCausalLM`.
 */
import {
  add,
  checkpoint,
  concat,
  constant,
  gather,
  matmul,
  mul,
  reshape,
  rmsNorm,
  ShapeError,
  silu,
  slice,
  softmax,
  sub,
  type Tensor,
  transpose,
} from "@era/tensor";
import type { DecoderConfig } from "./config.ts";
import { ropeTables } from "./rope.ts";

/** A decoder's parameters as tensors, by Hugging Face's names. */
export type DecoderParameters = Readonly<Record<string, Tensor>>;

/** From queries, keys and values `[…, heads · headWidth]` of a layer, before rotation, to what each query attends to. */
export type Attention = (query: Tensor, key: Tensor, value: Tensor, layer: number) => Tensor;

function parameter(parameters: DecoderParameters, name: string): Tensor {
  const tensor = parameters[name];
  if (!tensor) throw new Error(`decoder: there is no parameter "${name}"`);
  return tensor;
}

/** x `[…, in]` by the matrix `[out, in]` of that name, with its low-rank addition (LoRA) and its bias where it has them: `[…, out]`. */
function project(parameters: DecoderParameters, name: string, x: Tensor): Tensor {
  const whole = matmul(x, parameter(parameters, `${name}.weight`), { transposeB: true });
  const [a, b] = [parameters[`${name}.lora_A.weight`], parameters[`${name}.lora_B.weight`]];
  const product = a && b ? add(whole, matmul(matmul(x, a, { transposeB: true }), b, { transposeB: true })) : whole;
  const bias = parameters[`${name}.bias`];
  return bias ? add(product, bias) : product;
}

/** The embeddings of tokens `[…]`: `[…, width]`. */
export function embed(parameters: DecoderParameters, tokens: Tensor): Tensor {
  return gather(parameter(parameters, "model.embed_tokens.weight"), tokens);
}

/** One layer: x `[…, width]` to `[…, width]`. */
export function decoderLayer(
  config: DecoderConfig,
  parameters: DecoderParameters,
  layer: number,
  x: Tensor,
  attention: Attention,
): Tensor {
  const name = `model.layers.${layer}`;
  const norm = (of: string, y: Tensor) => rmsNorm(y, parameter(parameters, `${name}.${of}.weight`), config.normEpsilon);
  const part = (of: string, y: Tensor) => project(parameters, `${name}.${of}`, y);
  const normed = norm("input_layernorm", x);
  const attended = attention(
    part("self_attn.q_proj", normed),
    part("self_attn.k_proj", normed),
    part("self_attn.v_proj", normed),
    layer,
  );
  const afterAttention = add(x, part("self_attn.o_proj", attended));
  const fed = norm("post_attention_layernorm", afterAttention);
  const gated = mul(silu(part("mlp.gate_proj", fed)), part("mlp.up_proj", fed));
  return add(afterAttention, part("mlp.down_proj", gated));
}

/** All parameters of a layer. */
const layerParameters = (parameters: DecoderParameters, layer: number): Tensor[] =>
  Object.entries(parameters).flatMap(([name, tensor]) => (name.startsWith(`model.layers.${layer}.`) ? [tensor] : []));

/** The norm after the last layer. */
export function finalNorm(config: DecoderConfig, parameters: DecoderParameters, x: Tensor): Tensor {
  return rmsNorm(x, parameter(parameters, "model.norm.weight"), config.normEpsilon);
}

/** The matrix `[vocabulary, width]` that gives logits: the embedding, where it is tied. */
export const outputMatrix = (config: DecoderConfig, parameters: DecoderParameters): Tensor =>
  parameter(parameters, config.tiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");

/** Logits `[…, vocabulary]` of what `finalNorm` gave. */
export const outputLogits = (config: DecoderConfig, parameters: DecoderParameters, hidden: Tensor): Tensor =>
  matmul(hidden, outputMatrix(config, parameters), { transposeB: true });

/** x `[batch, length, heads, headWidth]` with the first half of each head's numbers rotated against the second. */
function rotate(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const half = Number(x.shape.at(-1)) / 2;
  const [first, second] = [slice(x, -1, 0, half), slice(x, -1, half)];
  return concat([sub(mul(first, cos), mul(second, sin)), add(mul(second, cos), mul(first, sin))], -1);
}

/** What a query adds to the logits of tokens that it must not see: their weights underflow to 0, and a row without any token stays finite. */
const hidden = -1e9;

/**
 * Causal attention over whole sequences, in differentiable operations; for `decoderLayer` with x `[batch · length, width]`.
 * @param mask `[batch, length]` float32: 1 for tokens, 0 for padding, which nothing attends to. Positions count from the first column, also
 *   where padding stands left: attention depends on the differences of positions only
 */
export function causalAttention(config: DecoderConfig, batch: number, length: number, mask?: Tensor): Attention {
  const { heads, keyValueHeads, headWidth } = config;
  const groups = heads / keyValueHeads;
  const tables = ropeTables(config.rope, headWidth, length);
  const [cos, sin] = [tables.cos, tables.sin].map((table) => constant(table, [length, 1, headWidth / 2]));
  const causal = constant(
    Float32Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? hidden : 0)),
    [length, length],
  );
  const padding = mask && mul(reshape(sub(1, mask), [batch, 1, 1, 1, length]), hidden);
  const bias = padding ? add(causal, padding) : causal;
  return (query, key, value) => {
    if (!cos || !sin) throw new Error("attention: no rotary tables");
    const byHead = (x: Tensor, count: number) => reshape(x, [batch, length, count, headWidth]);
    // The queries that share keys lie behind one another, so that each product has one matrix per key-value head.
    const q = reshape(transpose(rotate(byHead(query, heads), cos, sin), [0, 2, 1, 3]), [
      batch,
      keyValueHeads,
      groups * length,
      headWidth,
    ]);
    const k = transpose(rotate(byHead(key, keyValueHeads), cos, sin), [0, 2, 1, 3]);
    const v = transpose(byHead(value, keyValueHeads), [0, 2, 1, 3]);
    const scores = mul(matmul(q, k, { transposeB: true }), 1 / Math.sqrt(headWidth));
    const biased = add(reshape(scores, [batch, keyValueHeads, groups, length, length]), bias);
    const weights = reshape(softmax(biased), [batch, keyValueHeads, groups * length, length]);
    const attended = reshape(matmul(weights, v), [batch, heads, length, headWidth]);
    return reshape(transpose(attended, [0, 2, 1, 3]), [batch * length, heads * headWidth]);
  };
}

export interface DecoderOptions {
  /** Gradient checkpointing: the backward pass computes each layer again from its input, instead of keeping all that is in it. */
  readonly checkpoint?: boolean;
}

/**
 * What the last layer and its norm give for whole sequences: tokens `[batch, length]` int64 → `[batch, length, width]`. Differentiable; logits
 * are `outputLogits` of it, of all rows or of those that are needed.
 * @param mask as in `causalAttention`; everything counts as a token where there is none
 * @throws ShapeError where tokens or mask have other shapes, or the sequences are longer than the model's context
 */
export function decoderHidden(
  config: DecoderConfig,
  parameters: DecoderParameters,
  tokens: Tensor,
  mask?: Tensor,
  { checkpoint: isCheckpointed = false }: DecoderOptions = {},
): Tensor {
  const [batch, length] = tokens.shape;
  if (tokens.rank !== 2 || typeof batch !== "number" || typeof length !== "number") {
    throw new ShapeError(`decoder: tokens must be [batch, length] of fixed sizes, not [${tokens.shape.join(", ")}]`);
  }
  if (length > config.maxLength) {
    throw new ShapeError(`decoder: sequences of ${length} tokens exceed the model's context of ${config.maxLength}`);
  }
  if (mask && mask.shape.join() !== tokens.shape.join()) {
    throw new ShapeError(`decoder: mask [${mask.shape.join(", ")}] does not fit tokens [${batch}, ${length}]`);
  }
  const attention = causalAttention(config, batch, length, mask);
  let x = reshape(embed(parameters, tokens), [batch * length, config.width]);
  for (let layer = 0; layer < config.layers; layer++) {
    const compute = (y: Tensor) => decoderLayer(config, parameters, layer, y, attention);
    x = isCheckpointed ? checkpoint(compute, x, layerParameters(parameters, layer)) : compute(x);
  }
  return reshape(finalNorm(config, parameters, x), [batch, length, config.width]);
}

/**
 * Logits `[batch, length, vocabulary]` of whole sequences: tokens `[batch, length]` int64. Differentiable.
 * @param mask `[batch, length]` float32: 1 for tokens, 0 for padding (left or right)
 * @throws as `decoderHidden`
 */
export function decoder(config: DecoderConfig, parameters: DecoderParameters, tokens: Tensor, mask?: Tensor): Tensor {
  const states = decoderHidden(config, parameters, tokens, mask);
  const rows = reshape(states, [-1, config.width]);
  return reshape(outputLogits(config, parameters, rows), [...tokens.shape, config.vocabularySize]);
}
