/** A decoder's parameters: their names and shapes are Hugging Face's, matrices are `[out, in]`. */
import { constant, init, type NamedArray, type Random } from "@era/tensor";
import type { DecoderConfig } from "./config.ts";
import type { DecoderParameters } from "./decoder.ts";

/** Names and shapes of all parameters, in the order of the layers. */
export function parameterShapes(config: DecoderConfig): Record<string, readonly number[]> {
  const { width, heads, keyValueHeads, headWidth, feedForwardWidth, biases } = config;
  const shapes: Record<string, readonly number[]> = {};
  const projection = (name: string, output: number, input: number, hasBias: boolean) => {
    shapes[`${name}.weight`] = [output, input];
    if (hasBias) shapes[`${name}.bias`] = [output];
  };
  projection("model.embed_tokens", config.vocabularySize, width, false);
  for (let index = 0; index < config.layers; index++) {
    const layer = `model.layers.${index}`;
    shapes[`${layer}.input_layernorm.weight`] = [width];
    projection(`${layer}.self_attn.q_proj`, heads * headWidth, width, biases.queryKeyValue);
    projection(`${layer}.self_attn.k_proj`, keyValueHeads * headWidth, width, biases.queryKeyValue);
    projection(`${layer}.self_attn.v_proj`, keyValueHeads * headWidth, width, biases.queryKeyValue);
    projection(`${layer}.self_attn.o_proj`, width, heads * headWidth, biases.output);
    shapes[`${layer}.post_attention_layernorm.weight`] = [width];
    projection(`${layer}.mlp.gate_proj`, feedForwardWidth, width, biases.feedForward);
    projection(`${layer}.mlp.up_proj`, feedForwardWidth, width, biases.feedForward);
    projection(`${layer}.mlp.down_proj`, width, feedForwardWidth, biases.feedForward);
  }
  shapes["model.norm.weight"] = [width];
  if (!config.tiedEmbeddings) projection("lm_head", config.vocabularySize, width, false);
  return shapes;
}

/**
 * Fresh parameters: matrices normal with the given deviation (transformers' `initializer_range`), norms 1, biases 0.
 */
export function initialParameters(config: DecoderConfig, random: Random, deviation = 0.02): Record<string, NamedArray> {
  const initial = (shape: readonly number[], name: string): NamedArray => {
    if (shape.length === 2) return init.normal(random, shape, deviation);
    return name.endsWith(".bias") ? init.zeros(shape) : init.ones(shape);
  };
  return Object.fromEntries(
    Object.entries(parameterShapes(config)).map(([name, shape]) => [name, initial(shape, name)]),
  );
}

/**
 * The weights of a decoder out of those of a file, in this package's order: float32, named and shaped as they must be. An output layer is
 * ignored where the embeddings are tied, and so are the rotary frequencies that old files hold.
 * @throws Error naming the first array that is missing, has another shape, or is of no use here
 */
export function checkedParameters(
  config: DecoderConfig,
  arrays: Readonly<Record<string, NamedArray>>,
): Record<string, NamedArray> {
  const shapes = parameterShapes(config);
  const checked: Record<string, NamedArray> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const array = arrays[name];
    if (!array) throw new Error(`weights: "${name}" is missing`);
    if (array.shape.join() !== shape.join()) {
      throw new Error(
        `weights: "${name}" is [${array.shape.join(", ")}], but [${shape.join(", ")}] by the configuration`,
      );
    }
    if (array.dtype !== "float32") throw new Error(`weights: "${name}" is ${array.dtype}; it must be float32`);
    checked[name] = array;
  }
  const isIgnored = (name: string) =>
    name.endsWith(".rotary_emb.inv_freq") || (config.tiedEmbeddings && name === "lm_head.weight");
  const unknown = Object.keys(arrays).find((name) => !(name in shapes) && !isIgnored(name));
  if (unknown !== undefined) throw new Error(`weights: a ${config.family} decoder has no "${unknown}"`);
  return checked;
}

/** Weights that nothing trains as tensors: the arrays themselves are used, not copies. */
export function constantParameters(weights: Readonly<Record<string, NamedArray>>): DecoderParameters {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape, dtype }]) => [name, constant(data, shape, dtype)]),
  );
}
