/**
 * Layers: what they keep (parameters and running statistics, each with its name and initial value) beside what they compute. Names and
 * memory layouts are PyTorch's, so that its weights load here and ours there.
 */
import {
  add,
  type BatchNorm,
  batchNorm,
  batchNormInference,
  concat,
  conv2d,
  dropout,
  init,
  matmul,
  type NamedArray,
  type Random,
  slice,
  type Tensor,
} from "@era/tensor";

/** One array that a layer keeps. */
export interface Kept {
  readonly name: string;
  readonly shape: readonly number[];
  /** Parameters are learned, statistics are written by training steps and read by inference. */
  readonly kind: "parameter" | "statistic";
  initial(random: Random): NamedArray;
}

/** One evaluation of a network: where it reads what it keeps, and whether it is trained. */
export interface Pass {
  readonly isTraining: boolean;
  /** In training: equal parts of the batch that are normalized each by itself, with values of their own; left out: one. */
  readonly splits?: number;
  /** The current value of a parameter or statistic. Throws Error where there is none of that name. */
  read(name: string): Tensor;
  /** In training: takes note of the batch's statistics, so that the running ones under these names are updated. */
  normalized(names: { readonly mean: string; readonly variance: string }, batch: BatchNorm): void;
  /** In training: uniform noise for dropout, of this shape. */
  noise(shape: readonly number[]): Tensor;
}

export interface Layer {
  readonly keeps: readonly Kept[];
  forward(x: Tensor, pass: Pass): Tensor;
}

/** The pass of a part: names within it are those of the whole after the prefix. */
function within(pass: Pass, prefix: string): Pass {
  return {
    ...pass,
    read: (name) => pass.read(`${prefix}.${name}`),
    normalized: ({ mean, variance }, batch) =>
      pass.normalized({ mean: `${prefix}.${mean}`, variance: `${prefix}.${variance}` }, batch),
  };
}

/** Layers by name as one: what they keep, under their names, and how each is applied. */
export function composed<K extends string>(
  parts: Readonly<Record<K, Layer>>,
): {
  readonly keeps: readonly Kept[];
  readonly apply: (name: K, x: Tensor, pass: Pass) => Tensor;
} {
  const entries = Object.entries(parts) as [K, Layer][];
  return {
    keeps: entries.flatMap(([prefix, { keeps }]) => keeps.map((kept) => ({ ...kept, name: `${prefix}.${kept.name}` }))),
    apply: (name, x, pass) => parts[name].forward(x, within(pass, name)),
  };
}

/** Layers one after another, named by their places: "0", "1", … */
export function sequence(layers: readonly Layer[]): Layer {
  const whole = composed(Object.fromEntries(layers.map((layer, i) => [`${i}`, layer])));
  return {
    keeps: whole.keeps,
    forward: (x, pass) => layers.reduce((y, _, i) => whole.apply(`${i}`, y, pass), x),
  };
}

export interface ConvolutionSettings {
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly bias?: boolean;
  /** What the initial variance 2/fan is made for: outgoing connections (torchvision's ResNets) or incoming (He et al. 2015). */
  readonly fan?: "in" | "out";
}

/** Convolution with weight `[out, in, kernel, kernel]`, initially normal (He et al. 2015). */
export function convolution(
  inputs: number,
  out: number,
  { kernel = 3, stride = 1, padding = (kernel - 1) / 2, bias = false, fan = "out" }: ConvolutionSettings = {},
): Layer {
  const shape = [out, inputs, kernel, kernel];
  const deviation = Math.sqrt(2 / ((fan === "out" ? out : inputs) * kernel * kernel));
  return {
    keeps: [
      { name: "weight", shape, kind: "parameter", initial: (random) => init.normal(random, shape, deviation) },
      ...(bias ? [keptBias(out, inputs * kernel * kernel)] : []),
    ],
    forward: (x, pass) => conv2d(x, pass.read("weight"), { stride, padding, ...(bias && { bias: pass.read("bias") }) }),
  };
}

/** PyTorch's initial bias: uniform up to 1/√(incoming connections). */
const keptBias = (out: number, fanIn: number): Kept => ({
  name: "bias",
  shape: [out],
  kind: "parameter",
  initial: (random) => init.uniform(random, [out], 1 / Math.sqrt(fanIn)),
});

/** Fully connected, with weight `[out, in]`; weight and bias initially uniform up to 1/√in (PyTorch's default). */
export function dense(inputs: number, out: number): Layer {
  const shape = [out, inputs];
  const bound = 1 / Math.sqrt(inputs);
  return {
    keeps: [
      { name: "weight", shape, kind: "parameter", initial: (random) => init.uniform(random, shape, bound) },
      keptBias(out, inputs),
    ],
    forward: (x, pass) => add(matmul(x, pass.read("weight"), { transposeB: true }), pass.read("bias")),
  };
}

/** PyTorch's ε of batch normalization. */
const epsilon = 1e-5;

/** The prefix of what a normalization keeps for a part of the batch, as timm names it; the first part's has none. */
export const splitPrefix = (split: number): string => (split === 0 ? "" : `aux_bn.${split - 1}.`);

/** Batch normalization: by the batch, or by each of its parts, in training; by running statistics in inference. `scale` is what its weight begins with. */
export function normalization(channels: number, { scale = 1 } = {}): Layer {
  const shape = [channels];
  const kept = (name: string, kind: Kept["kind"], value: number): Kept => ({
    name,
    shape,
    kind,
    initial: () => init.filled(shape, value),
  });
  return {
    keeps: [
      kept("weight", "parameter", scale),
      kept("bias", "parameter", 0),
      kept("running_mean", "statistic", 0),
      kept("running_var", "statistic", 1),
    ],
    forward: (x, pass) => {
      if (!pass.isTraining) {
        const running = { mean: pass.read("running_mean"), variance: pass.read("running_var") };
        return batchNormInference(x, pass.read("weight"), pass.read("bias"), running, epsilon);
      }
      const { splits = 1 } = pass;
      const rows = Number(x.shape[0]) / splits;
      const outputs = Array.from({ length: splits }, (_, i) => {
        const prefix = splitPrefix(i);
        const part = splits === 1 ? x : slice(x, 0, i * rows, (i + 1) * rows);
        const batch = batchNorm(part, pass.read(`${prefix}weight`), pass.read(`${prefix}bias`), epsilon);
        pass.normalized({ mean: `${prefix}running_mean`, variance: `${prefix}running_var` }, batch);
        return batch.output;
      });
      return splits === 1 ? (outputs[0] as Tensor) : concat(outputs);
    },
  };
}

/** Dropout of elements in training, with the pass's noise. */
export const dropped = (rate: number): Layer => ({
  keeps: [],
  forward: (x, pass) => (pass.isTraining && rate > 0 ? dropout(x, pass.noise(x.shape as readonly number[]), rate) : x),
});

/** A layer without anything to keep. */
export const plain = (f: (x: Tensor) => Tensor): Layer => ({ keeps: [], forward: f });
