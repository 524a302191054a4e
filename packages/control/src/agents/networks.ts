/**
 * Actor and twin critics in two styles. "official": SAC-ERA's (sac-era/jaxrl/networks), an ELU actor with a head of 2·D outputs, critics
 * with layer normalization, orthogonal matrices. "plain": ReLU without normalization and PyTorch's initialization, as Stable-Baselines3's
 * and Haarnoja et al.'s SAC. Both critics are one stack of matrices, so that each layer is one batched product.
 */
import {
  concat,
  elu,
  init,
  layerNorm,
  linear,
  minimum,
  type NamedArray,
  type Random,
  relu,
  split,
  squeeze,
  type Tensor,
} from "@era/tensor";

export const networkStyles = ["official", "plain"] as const;
export type NetworkStyle = (typeof networkStyles)[number];

export interface NetworkSizes {
  readonly observationSize: number;
  readonly actionSize: number;
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
  /** "official" if left out. */
  readonly style?: NetworkStyle;
}

/** Flax's LayerNorm, which the official critic uses. */
const normEpsilon = 1e-6;
const criticCount = 2;

/** PyTorch's linear layer: weights and biases uniform between ±1/√in. */
export function plainDense(random: Random, shape: readonly number[]): { weight: NamedArray; bias: NamedArray } {
  const [fanIn = 1, fanOut = 1] = shape.slice(-2);
  const stack = shape.slice(0, -2);
  const bound = 1 / Math.sqrt(fanIn);
  const biasShape = stack.length > 0 ? [...stack, 1, fanOut] : [fanOut];
  return { weight: init.uniform(random, shape, bound), bias: init.uniform(random, biasShape, bound) };
}

/** Official: orthogonal matrices with gain √2 and zero biases (`default_init`); the columns of log σ have gain 1 (`log_std_scale`). */
export function initialActor(
  random: Random,
  { observationSize, actionSize, hidden, style }: NetworkSizes,
): Record<string, NamedArray> {
  const parameters: Record<string, NamedArray> = {};
  let width = observationSize;
  hidden.forEach((next, i) => {
    const plain = style === "plain" ? plainDense(random, [width, next]) : undefined;
    parameters[`dense${i + 1}.weight`] = plain?.weight ?? init.orthogonal(random, [width, next], Math.SQRT2);
    parameters[`dense${i + 1}.bias`] = plain?.bias ?? init.zeros([next]);
    width = next;
  });
  if (style === "plain") {
    const { weight, bias } = plainDense(random, [width, 2 * actionSize]);
    return { ...parameters, "head.weight": weight, "head.bias": bias };
  }
  const mean = init.orthogonal(random, [width, actionSize], Math.SQRT2);
  const logStd = init.orthogonal(random, [width, actionSize], 1);
  parameters["head.weight"] = columns(mean, logStd);
  parameters["head.bias"] = init.zeros([2 * actionSize]);
  return parameters;
}

/** Two matrices of equally many rows beside each other. */
export function columns(left: NamedArray, right: NamedArray): NamedArray {
  const [rows = 0, n = 0] = left.shape;
  const [, m = 0] = right.shape;
  const data = new Float32Array(rows * (n + m));
  for (let row = 0; row < rows; row++) {
    data.set((left.data as Float32Array).subarray(row * n, (row + 1) * n), row * (n + m));
    data.set((right.data as Float32Array).subarray(row * m, (row + 1) * m), row * (n + m) + n);
  }
  return { shape: [rows, n + m], dtype: "float32", data };
}

/** Twin critics: every parameter has a leading axis of two. Initialized as the actor; normalizations with scale 1 and shift 0. */
export function initialCritics(
  random: Random,
  { observationSize, actionSize, hidden, style }: NetworkSizes,
): Record<string, NamedArray> {
  const parameters: Record<string, NamedArray> = {};
  let width = observationSize + actionSize;
  if (style === "plain") {
    [...hidden, 1].forEach((next, i) => {
      const name = i < hidden.length ? `dense${i + 1}` : "out";
      const { weight, bias } = plainDense(random, [criticCount, width, next]);
      parameters[`${name}.weight`] = weight;
      parameters[`${name}.bias`] = bias;
      width = next;
    });
    return parameters;
  }
  hidden.forEach((next, i) => {
    parameters[`dense${i + 1}.weight`] = init.orthogonal(random, [criticCount, width, next], Math.SQRT2);
    parameters[`dense${i + 1}.bias`] = init.zeros([criticCount, 1, next]);
    parameters[`norm${i + 1}.scale`] = init.ones([criticCount, 1, next]);
    parameters[`norm${i + 1}.bias`] = init.zeros([criticCount, 1, next]);
    width = next;
  });
  parameters["out.weight"] = init.orthogonal(random, [criticCount, width, 1], Math.SQRT2);
  parameters["out.bias"] = init.zeros([criticCount, 1, 1]);
  return parameters;
}

/** A network's parameters by name. */
export type Named = Readonly<Record<string, Tensor>>;

/** The parameter of this name. Throws Error where there is none. */
export function need(parameters: Named, name: string): Tensor {
  const tensor = parameters[name];
  if (!tensor) throw new Error(`network: the parameter "${name}" is missing`);
  return tensor;
}

const layers = (parameters: Named): number =>
  Object.keys(parameters).filter((name) => /^dense\d+\.weight$/.test(name)).length;

const activationOf = (style: NetworkStyle): ((x: Tensor) => Tensor) => (style === "plain" ? relu : elu);

/** Raw outputs of the actor `[batch, 2·actionSize]` (means, then log deviations) for observations `[batch, observationSize]`. */
export function actor(parameters: Named, observations: Tensor, style: NetworkStyle = "official"): Tensor {
  const activate = activationOf(style);
  let x = observations;
  for (let i = 1; i <= layers(parameters); i++) {
    x = activate(linear(x, need(parameters, `dense${i}.weight`), need(parameters, `dense${i}.bias`)));
  }
  return linear(x, need(parameters, "head.weight"), need(parameters, "head.bias"));
}

/** Both critics' values `[2, batch, 1]` of observations and actions `[batch, …]`. */
export function critics(
  parameters: Named,
  observations: Tensor,
  actions: Tensor,
  style: NetworkStyle = "official",
): Tensor {
  const activate = activationOf(style);
  let x = concat([observations, actions], 1);
  for (let i = 1; i <= layers(parameters); i++) {
    x = linear(x, need(parameters, `dense${i}.weight`), need(parameters, `dense${i}.bias`));
    if (style === "official") {
      x = layerNorm(x, need(parameters, `norm${i}.scale`), need(parameters, `norm${i}.bias`), normEpsilon);
    }
    x = activate(x);
  }
  return linear(x, need(parameters, "out.weight"), need(parameters, "out.bias"));
}

/** The smaller of two critics' values `[2, batch, 1]`: `[batch, 1]`. */
export function smaller(values: Tensor): Tensor {
  const [first, second] = split(values, [1, 1], 0) as [Tensor, Tensor];
  return squeeze(minimum(first, second), 0);
}
