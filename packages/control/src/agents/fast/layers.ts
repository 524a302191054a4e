/**
 * The networks of FastTD3 (official fast_td3.py: ReLU) and FastSAC (official fast_sac.py: layer normalization and SiLU), with PyTorch's
 * initialization. Twin critics are one stack of matrices, so that each layer is one batched product.
 */
import { concat, init, layerNorm, linear, type NamedArray, type Random, relu, silu, type Tensor } from "@era/tensor";
import { need, plainDense } from "../networks.ts";

export type LayerStyle = "relu" | "normedSilu";

type Named = Readonly<Record<string, Tensor>>;
type Initial = Record<string, NamedArray>;

/** Hidden layers `dense1`, `dense2`, … of the given widths, the first of which is the input's; as many as `stack` side by side. */
function initialHidden(
  random: Random,
  widths: readonly number[],
  style: LayerStyle,
  stack: readonly number[],
): Initial {
  const parameters: Initial = {};
  const row = stack.length > 0 ? [...stack, 1] : [];
  widths.slice(1).forEach((width, i) => {
    const { weight, bias } = plainDense(random, [...stack, widths[i] ?? 0, width]);
    parameters[`dense${i + 1}.weight`] = weight;
    parameters[`dense${i + 1}.bias`] = bias;
    if (style === "normedSilu") {
      parameters[`norm${i + 1}.scale`] = init.ones([...row, width]);
      parameters[`norm${i + 1}.shift`] = init.zeros([...row, width]);
    }
  });
  return parameters;
}

/** Outputs of the hidden layers, `[…, width]`. */
function hidden(parameters: Named, x: Tensor, style: LayerStyle): Tensor {
  let y = x;
  for (let i = 1; parameters[`dense${i}.weight`]; i++) {
    y = linear(y, need(parameters, `dense${i}.weight`), need(parameters, `dense${i}.bias`));
    if (style === "relu") y = relu(y);
    else y = silu(layerNorm(y, need(parameters, `norm${i}.scale`), need(parameters, `norm${i}.shift`)));
  }
  return y;
}

export interface ActorSizes {
  readonly observationSize: number;
  /** Widths of the hidden layers. */
  readonly actorHidden: readonly number[];
  readonly outputs: number;
  /** Deviation of the last layer's weights, whose biases are 0. */
  readonly outputScale: number;
}

/** Initial values of {@link actorOutputs}. */
export function initialActor(random: Random, sizes: ActorSizes, style: LayerStyle): Initial {
  const { observationSize, actorHidden, outputs, outputScale } = sizes;
  const widths = [observationSize, ...actorHidden];
  const parameters = initialHidden(random, widths, style, []);
  parameters["out.weight"] = init.normal(random, [widths.at(-1) ?? 0, outputs], outputScale);
  parameters["out.bias"] = init.zeros([outputs]);
  return parameters;
}

/** Raw outputs of the actor `[batch, outputs]` at (normalized) observations `[batch, observationSize]`. */
export const actorOutputs = (parameters: Named, observations: Tensor, style: LayerStyle): Tensor =>
  linear(hidden(parameters, observations, style), need(parameters, "out.weight"), need(parameters, "out.bias"));

export interface CriticSizes {
  readonly observationSize: number;
  readonly actionSize: number;
  /** Widths of the hidden layers. */
  readonly criticHidden: readonly number[];
  readonly atoms: number;
}

/** Initial values of {@link criticLogits}: every parameter has a leading axis of two. */
export function initialCritics(random: Random, sizes: CriticSizes, style: LayerStyle): Initial {
  const { observationSize, actionSize, criticHidden, atoms } = sizes;
  const widths = [observationSize + actionSize, ...criticHidden];
  const parameters = initialHidden(random, widths, style, [2]);
  const { weight, bias } = plainDense(random, [2, widths.at(-1) ?? 0, atoms]);
  return { ...parameters, "out.weight": weight, "out.bias": bias };
}

/** Logits `[2, batch, atoms]` of both critics' distributions of values at (normalized) observations and actions `[batch, …]`. */
export function criticLogits(parameters: Named, observations: Tensor, actions: Tensor, style: LayerStyle): Tensor {
  const x = hidden(parameters, concat([observations, actions], 1), style);
  return linear(x, need(parameters, "out.weight"), need(parameters, "out.bias"));
}
