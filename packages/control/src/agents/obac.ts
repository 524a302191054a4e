/**
 * Offline-boosted actor-critic (OBAC, Luo et al. 2024; official code: Roythuly/OBAC, model/algo.py): beside its own value the policy has
 * that of the best policy hidden in the replay buffer, learned offline, and is held to the replayed actions while that one is higher. With
 * an entropy floor (ERA) or, as the original, with entropy in its rewards. From top to bottom: settings, head and networks, the expression
 * graph of a whole update, the compiled agent.
 */
import { truncatedNormal } from "@era/activation";
import {
  adam,
  add,
  cast,
  clip,
  concat,
  elu,
  exp,
  flatGradient,
  globalNorm,
  init,
  input,
  layerNorm,
  less,
  linear,
  mean,
  mul,
  type NamedArray,
  neg,
  polyak,
  type Random,
  State,
  square,
  squeeze,
  stopGradient,
  sub,
  type Tensor,
  tanh,
  tensorOps,
  unsqueeze,
  where,
} from "@era/tensor";
import * as z from "zod";
import type { OffPolicyAgent } from "../training/offPolicy.ts";
import { type ActorCriticGraph, acting, compileActorCritic } from "./actorCritic.ts";
import { eraHead, type Head, logStdBounds, logStdInOrder, maximumEntropyHead, type Policy } from "./heads.ts";
import { columns, type Named, type NetworkSizes, need, smaller } from "./networks.ts";
import * as setting from "./settings.ts";
import { count, logStd, rate } from "./settings.ts";

/** OBAC's settings with the official values as defaults (utilis/default_config.py) unless noted. */
export const obacConfigSchema = z
  .object({
    env: setting.env(),
    steps: count().default(4_000_000).describe("Environment steps to train for"),
    seed: setting.seed(),
    head: z
      .enum(["era", "maxent"])
      .default("era")
      .describe("Entropy method: ERA's activation, or maximum entropy as the original"),
    entropy: z.number().default(0.25).describe("ERA: entropy to keep, in nats per action dimension"),
    entropyOf: z
      .enum(["gaussian", "policy"])
      .default("gaussian")
      .describe(
        "ERA: whose entropy that is, the untruncated Gaussian's (the official recipe) or the acting policy's (certified)",
      ),
    logStdMin: logStd()
      .optional()
      .describe("Smallest log standard deviation; left out: -8 (ERA), -20 (maximum entropy)"),
    logStdMax: logStd().optional().describe("Largest log standard deviation; left out: 0 (ERA), 2 (maximum entropy)"),
    temperature: z
      .number()
      .positive()
      .optional()
      .describe("Maximum entropy: constant temperature (official: 0.2 where it is not learned); learned if left out"),
    targetEntropy: z
      .number()
      .optional()
      .describe(
        "Maximum entropy: target of the learned temperature in nats over all dimensions; minus the number of dimensions if left out",
      ),
    expectile: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.9)
      .describe("Expectile of replayed actions' values that the behaviour policy's value is (official: quantile)"),
    cloningWeight: z
      .number()
      .min(0)
      .default(0.001)
      .describe("Weight of replayed actions' log-density while the behaviour policy is better (official: bc_weight)"),
    hidden: z.array(count()).min(1).default([512, 512]).describe("Widths of the hidden layers of all networks"),
    batchSize: count().default(512).describe("Transitions per update"),
    updatesPerStep: z.int().min(0).default(1).describe("Updates per environment step"),
    startSteps: z.int().min(1).default(5000).describe("Steps with random actions before the first update"),
    bufferSize: setting.bufferSize().default(1_000_000).describe("Transitions kept for replay"),
    discount: z.number().min(0).max(1).default(0.99).describe("Discount per step"),
    tau: rate().default(0.005).describe("Rate at which the target critics follow"),
    learningRate: rate().default(3e-4).describe("Adam's learning rate"),
    evalEvery: count().default(10_000).describe("Steps between evaluations"),
    evalEpisodes: count().default(5).describe("Episodes per evaluation"),
    logEvery: count().default(1000).describe("Steps between lines of metrics"),
    checkpointEvery: count().default(10_000).describe("Steps between checkpoints"),
    threads: setting.threads(),
  })
  .refine(...logStdInOrder)
  .refine(({ temperature, head }) => temperature === undefined || head === "maxent", {
    path: ["temperature"],
    error: "belongs to --head maxent; ERA rewards no entropy",
  })
  .refine(({ temperature, targetEntropy }) => temperature === undefined || targetEntropy === undefined, {
    path: ["temperature"],
    error: "is constant or learned towards an entropy: give --temperature or --target-entropy, not both",
  });

export type ObacConfig = z.output<typeof obacConfigSchema>;

/** A head, and how likely it takes replayed actions: their log-density in nats `[batch, D]`, each dimension by itself. */
export interface ObacHead extends Head {
  logDensity(policy: Policy, actions: Tensor): Tensor;
}

/**
 * The head that the settings ask for. ERA's published code has no OBAC, so that its head is here what the paper describes: the bounded
 * Gaussian of SAC-ERA in place of the original's, and no entropy in any loss.
 * @throws Error naming what is allowed where no policy has the entropy asked for
 */
export function obacHead(config: ObacConfig, actionSize: number): ObacHead {
  const { head, entropy, entropyOf, targetEntropy = -actionSize } = config;
  const bounds = { ...logStdBounds(config), actionDim: actionSize };
  if (head === "era") {
    return {
      ...eraHead({ ...bounds, entropy: { perDim: entropy, of: entropyOf } }),
      logDensity({ normal: { location, logStd } }, actions) {
        // A product of one-dimensional distributions: their own axis keeps the density from being summed.
        const each = truncatedNormal(tensorOps, { location: unsqueeze(location, 2), logStd: unsqueeze(logStd, 2) });
        return squeeze(each.logProb(unsqueeze(actions, 2)), 2);
      },
    };
  }
  const squashed = maximumEntropyHead({ ...bounds, target: targetEntropy });
  return {
    ...squashed,
    // A constant temperature aims at no entropy.
    ...(config.temperature !== undefined && { entropy: { target: null, floor: null } }),
    // The official code asks the normal before it is squashed for actions that are: no density of the policy, but what its results are from.
    logDensity({ normal: { location, logStd } }, actions) {
      const noise = mul(sub(actions, location), exp(neg(logStd)));
      return neg(add(add(mul(square(noise), 0.5), logStd), 0.5 * Math.log(2 * Math.PI)));
    },
  };
}

/**
 * A network's initial parameters (official model.py): Xavier-uniform matrices and zero biases, `copies` of them as one stack where given.
 * @param widths of the input, the hidden layers and the output
 */
function initialNetwork(random: Random, widths: readonly number[], copies?: number): Record<string, NamedArray> {
  const [stack, row] = copies === undefined ? [[], []] : [[copies], [copies, 1]];
  const parameters: Record<string, NamedArray> = {};
  widths.slice(1).forEach((width, i) => {
    const name = i === widths.length - 2 ? "out" : `dense${i + 1}`;
    parameters[`${name}.weight`] = init.xavierUniform(random, [...stack, widths[i] ?? 0, width]);
    parameters[`${name}.bias`] = init.zeros([...row, width]);
    if (i === 0) {
      parameters["norm.scale"] = init.ones([...row, width]);
      parameters["norm.bias"] = init.zeros([...row, width]);
    }
  });
  return parameters;
}

/** Outputs `[batch, n]`, of a stack `[copies, batch, n]`: the first layer is normalized and squashed by tanh, the others are ELU. */
function network(parameters: Named, x: Tensor): Tensor {
  const layer = (name: string, from: Tensor) =>
    linear(from, need(parameters, `${name}.weight`), need(parameters, `${name}.bias`));
  let y = tanh(layerNorm(layer("dense1", x), need(parameters, "norm.scale"), need(parameters, "norm.bias")));
  for (let i = 2; parameters[`dense${i}.weight`]; i++) y = elu(layer(`dense${i}`, y));
  return layer("out", y);
}

/** OBAC's networks: an actor, twin critics (a stack of two) and the value of the behaviour policy. */
export interface ObacNetworks {
  readonly actor: Record<string, NamedArray>;
  readonly critics: Record<string, NamedArray>;
  readonly value: Record<string, NamedArray>;
}

/** Freshly drawn networks. */
export function initialObacNetworks(
  random: Random,
  { observationSize, actionSize, hidden }: NetworkSizes,
): ObacNetworks {
  const actor = initialNetwork(random, [observationSize, ...hidden, actionSize]);
  const logStd = init.xavierUniform(random, [hidden.at(-1) ?? 0, actionSize]);
  actor["out.weight"] = columns(actor["out.weight"] as NamedArray, logStd);
  actor["out.bias"] = init.zeros([2 * actionSize]);
  return {
    actor,
    critics: initialNetwork(random, [observationSize + actionSize, ...hidden, 1], 2),
    value: initialNetwork(random, [observationSize, ...hidden, 1]),
  };
}

/**
 * Builds the graph of OBAC and the state that it owns. The behaviour policy's critics and all targets begin as the critics.
 *
 * Every loss is taken at the parameters before the update. (The official code evaluates them there too, but steps the critics before it
 * differentiates the actor's loss through them, which current PyTorch refuses to do.)
 */
export function obacGraph(
  sizes: NetworkSizes,
  head: ObacHead,
  config: ObacConfig,
  initial: ObacNetworks,
): ActorCriticGraph {
  const { observationSize, actionSize } = sizes;
  const { batchSize: batch, discount, tau, learningRate } = config;
  const state = new State();
  const actor = state.parameters("actor", initial.actor);
  const critics = state.parameters("critics", initial.critics);
  const targets = state.parameters("targets", initial.critics);
  const behaviourCritics = state.parameters("behaviourCritics", initial.critics);
  const behaviourTargets = state.parameters("behaviourTargets", initial.critics);
  const behaviourValue = state.parameters("behaviourValue", initial.value);
  // α: learned from 1 on, constant, or none. (The official code's first update has 0.2 also where α is learned.)
  const learnsTemperature = config.head === "maxent" && config.temperature === undefined;
  const logTemperature = learnsTemperature ? state.variable("temperature.log", 0) : undefined;
  const temperature = logTemperature ? stopGradient(exp(logTemperature)) : config.temperature;
  const policyOf = (observations: Tensor) => head.policy(network(actor.tensors, observations));
  const valuesOf = (parameters: Named, observations: Tensor, actions: Tensor) =>
    network(parameters, concat([observations, actions], 1));

  const observations = input("observations", [batch, observationSize]);
  const actions = input("actions", [batch, actionSize]);
  const rewards = input("rewards", [batch, 1]);
  const masks = input("masks", [batch, 1]);
  const nextObservations = input("nextObservations", [batch, observationSize]);
  const nextNoise = input("nextNoise", [batch, actionSize]);
  const noise = input("noise", [batch, actionSize]);
  const backup = (nextValue: Tensor) => stopGradient(add(rewards, mul(mul(masks, discount), nextValue)));
  const step = (name: string, parameters: typeof actor, loss: Tensor) =>
    adam({ state, name: `${name}.adam` }, parameters.flat, flatGradient(loss, parameters), { learningRate });

  // 1. The current policy's critics, as SAC's: r + γ·(1 − terminated)·(min(Q₁, Q₂) − α·log π) of the targets; ERA has no α.
  const next = policyOf(nextObservations).sample(nextNoise);
  const nextValue = smaller(valuesOf(targets.tensors, nextObservations, next.action));
  const softValue = temperature ? sub(nextValue, mul(temperature, next.logProb())) : nextValue;
  const values = valuesOf(critics.tensors, observations, actions);
  const criticLoss = mul(mean(square(sub(values, backup(softValue)))), 2);

  // 2. The behaviour policy's, from replayed actions alone (implicit Q-learning, Kostrikov et al. 2022): its value is an upper expectile of
  // what replayed actions are worth, so that of the best of them; its critics look ahead to that value.
  const behaviourNext = network(behaviourValue.tensors, nextObservations);
  const behaviourValues = valuesOf(behaviourCritics.tensors, observations, actions);
  const behaviourLoss = mul(mean(square(sub(behaviourValues, backup(behaviourNext)))), 2);
  const replayedValue = stopGradient(smaller(valuesOf(behaviourTargets.tensors, observations, actions)));
  const advantage = sub(replayedValue, network(behaviourValue.tensors, observations));
  const asymmetry = where(less(advantage, 0), 1 - config.expectile, config.expectile);
  const valueLoss = mean(mul(asymmetry, square(advantage)));

  // 3. The actor climbs its own value. While the behaviour policy's is higher in the mean over the batch, it is also drawn to the replayed
  // actions, whose log-density is clamped in each dimension.
  const policy = policyOf(observations);
  const { action, logProb } = policy.sample(noise);
  const ownValue = smaller(valuesOf(critics.tensors, observations, action));
  const isBehind = stopGradient(cast(less(mean(ownValue), mean(smaller(behaviourValues))), "float32"));
  const cloning = mean(clip(head.logDensity(policy, actions), -20, 2));
  const climbed = temperature ? sub(ownValue, mul(temperature, logProb())) : ownValue;
  const actorLoss = neg(add(mean(climbed), mul(mul(isBehind, config.cloningWeight), cloning)));

  const criticStep = step("critics", critics, criticLoss);
  const behaviourStep = step("behaviourCritics", behaviourCritics, behaviourLoss);
  const valueStep = step("behaviourValue", behaviourValue, valueLoss);
  const actorGradient = flatGradient(actorLoss, actor);
  const actorStep = adam({ state, name: "actor.adam" }, actor.flat, actorGradient, { learningRate });

  const outputs: Record<string, Tensor> = {
    "loss/critic": criticLoss,
    "loss/behaviourCritic": behaviourLoss,
    "loss/behaviourValue": valueLoss,
    "loss/actor": actorLoss,
    "train/value": mean(ownValue),
    "train/behaviourValue": mean(smaller(behaviourValues)),
    "train/cloning": isBehind,
    "gradient/actor": globalNorm(actorGradient),
  };
  const updates = [
    ...criticStep.updates,
    ...behaviourStep.updates,
    ...valueStep.updates,
    ...actorStep.updates,
    [targets.flat, polyak(targets.flat, criticStep.next, tau)] as const,
    [behaviourTargets.flat, polyak(behaviourTargets.flat, behaviourStep.next, tau)] as const,
  ];

  // 4. The learned temperature: log α rises while the policy's entropy is below its target.
  if (logTemperature) {
    const surplus = stopGradient(neg(add(mean(logProb()), head.entropy.target ?? 0)));
    const temperatureStep = adam({ state, name: "temperature.adam" }, logTemperature, surplus, { learningRate });
    outputs["train/temperature"] = exp(logTemperature);
    updates.push(...temperatureStep.updates);
  }

  return { state, update: { outputs, updates, guard: Object.keys(outputs) }, ...acting(sizes, policyOf) };
}

/** A compiled OBAC agent with freshly initialized networks, drawn from `random`. */
export function createObac(
  config: ObacConfig,
  { observationSize, actionSize }: { observationSize: number; actionSize: number },
  random: Random,
): Promise<OffPolicyAgent & { readonly head: Head }> {
  const sizes: NetworkSizes = { observationSize, actionSize, hidden: config.hidden };
  const head = obacHead(config, actionSize);
  return compileActorCritic(obacGraph(sizes, head, config, initialObacNetworks(random, sizes)), head, sizes, config);
}
