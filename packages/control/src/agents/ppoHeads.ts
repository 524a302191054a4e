/** What stands between the policy network's outputs and PPO's actions: ERA or a baseline, for continuous and for discrete actions. */
import {
  calibrate,
  categorical,
  float32Margin,
  resolveSoftmax,
  type SoftmaxSpec,
  softmaxActivation,
} from "@era/activation";
import {
  add,
  argmax,
  cast,
  clip,
  div,
  exp,
  init,
  mul,
  type NamedArray,
  oneHot,
  type Random,
  square,
  squeeze,
  sub,
  sum,
  type Tensor,
  tensorOps,
} from "@era/tensor";
import { type DensityPolicy, eraHead, type Head } from "./heads.ts";

/** The distribution of actions at each state of a batch. A discrete action is the number of it, float32 `[batch, 1]`. */
export interface PpoPolicy extends Pick<DensityPolicy, "logProb" | "mode"> {
  /** Actions from noise `[batch, noiseSize]`. */
  sample(noise: Tensor): Tensor;
  /** Entropy in nats `[batch, 1]`, or `[1, 1]` where it is the same at every state. */
  entropy(): Tensor;
}

export interface PpoHead {
  /** Raw outputs that it takes from the network. */
  readonly outputs: number;
  /** Elements of an action. */
  readonly actionSize: number;
  readonly noiseSize: number;
  /** Draws what `sample` is fed. */
  fillNoise(noise: Float32Array, random: Random): Float32Array;
  /** Parameters of its own, which learn with the network's. */
  readonly parameters: Readonly<Record<string, NamedArray>>;
  /** The policy of raw outputs `[batch, outputs]`. */
  policy(raw: Tensor, parameters: Readonly<Record<string, Tensor>>): PpoPolicy;
  /** The entropy asked for and the lowest that any network can reach, in float32 too, in nats over all dimensions; null: none. */
  readonly entropy: Head["entropy"];
}

/**
 * ERA for continuous actions: {@link eraHead}'s truncated normal, whose location and deviations depend on the state.
 * @throws Error naming the feasible interval where no such policy has the entropy asked for
 */
export function eraContinuous(spec: Parameters<typeof eraHead>[0]): PpoHead {
  const head = eraHead(spec);
  return {
    outputs: 2 * spec.actionDim,
    actionSize: spec.actionDim,
    noiseSize: spec.actionDim,
    fillNoise: (noise, random) => random.fillUniform(noise),
    parameters: {},
    policy(raw) {
      const policy = head.policy(raw);
      return {
        sample: (noise) => policy.sample(noise).action,
        logProb: (action) => policy.logProb(action),
        mode: () => policy.mode(),
        entropy: () => policy.entropy(),
      };
    },
    entropy: head.entropy,
  };
}

const parameterName = "logStd";

/**
 * CleanRL's policy: a Gaussian around the network's outputs, whose log deviations are parameters, the same at every state and 0 at the start. It is not
 * bounded: an action is clipped to [−1, 1] where it is carried out, and its density and entropy are those of the Gaussian.
 */
export function gaussianHead(actionDim: number): PpoHead {
  return {
    outputs: actionDim,
    actionSize: actionDim,
    noiseSize: actionDim,
    fillNoise: (noise, random) => random.fillNormal(noise),
    parameters: { [parameterName]: init.zeros([1, actionDim]) },
    policy(mean, { [parameterName]: logStd }) {
      if (!logStd) throw new Error(`gaussianHead: the parameter "${parameterName}" is missing`);
      const constant = 0.5 * actionDim * Math.log(2 * Math.PI);
      const spread = add(sum(logStd, -1, true), constant);
      return {
        sample: (noise) => add(mean, mul(exp(logStd), noise)),
        logProb: (action) => sub(mul(sum(square(div(sub(action, mean), exp(logStd))), -1, true), -0.5), spread),
        mode: () => clip(mean, -1, 1),
        entropy: () => add(spread, 0.5 * actionDim),
      };
    },
    entropy: { target: null, floor: null },
  };
}

/** A categorical policy from raw outputs `[batch, n]` and the logits that they become. */
function discreteHead(n: number, logitsOf: (raw: Tensor) => Tensor, entropy: Head["entropy"]): PpoHead {
  const best = (scores: Tensor) => cast(argmax(scores, -1, true), "float32");
  return {
    outputs: n,
    actionSize: 1,
    noiseSize: n,
    // Gumbel numbers: the largest of logits and noise is distributed as the logits' softmax.
    fillNoise(noise, random) {
      for (let i = 0; i < noise.length; i++) noise[i] = -Math.log(-Math.log(random.uniform(2 ** -25, 1)));
      return noise;
    },
    parameters: {},
    policy(raw) {
      const logits = logitsOf(raw);
      const distribution = categorical(tensorOps, logits);
      return {
        sample: (noise) => best(add(logits, noise)),
        logProb: (action) => distribution.logProb(oneHot(squeeze(cast(action, "int64"), -1), n)),
        mode: () => best(logits),
        entropy: () => distribution.entropy(),
      };
    },
    entropy,
  };
}

/**
 * ERA for discrete actions: the paper's softmax activation. With the tight bound, the policy keeps the entropy asked for in float32 too.
 * @throws Error naming the feasible interval where no distribution over the actions has that entropy
 */
export function eraDiscrete(given: SoftmaxSpec): PpoHead {
  const asked: SoftmaxSpec & { kind: "softmax" } = { ...given, kind: "softmax" };
  const spec = asked.bound === "paper" ? asked : calibrate(asked, "float32");
  const softmax = resolveSoftmax(spec);
  return discreteHead(spec.classes, (raw) => softmaxActivation(tensorOps, softmax, raw), {
    target: asked.entropy,
    floor: softmax.floor - float32Margin(spec),
  });
}

/** CleanRL's policy for n discrete actions: the softmax of the network's outputs. */
export const softmaxHead = (n: number): PpoHead => discreteHead(n, (raw) => raw, { target: null, floor: null });
