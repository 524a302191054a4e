/** A network's values as state of programs, its evaluation, and its weights as PyTorch's files hold them. */
import {
  add,
  type BatchNorm,
  constant,
  type NamedArray,
  type Parameters,
  type Random,
  type RandomStream,
  runningStatistics,
  type State,
  type Tensor,
} from "@era/tensor";
import type { Layer, Pass } from "./layer.ts";

/** A classifier: `forward` takes images `[batch, ...image]` and gives logits `[batch, classes]`. */
export interface Network extends Layer {
  readonly name: string;
  readonly classes: number;
  /** Channels, height and width of the images that it is made for. */
  readonly image: readonly [channels: number, height: number, width: number];
}

/** A network's values within a State. */
export interface NetworkState {
  readonly network: Network;
  readonly parameters: Parameters;
  /** Running statistics by name. */
  readonly statistics: Readonly<Record<string, Tensor>>;
  /** Training steps that wrote the statistics so far, int64 (PyTorch's num_batches_tracked). */
  readonly batches: Tensor;
}

/** What a network's values are read from: its own parameters, or others of its shapes, such as their moving average. */
export interface Evaluation {
  /** The parameters to read instead of the network's own. */
  readonly parameters?: Readonly<Record<string, Tensor>>;
}

export interface TrainingPass {
  readonly logits: Tensor;
  /** What a program must write: running statistics and their count. */
  readonly updates: readonly (readonly [variable: Tensor, value: Tensor])[];
}

/** Adds a network's values to a State, under names that start with `name`, with fresh initial values. */
export function networkState(state: State, name: string, network: Network, random: Random): NetworkState {
  const initial: Record<string, NamedArray> = {};
  const statistics: Record<string, Tensor> = {};
  for (const kept of network.keeps) {
    const value = kept.initial(random);
    if (kept.kind === "parameter") initial[kept.name] = value;
    else statistics[kept.name] = state.variable(`${name}.${kept.name}`, value.data, value.shape);
  }
  const parameters = state.parameters(name, initial);
  return { network, parameters, statistics, batches: state.variable(`${name}.batches`, 0, [], "int64") };
}

function reader({ parameters, statistics }: NetworkState, evaluation: Evaluation): (name: string) => Tensor {
  const known = { ...parameters.tensors, ...evaluation.parameters, ...statistics };
  return (name) => {
    const tensor = known[name];
    if (!tensor) throw new Error(`network: there is no "${name}"`);
    return tensor;
  };
}

/**
 * Logits `[batch, classes]` of images in training: normalized by the batch, with dropout.
 * @param stream gives dropout's noise; needed only where a layer drops
 */
export function train(
  state: NetworkState,
  images: Tensor,
  stream?: RandomStream,
  evaluation: Evaluation = {},
): TrainingPass {
  const batches: [names: { mean: string; variance: string }, batch: BatchNorm][] = [];
  const read = reader(state, evaluation);
  const pass: Pass = {
    isTraining: true,
    read,
    normalized: (names, batch) => batches.push([names, batch]),
    noise: (shape) => {
      if (!stream) throw new Error("network: it drops, which needs a stream of random numbers");
      return stream.uniform(shape);
    },
  };
  const logits = state.network.forward(images, pass);
  const updates = batches.flatMap(([names, batch]) =>
    runningStatistics({ mean: read(names.mean), variance: read(names.variance) }, batch),
  );
  return { logits, updates: [...updates, [state.batches, add(state.batches, constant(1, [], "int64"))]] };
}

/** Logits `[batch, classes]` of images in inference: normalized by the running statistics, nothing dropped. */
export function infer(state: NetworkState, images: Tensor, evaluation: Evaluation = {}): Tensor {
  const pass: Pass = {
    isTraining: false,
    read: reader(state, evaluation),
    normalized: () => {},
    noise: () => {
      throw new Error("network: nothing is dropped in inference");
    },
  };
  return state.network.forward(images, pass);
}

const runningMean = "running_mean";
const counter = "num_batches_tracked";

/** The network's values as PyTorch's `state_dict` has them: views of the state's current values, valid until the next run. */
export function weightsOf(
  state: State,
  { network, parameters, statistics, batches }: NetworkState,
): Record<string, NamedArray> {
  const weights: Record<string, NamedArray> = {};
  for (const { name, shape, kind } of network.keeps) {
    const tensor = kind === "parameter" ? parameters.tensors[name] : statistics[name];
    if (tensor) weights[name] = { shape, dtype: "float32", data: state.read(tensor) };
    if (name.endsWith(`.${runningMean}`)) {
      const data = state.read(batches) as BigInt64Array;
      weights[name.replace(new RegExp(`${runningMean}$`), counter)] = { shape: [], dtype: "int64", data };
    }
  }
  return weights;
}

/**
 * Sets a network's values from those of a PyTorch `state_dict` (`fromSafetensors` of a file's tensors). Counters of batches may be missing.
 * Everything is checked before anything is changed.
 * @throws Error naming the first array that is missing, has another shape or is of no use here
 */
export function loadWeights(state: State, target: NetworkState, weights: Readonly<Record<string, NamedArray>>): void {
  const own = weightsOf(state, target);
  const isCounter = (name: string) => name.endsWith(`.${counter}`);
  for (const [name, { shape }] of Object.entries(own)) {
    const given = weights[name];
    if (!given && isCounter(name)) continue;
    if (!given) throw new Error(`weights: "${name}" is missing`);
    if (given.shape.join() !== shape.join()) {
      throw new Error(
        `weights: "${name}" is [${given.shape.join(", ")}], but [${shape.join(", ")}] in ${target.network.name}`,
      );
    }
    const dtype = isCounter(name) ? "int64" : "float32";
    if (given.dtype !== dtype) throw new Error(`weights: "${name}" is ${given.dtype}; it must be ${dtype}`);
  }
  const unknown = Object.keys(weights).find((name) => !(name in own));
  if (unknown !== undefined) throw new Error(`weights: ${target.network.name} has no "${unknown}"`);
  for (const [name, { data }] of Object.entries(own)) {
    const given = weights[name];
    if (given) data.set(given.data as never);
  }
}
