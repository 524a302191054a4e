/**
 * Soft actor-critic (Haarnoja et al. 2018) with an entropy floor (ERA; official code: sac-era/jaxrl/agents/sac) or, as baseline, with
 * entropy in its rewards. From top to bottom: settings, the expression graph of a whole update and of acting, the compiled agent.
 */
import {
  adam,
  add,
  clip,
  exp,
  flatGradient,
  globalNorm,
  grad,
  input,
  mean,
  mul,
  type NamedArray,
  neg,
  polyak,
  type Random,
  State,
  square,
  stopGradient,
  sub,
  type Tensor,
  unflatten,
} from "@era/tensor";
import * as z from "zod";
import type { OffPolicyAgent } from "../training/offPolicy.ts";
import { type ActorCriticGraph, acting, compileActorCritic } from "./actorCritic.ts";
import { clampedHead, eraHead, type Head, logStdBounds, logStdInOrder, maximumEntropyHead } from "./heads.ts";
import { actor, critics, initialActor, initialCritics, type NetworkSizes, networkStyles, smaller } from "./networks.ts";
import * as setting from "./settings.ts";
import { count, logStd, rate } from "./settings.ts";

/** SAC's settings with the official SAC-ERA's values as defaults (sac-era/configs/sac_default.py, train_parallel.py) unless noted. */
export const sacConfigSchema = z
  .object({
    env: setting.env(),
    steps: count().default(1_000_000).describe("Environment steps to train for"),
    seed: setting.seed(),
    head: z
      .enum(["era", "maxent", "clamped"])
      .default("era")
      .describe(
        "Entropy method: ERA's activation, maximum entropy with a learned temperature, or clamped log deviations alone",
      ),
    entropy: z.number().default(0.25).describe("ERA: entropy to keep, in nats per action dimension"),
    entropyOf: z
      .enum(["gaussian", "policy"])
      .default("gaussian")
      .describe(
        "ERA: whose entropy that is, the untruncated Gaussian's (the official recipe) or the acting policy's (certified)",
      ),
    delta: z
      .number()
      .min(0)
      .default(0)
      .describe(
        "ERA of the gaussian: constant δ in nats over all dimensions, added to the entropy to pay for bounded actions",
      ),
    learnDelta: z
      .boolean()
      .default(false)
      .describe(
        "ERA of the gaussian: learn δ, so that the acting policy's mean entropy comes to what was asked (paper)",
      ),
    // δ moves by about its rate in an update: the 0.7 nat a dimension that bounding costs take some thousand updates.
    deltaLearningRate: rate().default(3e-3).describe("Adam's learning rate for δ"),
    logStdMin: logStd().optional().describe("Smallest log standard deviation; era and clamped: -8, maxent: -20"),
    logStdMax: logStd().optional().describe("Largest log standard deviation; era and clamped: 0, maxent: 2"),
    targetEntropy: z
      .number()
      .optional()
      .describe(
        "Maximum entropy: target of the temperature in nats over all dimensions; minus the number of dimensions if left out",
      ),
    initialTemperature: z.number().positive().default(1).describe("Maximum entropy: temperature at the start"),
    network: z
      .enum(networkStyles)
      .default("official")
      .describe("Networks: SAC-ERA's (ELU, normalized critics) or plain ones (ReLU, as Stable-Baselines3's)"),
    hidden: z.array(count()).min(1).default([512, 512]).describe("Widths of the hidden layers of actor and critics"),
    batchSize: count().default(256).describe("Transitions per update"),
    updatesPerStep: z.int().min(0).default(2).describe("Updates per environment step"),
    startSteps: z.int().min(1).default(5000).describe("Steps with random actions before the first update"),
    bufferSize: setting.bufferSize().default(1_000_000).describe("Transitions kept for replay"),
    discount: z.number().min(0).max(1).default(0.99).describe("Discount per step"),
    tau: rate().default(0.005).describe("Rate at which the target critics follow"),
    actorLearningRate: rate().default(3e-4).describe("Adam's learning rate for the actor"),
    criticLearningRate: rate().default(3e-4).describe("AdamW's learning rate for the critics"),
    // optax.adamw's default, which the official code leaves in place.
    criticWeightDecay: z.number().min(0).default(1e-4).describe("AdamW's weight decay of the critics"),
    evalEvery: count().default(10_000).describe("Steps between evaluations (official: 25000)"),
    evalEpisodes: count().default(10).describe("Episodes per evaluation"),
    logEvery: count().default(1000).describe("Steps between lines of metrics (official: 10000)"),
    checkpointEvery: count().default(10_000).describe("Steps between checkpoints"),
    threads: setting.threads(),
  })
  .refine(...logStdInOrder)
  .refine(
    ({ delta, learnDelta, head, entropyOf }) =>
      (delta === 0 && !learnDelta) || (head === "era" && entropyOf === "gaussian"),
    {
      path: ["delta"],
      error:
        "--delta and --learn-delta belong to --head era with --entropy-of gaussian; --entropy-of policy solves for δ itself",
    },
  )
  .refine(({ delta, learnDelta }) => delta === 0 || !learnDelta, {
    path: ["delta"],
    error: "is constant or learned: give --delta or --learn-delta, not both",
  });

export type SacConfig = z.output<typeof sacConfigSchema>;

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
  /** Of the learned δ, where the head has one. */
  readonly deltaLearningRate?: number;
  /** Maximum entropy only: the temperature at the start, learned towards this entropy of the policy in nats. */
  readonly temperature?: { readonly initial: number; readonly learningRate: number; readonly targetEntropy: number };
}

export interface InitialNetworks {
  readonly actor: Record<string, NamedArray>;
  readonly critics: Record<string, NamedArray>;
  /** The critics' values where left out. */
  readonly targets?: Record<string, NamedArray>;
}

/** Builds the graph of SAC and the state that it owns. */
export function sacGraph(
  sizes: NetworkSizes,
  head: Head,
  config: SacHyperparameters,
  initial: InitialNetworks,
): ActorCriticGraph {
  const { observationSize, actionSize, style } = sizes;
  const { batchSize: batch, discount, tau } = config;
  const state = new State();
  const actorParameters = state.parameters("actor", initial.actor);
  const criticParameters = state.parameters("critics", initial.critics);
  const targetParameters = state.parameters("targets", initial.targets ?? initial.critics);
  const temperature = config.temperature && state.variable("temperature.log", Math.log(config.temperature.initial));
  const delta = head.delta && state.variable("delta", 0, [1]);
  const policyOf = (observations: Tensor) => head.policy(actor(actorParameters.tensors, observations, style), delta);
  const valuesOf = (parameters: Readonly<Record<string, Tensor>>, states: Tensor, taken: Tensor) =>
    critics(parameters, states, taken, style);

  const observations = input("observations", [batch, observationSize]);
  const actions = input("actions", [batch, actionSize]);
  const rewards = input("rewards", [batch, 1]);
  const masks = input("masks", [batch, 1]);
  const nextObservations = input("nextObservations", [batch, observationSize]);
  const nextNoise = input("nextNoise", [batch, actionSize]);
  const noise = input("noise", [batch, actionSize]);

  // 1. Critics: mean squared error to r + γ·(1 − terminated)·min(Q₁, Q₂) of the targets, at an action of the current policy. Maximum
  // entropy adds α·(−log π) to that value; ERA rewards no entropy, since its policy cannot lose it.
  const next = policyOf(nextObservations).sample(nextNoise);
  const nextValue = smaller(valuesOf(targetParameters.tensors, nextObservations, next.action));
  const softValue = temperature ? sub(nextValue, mul(exp(temperature), next.logProb())) : nextValue;
  const target = stopGradient(add(rewards, mul(mul(masks, discount), softValue)));
  const values = valuesOf(criticParameters.tensors, observations, actions);
  const criticLoss = mul(mean(square(sub(values, target))), 2);
  const criticGradient = flatGradient(criticLoss, criticParameters);
  const criticStep = adam({ state, name: "critics.adam" }, criticParameters.flat, criticGradient, {
    learningRate: config.criticLearningRate,
    weightDecay: config.criticWeightDecay,
  });

  // 2. Targets follow the new critics.
  const nextTargets = polyak(targetParameters.flat, criticStep.next, tau);

  // 3. Actor: the value of a fresh action under the new critics.
  const policy = policyOf(observations);
  const { action, logProb } = policy.sample(noise);
  const newCritics = unflatten(criticStep.next, criticParameters);
  const value = smaller(valuesOf(newCritics, observations, action));
  const actorLoss = temperature ? mean(sub(mul(stopGradient(exp(temperature)), logProb()), value)) : neg(mean(value));
  const actorGradient = flatGradient(actorLoss, actorParameters);
  const actorStep = adam({ state, name: "actor.adam" }, actorParameters.flat, actorGradient, {
    learningRate: config.actorLearningRate,
  });

  const outputs: Record<string, Tensor> = {
    "loss/critic": criticLoss,
    "loss/actor": actorLoss,
    "train/value": mean(values),
    "gradient/critic": globalNorm(criticGradient),
    "gradient/actor": globalNorm(actorGradient),
  };
  const updates = [...criticStep.updates, [targetParameters.flat, nextTargets] as const, ...actorStep.updates];

  // 4. Maximum entropy: log α rises while the policy's entropy is below its target.
  if (temperature && config.temperature) {
    const surplus = stopGradient(neg(add(mean(logProb()), config.temperature.targetEntropy)));
    const step = adam({ state, name: "temperature.adam" }, temperature, surplus, {
      learningRate: config.temperature.learningRate,
    });
    outputs["train/temperature"] = exp(temperature);
    updates.push(...step.updates);
  }

  // 5. Learned δ (paper): it rises while the acting policy's mean entropy is below what was asked, within the range where it has an effect.
  if (head.delta && delta) {
    const [slope] = grad(mean(head.delta.loss(delta, policy.entropy())), [delta]) as [Tensor];
    const memory = { state, name: "delta.adam" };
    const step = adam(memory, delta, slope, { learningRate: config.deltaLearningRate ?? config.actorLearningRate });
    const nextDelta = clip(step.next, 0, head.delta.max);
    outputs["train/delta"] = nextDelta;
    updates.push([delta, nextDelta], ...step.updates.slice(1));
  }

  return {
    state,
    update: { outputs, updates, guard: Object.keys(outputs) },
    ...acting(sizes, policyOf),
  };
}

/** The head that the settings ask for. Throws Error naming what is allowed where no policy has the entropy asked for. */
export function sacHead(config: SacConfig, actionSize: number): Head {
  const { head, entropy, entropyOf, delta, learnDelta, targetEntropy = -actionSize } = config;
  const bounds = logStdBounds(config);
  if (head === "clamped") return clampedHead(bounds);
  if (head === "maxent") return maximumEntropyHead({ ...bounds, actionDim: actionSize, target: targetEntropy });
  return eraHead({
    ...bounds,
    actionDim: actionSize,
    entropy: { perDim: entropy, of: entropyOf },
    ...(learnDelta ? { delta: "learned" } : delta > 0 && { delta }),
  });
}

/** A compiled SAC agent with freshly initialized networks, drawn from `random`. */
export async function createSac(
  config: SacConfig,
  { observationSize, actionSize }: { observationSize: number; actionSize: number },
  random: Random,
): Promise<OffPolicyAgent & { readonly head: Head }> {
  const sizes: NetworkSizes = { observationSize, actionSize, hidden: config.hidden, style: config.network };
  const head = sacHead(config, actionSize);
  const { target } = head.entropy;
  const temperature =
    config.head === "maxent" && target !== null
      ? { initial: config.initialTemperature, learningRate: config.actorLearningRate, targetEntropy: target }
      : undefined;
  const graph = sacGraph(
    sizes,
    head,
    { ...config, ...(temperature && { temperature }) },
    { actor: initialActor(random, sizes), critics: initialCritics(random, sizes) },
  );
  return compileActorCritic(graph, head, sizes, config);
}
