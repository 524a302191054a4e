/**
 * The networks of TD-MPC2 (official common/world_model.py, common/layers.py): layers with normalization and Mish, latent states on
 * simplices, and an ensemble of value functions that is one stack of matrices, so that each of its layers is one batched product.
 */
import {
  concat,
  gather,
  init,
  layerNorm,
  linear,
  mish,
  mul,
  type NamedArray,
  type Random,
  type Tensor,
} from "@era/tensor";
import { type Named, need } from "../networks.ts";
import { simNorm } from "./simNorm.ts";

export interface WorldModelSizes {
  readonly observationSize: number;
  readonly actionSize: number;
  readonly latent: number;
  readonly encoder: number;
  readonly hidden: number;
  readonly bins: number;
  readonly critics: number;
  /** Neighbours that share a softmax in a latent state. */
  readonly simNormGroup: number;
  /** Whether a network tells terminal states. */
  readonly episodic: boolean;
}

type Initial = Record<string, NamedArray>;

const weightDeviation = 0.02;

/**
 * Weights normal with deviation 0.02, biases 0; `stack` copies side by side. (The official common/init.py truncates at ±2, which is 100
 * deviations away.)
 */
function initialLayers(
  random: Random,
  widths: readonly number[],
  {
    stack = [],
    normedOutput = false,
    zeroOutput = false,
  }: { stack?: number[]; normedOutput?: boolean; zeroOutput?: boolean } = {},
): Initial {
  const parameters: Initial = {};
  const row = stack.length > 0 ? [...stack, 1] : [];
  widths.slice(1).forEach((width, i) => {
    const isLast = i === widths.length - 2;
    const name = isLast ? "out" : `dense${i + 1}`;
    const shape = [...stack, widths[i] ?? 0, width];
    parameters[`${name}.weight`] =
      isLast && zeroOutput ? init.zeros(shape) : init.normal(random, shape, weightDeviation);
    parameters[`${name}.bias`] = init.zeros([...row, width]);
    if (!isLast || normedOutput) {
      parameters[`${name}.scale`] = init.ones([...row, width]);
      parameters[`${name}.shift`] = init.zeros([...row, width]);
    }
  });
  return parameters;
}

export interface InitialWorldModel {
  readonly encoder: Initial;
  readonly dynamics: Initial;
  readonly reward: Initial;
  readonly critics: Initial;
  readonly prior: Initial;
  readonly termination?: Initial;
}

/** Initial parameters of all networks; rewards and values begin as 0. */
export function initialWorldModel(random: Random, sizes: WorldModelSizes): InitialWorldModel {
  const { observationSize, actionSize, latent, encoder, hidden, bins, critics, episodic } = sizes;
  const joint = latent + actionSize;
  return {
    encoder: initialLayers(random, [observationSize, encoder, latent], { normedOutput: true }),
    dynamics: initialLayers(random, [joint, hidden, hidden, latent], { normedOutput: true }),
    reward: initialLayers(random, [joint, hidden, hidden, bins], { zeroOutput: true }),
    critics: initialLayers(random, [joint, hidden, hidden, bins], { stack: [critics], zeroOutput: true }),
    prior: initialLayers(random, [latent, hidden, hidden, 2 * actionSize]),
    ...(episodic && { termination: initialLayers(random, [latent, hidden, hidden, 1]) }),
  };
}

const dense = (parameters: Named, name: string, x: Tensor): Tensor =>
  linear(x, need(parameters, `${name}.weight`), need(parameters, `${name}.bias`));

const normed = (parameters: Named, name: string, x: Tensor): Tensor =>
  layerNorm(x, need(parameters, `${name}.scale`), need(parameters, `${name}.shift`));

/** Linear, (dropout,) normalization, Mish: `dropout` is a mask of the first layer's outputs, already divided by what it keeps. */
function hiddenLayers(parameters: Named, x: Tensor, dropout?: Tensor): Tensor {
  let y = x;
  for (let i = 1; parameters[`dense${i}.weight`]; i++) {
    const product = dense(parameters, `dense${i}`, y);
    y = mish(normed(parameters, `dense${i}`, i === 1 && dropout ? mul(product, dropout) : product));
  }
  return y;
}

/** Latent states `[…, latent]` of observations `[…, observationSize]`. */
export const encode = (parameters: Named, observations: Tensor, group: number): Tensor =>
  simNorm(normed(parameters, "out", dense(parameters, "out", hiddenLayers(parameters, observations))), group);

/** The latent states after actions `[batch, actionSize]` at latent states `[batch, latent]`. */
export const nextLatent = (parameters: Named, latents: Tensor, actions: Tensor, group: number): Tensor =>
  encode(parameters, concat([latents, actions], 1), group);

/**
 * Logits of a head without normalized output: `[batch, n]`, or `[critics, batch, n]` of a stack.
 * @param dropout of the first layer, `[critics, batch, hidden]`
 */
export const logits = (parameters: Named, x: Tensor, dropout?: Tensor): Tensor =>
  dense(parameters, "out", hiddenLayers(parameters, x, dropout));

/** Some members of a stack of networks, by index `[k]` int64: only these are then computed. */
export const members = (parameters: Named, indices: Tensor): Named =>
  Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, gather(tensor, indices)]));
