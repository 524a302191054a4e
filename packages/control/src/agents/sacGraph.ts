/**
 * Soft actor-critic (Haarnoja et al. 2018) with an entropy floor (ERA; official code: sac-era/jaxrl/agents/sac) or, as baseline, with
 * entropy in its rewards: one expression graph for a whole update, one for acting.
 */
import {
  adam,
  add,
  exp,
  flatGradient,
  globalNorm,
  input,
  mean,
  minimum,
  mul,
  type NamedArray,
  neg,
  type Parameters,
  type ProgramSpec,
  polyak,
  State,
  split,
  square,
  squeeze,
  stopGradient,
  sub,
  type Tensor,
  unflatten,
} from "@era/tensor";
import type { Head } from "./heads.ts";
import { actor, critics, type NetworkSizes } from "./networks.ts";

/** What of SAC's configuration is part of its graph. */
export interface SacHyperparameters {
  readonly batchSize: number;
  readonly discount: number;
  /** Rate of the targets' Polyak averaging. */
  readonly tau: number;
  readonly actorLearningRate: number;
  readonly criticLearningRate: number;
  /** AdamW's decay of all critic parameters. */
  readonly criticWeightDecay: number;
  /** Maximum entropy only: the temperature at the start, learned towards this entropy of the policy in nats. */
  readonly temperature?: { readonly initial: number; readonly learningRate: number; readonly targetEntropy: number };
}

export interface InitialNetworks {
  readonly actor: Record<string, NamedArray>;
  readonly critics: Record<string, NamedArray>;
  /** The critics' values where left out. */
  readonly targets?: Record<string, NamedArray>;
}

/** All that SAC computes, before it is compiled. */
export interface SacGraph {
  readonly state: State;
  /** Feeds: observations, actions, rewards, masks, nextObservations, nextNoise, noise. */
  readonly update: ProgramSpec;
  /** For one observation. Feeds: observation, noise. Outputs: action, mode, entropy. */
  readonly act: ProgramSpec<"action" | "mode" | "entropy">;
  /** The evaluation policy for any number of observations, for export. Outputs: action, entropy. */
  readonly policy: Readonly<Record<"action" | "entropy", Tensor>>;
}

/** Builds the graph of SAC and the state that it owns. */
export function sacGraph(
  sizes: NetworkSizes,
  head: Head,
  config: SacHyperparameters,
  initial: InitialNetworks,
): SacGraph {
  const { observationSize, actionSize } = sizes;
  const { batchSize: batch, discount, tau } = config;
  const state = new State();
  const actorParameters = state.parameters("actor", initial.actor);
  const criticParameters = state.parameters("critics", initial.critics);
  const targetParameters = state.parameters("targets", initial.targets ?? initial.critics);
  const temperature = config.temperature && state.variable("temperature.log", Math.log(config.temperature.initial));

  const observations = input("observations", [batch, observationSize]);
  const actions = input("actions", [batch, actionSize]);
  const rewards = input("rewards", [batch, 1]);
  const masks = input("masks", [batch, 1]);
  const nextObservations = input("nextObservations", [batch, observationSize]);
  const nextNoise = input("nextNoise", [batch, actionSize]);
  const noise = input("noise", [batch, actionSize]);

  // 1. Critics: mean squared error to r + γ·(1 − terminated)·min(Q₁, Q₂) of the targets, at an action of the current policy. Maximum
  // entropy adds α·(−log π) to that value; ERA rewards no entropy, since its policy cannot lose it.
  const next = head.policy(actor(actorParameters.tensors, nextObservations)).sample(nextNoise);
  const nextValue = smaller(critics(targetParameters.tensors, nextObservations, next.action));
  const softValue = temperature ? sub(nextValue, mul(exp(temperature), next.logProb())) : nextValue;
  const target = stopGradient(add(rewards, mul(mul(masks, discount), softValue)));
  const values = critics(criticParameters.tensors, observations, actions);
  const criticLoss = mul(mean(square(sub(values, target))), 2);
  const criticGradient = flatGradient(criticLoss, criticParameters);
  const criticStep = adam({ state, name: "critics.adam" }, criticParameters.flat, criticGradient, {
    learningRate: config.criticLearningRate,
    weightDecay: config.criticWeightDecay,
  });

  // 2. Targets follow the new critics.
  const nextTargets = polyak(targetParameters.flat, criticStep.next, tau);

  // 3. Actor: the value of a fresh action under the new critics.
  const policy = head.policy(actor(actorParameters.tensors, observations));
  const { action, logProb } = policy.sample(noise);
  const newCritics = unflatten(criticStep.next, criticParameters);
  const value = smaller(critics(newCritics, observations, action));
  const actorLoss = temperature ? mean(sub(mul(stopGradient(exp(temperature)), logProb()), value)) : neg(mean(value));
  const actorGradient = flatGradient(actorLoss, actorParameters);
  const actorStep = adam({ state, name: "actor.adam" }, actorParameters.flat, actorGradient, {
    learningRate: config.actorLearningRate,
  });

  const outputs: Record<string, Tensor> = {
    criticLoss,
    actorLoss,
    value: mean(values),
    criticGradientNorm: globalNorm(criticGradient),
    actorGradientNorm: globalNorm(actorGradient),
  };
  const updates = [...criticStep.updates, [targetParameters.flat, nextTargets] as const, ...actorStep.updates];

  // 4. Maximum entropy: log α rises while the policy's entropy is below its target.
  if (temperature && config.temperature) {
    const surplus = stopGradient(neg(add(mean(logProb()), config.temperature.targetEntropy)));
    const step = adam({ state, name: "temperature.adam" }, temperature, surplus, {
      learningRate: config.temperature.learningRate,
    });
    outputs.temperature = exp(temperature);
    updates.push(...step.updates);
  }

  return {
    state,
    update: { outputs, updates, guard: Object.keys(outputs) },
    act: actingGraph(sizes, head, actorParameters),
    policy: exportedPolicy(sizes, head, actorParameters),
  };
}

/** The smaller of the two critics' values, `[batch, 1]`. */
function smaller(values: Tensor): Tensor {
  const [first, second] = split(values, [1, 1], 0) as [Tensor, Tensor];
  return squeeze(minimum(first, second), 0);
}

function actingGraph(
  { observationSize, actionSize }: NetworkSizes,
  head: Head,
  parameters: Parameters,
): SacGraph["act"] {
  const policy = head.policy(actor(parameters.tensors, input("observation", [1, observationSize])));
  const { action } = policy.sample(input("noise", [1, actionSize]));
  return { outputs: { action, mode: policy.mode(), entropy: policy.entropy() }, guard: ["action", "mode"] };
}

function exportedPolicy({ observationSize }: NetworkSizes, head: Head, parameters: Parameters): SacGraph["policy"] {
  const policy = head.policy(actor(parameters.tensors, input("observation", ["batch", observationSize])));
  return { action: policy.mode(), entropy: policy.entropy() };
}
