/**
 * TD-MPC2 (Hansen et al. 2024; official code: nicklashansen/tdmpc2, single-task, states): a world model in latent space learned by
 * temporal differences, and planning with it. Its policy prior keeps an entropy floor (ERA) or, as baseline, has entropy in its loss.
 * Settings, networks, policy prior and planner are in tdmpc2/; here, from top to bottom: the expression graph of a whole update and of a
 * decision, the compiled agent.
 */
import { FailureError } from "@era/lab";
import {
  adam,
  add,
  compile,
  concat,
  constant,
  div,
  exportOnnx,
  flatGradient,
  globalNorm,
  input,
  lessEqual,
  mean,
  min,
  minimum,
  mul,
  neg,
  type Parameters,
  type ProgramSpec,
  polyak,
  Random,
  State,
  type Step,
  slice,
  softplus,
  split,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  unflatten,
} from "@era/tensor";
import { createReplayBatch } from "../replay/replayBatch.ts";
import { sampleSequences } from "../replay/sequenceSampler.ts";
import type { OffPolicyAgent } from "../training/offPolicy.ts";
import { discountOf, type Tdmpc2Config } from "./tdmpc2/config.ts";
import { type Bins, softCrossEntropy, twoHotInverse } from "./tdmpc2/discreteRegression.ts";
import { fillDropout, twoOf } from "./tdmpc2/draws.ts";
import { type LatentModel, type PlannerConfig, type PlannerInput, plan, plannerInputs } from "./tdmpc2/planner.ts";
import { type PriorHead, tdmpc2Head } from "./tdmpc2/priorHead.ts";
import { nextScale } from "./tdmpc2/runningScale.ts";
import {
  encode,
  type InitialWorldModel,
  initialWorldModel,
  logits,
  members,
  nextLatent,
  type WorldModelSizes,
} from "./tdmpc2/worldModel.ts";

/** All that TD-MPC2 computes, before it is compiled. */
export interface Tdmpc2Graph {
  readonly state: State;
  /** The mean of the plan in training, `[horizon, actionSize]`: state that the agent writes. */
  readonly planMean: Tensor;
  /**
   * Feeds: observations, actions, rewards, masks, nextObservations, time first, `[horizon·batch, …]`; nextNoise `[horizon·batch, actionSize]`,
   * noise `[(horizon + 1)·batch, actionSize]`, targetCritics and priorCritics `[2]` int64; with dropout, masks criticDropout
   * `[critics, horizon·batch, hidden]` and priorDropout `[2, (horizon + 1)·batch, hidden]`.
   */
  readonly update: ProgramSpec;
  /** A decision. Feeds: observation `[1, observationSize]`, {@link plannerInputs}, critics. `entropy` is the prior's. */
  readonly act: ProgramSpec<"action" | "mean" | "entropy">;
  /** The policy prior without planning, for export. Outputs: action, entropy. */
  readonly policy: Readonly<Record<"action" | "entropy", Tensor>>;
}

/** The planner's settings; iterations grow from 20 action dimensions on (official heuristic). */
export const plannerConfig = (config: Tdmpc2Config, actionSize: number): PlannerConfig => ({
  ...config,
  iterations: config.iterations + (actionSize >= 20 ? 2 : 0),
});

/** Builds the graph of TD-MPC2 and the state that it owns. */
export function tdmpc2Graph(
  sizes: WorldModelSizes,
  head: PriorHead,
  config: Tdmpc2Config & { readonly discount: number },
  initial: InitialWorldModel,
): Tdmpc2Graph {
  const { observationSize, actionSize, simNormGroup: group } = sizes;
  const { batchSize: batch, horizon, rho, tau, discount } = config;
  const bins: Bins = { count: sizes.bins, low: -10, high: 10 };
  const state = new State();
  const encoder = state.parameters("encoder", initial.encoder);
  const dynamics = state.parameters("dynamics", initial.dynamics);
  const reward = state.parameters("reward", initial.reward);
  const critics = state.parameters("critics", initial.critics);
  const targets = state.parameters("targets", initial.critics);
  const prior = state.parameters("prior", initial.prior);
  const termination = initial.termination && state.parameters("termination", initial.termination);
  const scale = state.variable("scale", 1);
  const planMean = state.variable("plan.mean", 0, [horizon, actionSize]);

  const rawPrior = (latents: Tensor) => logits(prior.tensors, latents);
  const values = (parameters: Readonly<Record<string, Tensor>>, latents: Tensor, actions: Tensor, dropout?: Tensor) =>
    logits(parameters, concat([latents, actions], 1), dropout);
  const steps = (x: Tensor, n: number) => split(x, Array<number>(n).fill(batch), 0);
  /** A mask of the first layer's outputs, fed where there is dropout. */
  const dropout = (name: string, shape: readonly number[]) => (config.dropout > 0 ? input(name, shape) : undefined);
  /** ρᵗ for each row of `n` steps, such that a product's sum is the mean over the batch and, divided by the steps, over time. */
  const timeWeights = (n: number) =>
    constant(
      Float32Array.from({ length: n * batch }, (_, row) => rho ** Math.floor(row / batch) / (n * batch)),
      [n * batch, 1],
    );

  const rows = horizon * batch;
  const observations = input("observations", [rows, observationSize]);
  const actions = input("actions", [rows, actionSize]);
  const rewards = input("rewards", [rows, 1]);
  const masks = input("masks", [rows, 1]);
  const nextObservations = input("nextObservations", [rows, observationSize]);
  const nextNoise = input("nextNoise", [rows, actionSize]);
  const noise = input("noise", [rows + batch, actionSize]);
  const targetCritics = input("targetCritics", [2], "int64");
  const priorCritics = input("priorCritics", [2], "int64");

  // 1. Targets: r + γ·(1 − terminated)·min of two target value functions, at an action of the prior.
  const nextLatents = stopGradient(encode(encoder.tensors, nextObservations, group));
  const nextAction = head.policy(rawPrior(nextLatents)).sample(nextNoise).action;
  const nextValues = twoHotInverse(values(members(targets.tensors, targetCritics), nextLatents, nextAction), bins);
  const target = stopGradient(add(rewards, mul(mul(masks, discount), min(nextValues, 0))));

  // 2. The world model: latent states rolled out from the first observation must meet the encoder's, and tell rewards and values.
  const actionSteps = steps(actions, horizon);
  const latents = [encode(encoder.tensors, slice(observations, 0, 0, batch), group)];
  for (const action of actionSteps) latents.push(nextLatent(dynamics.tensors, latents.at(-1) as Tensor, action, group));
  const rolled = concat(latents.slice(0, -1));
  const reached = concat(latents.slice(1));
  const weights = timeWeights(horizon);
  const distance = mean(square(sub(reached, nextLatents)), -1, true);
  const consistencyLoss = sum(mul(distance, weights));
  const rewardLogits = logits(reward.tensors, concat([rolled, actions], 1));
  const rewardLoss = sum(mul(softCrossEntropy(rewardLogits, rewards, bins), weights));
  const criticDropout = dropout("criticDropout", [sizes.critics, rows, sizes.hidden]);
  const valueLogits = values(critics.tensors, rolled, actions, criticDropout);
  const valueLoss = div(sum(mul(softCrossEntropy(valueLogits, target, bins), weights)), sizes.critics);
  const terminationLoss = termination && mean(logisticLoss(logits(termination.tensors, reached), sub(1, masks)));
  const losses: Record<string, Tensor> = {
    "loss/consistency": consistencyLoss,
    "loss/reward": rewardLoss,
    "loss/value": valueLoss,
    ...(terminationLoss && { "loss/termination": terminationLoss }),
  };
  const modelLoss = [
    mul(consistencyLoss, config.consistencyWeight),
    mul(rewardLoss, config.rewardWeight),
    mul(valueLoss, config.valueWeight),
    ...(terminationLoss ? [mul(terminationLoss, config.terminationWeight)] : []),
  ].reduce((total, part) => add(total, part));
  const groups: readonly (readonly [name: string, parameters: Parameters, learningRate: number])[] = [
    ["critics", critics, config.learningRate],
    ["encoder", encoder, config.learningRate * config.encoderScale],
    ["dynamics", dynamics, config.learningRate],
    ["reward", reward, config.learningRate],
    ...(termination ? [["termination", termination, config.learningRate] as const] : []),
  ];
  const gradients = groups.map(([, parameters]) => flatGradient(modelLoss, parameters));
  const modelNorm = sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((total, part) => add(total, part)));
  const clipped = (gradient: Tensor, norm: Tensor) =>
    mul(gradient, minimum(div(config.gradientClip, add(norm, 1e-6)), 1));
  const modelSteps = groups.map(([name, parameters, learningRate], i) =>
    adam({ state, name: `${name}.adam` }, parameters.flat, clipped(gradients[i] as Tensor, modelNorm), {
      learningRate,
    }),
  );
  const nextCritics = (modelSteps[0] as Step).next; // The first of the groups.

  // 3. The policy prior climbs the new value functions, in units of their spread, at all latent states of the rollout.
  const states = stopGradient(concat(latents));
  const raw = rawPrior(states);
  const policy = head.policy(raw);
  const { action } = policy.sample(noise);
  const asked = members(unflatten(nextCritics, critics), priorCritics);
  const priorDropout = dropout("priorDropout", [2, rows + batch, sizes.hidden]);
  const value = mean(twoHotInverse(values(asked, states, action, priorDropout), bins), 0);
  const newScale = stopGradient(nextScale(scale, slice(value, 0, 0, batch), tau));
  const scaled = div(value, newScale);
  const climbed = head.bonus ? add(scaled, head.bonus(raw, noise)) : scaled;
  const priorLoss = neg(sum(mul(climbed, timeWeights(horizon + 1))));
  const priorGradient = flatGradient(priorLoss, prior);
  const priorNorm = globalNorm(priorGradient);
  const priorStep = adam({ state, name: "prior.adam" }, prior.flat, clipped(priorGradient, priorNorm), {
    learningRate: config.learningRate,
    epsilon: 1e-5,
  });

  const outputs: Record<string, Tensor> = {
    ...losses,
    "loss/model": modelLoss,
    "loss/prior": priorLoss,
    "train/value": mean(value),
    "train/scale": newScale,
    "train/entropy": mean(policy.entropy()),
    "train/entropyMin": min(policy.entropy()),
    "gradient/model": modelNorm,
    "gradient/prior": priorNorm,
  };
  const updates = [
    ...modelSteps.flatMap((step) => step.updates),
    ...priorStep.updates,
    // 4. The target value functions follow the new ones.
    [targets.flat, polyak(targets.flat, nextCritics, tau)] as const,
    [scale, newScale] as const,
  ];

  // A decision: planning from the encoded observation.
  const model: LatentModel = {
    discount,
    ...(termination && { isAlive: (at: Tensor) => lessEqual(logits(termination.tensors, at), 0) }),
    next: (from, taken) => nextLatent(dynamics.tensors, from, taken, group),
    reward: (from, taken) => twoHotInverse(logits(reward.tensors, concat([from, taken], 1)), bins),
    act: (from, drawn) => head.policy(rawPrior(from)).sample(drawn).action,
    value: (from, taken, indices) =>
      mean(twoHotInverse(values(members(critics.tensors, indices), from, taken), bins), 0),
  };
  const latent = encode(encoder.tensors, input("observation", [1, observationSize]), group);
  const planned = plan(model, plannerConfig(config, actionSize), latent, actionSize);
  const exported = head.policy(
    rawPrior(encode(encoder.tensors, input("observation", ["batch", observationSize]), group)),
  );
  return {
    state,
    planMean,
    update: { outputs, updates, guard: Object.keys(outputs) },
    act: {
      outputs: { ...planned, entropy: head.policy(rawPrior(latent)).entropy() },
      guard: ["action", "mean", "entropy"],
    },
    policy: { action: exported.mode(), entropy: exported.entropy() },
  };
}

/** What TD-MPC2 needs to know of an environment. */
interface EnvironmentSizes {
  readonly observationSize: number;
  readonly actionSize: number;
  /** The time limit, from which the discount follows. */
  readonly maxEpisodeSteps: number;
}

/** Cross-entropy in nats of the logit of a probability to what happened, 0 or 1. */
const logisticLoss = (logit: Tensor, happened: Tensor): Tensor => sub(softplus(logit), mul(logit, happened));

/** A compiled TD-MPC2 agent with freshly initialized networks, drawn from `random`. */
export async function createTdmpc2(
  config: Tdmpc2Config,
  { observationSize, actionSize, maxEpisodeSteps }: EnvironmentSizes,
  random: Random,
): Promise<OffPolicyAgent & { readonly nodeCount: { readonly act: number; readonly update: number } }> {
  const sizes: WorldModelSizes = { ...config, observationSize, actionSize };
  const { horizon, batchSize, hidden } = config;
  const head = tdmpc2Head(config, actionSize);
  const discount = config.discount ?? discountOf(maxEpisodeSteps);
  const graph = tdmpc2Graph(sizes, head, { ...config, discount }, initialWorldModel(random, sizes));
  const threads = config.threads > 0 ? { threads: config.threads } : {};
  const update = await compile(graph.update, threads);
  const act = await compile(graph.act, threads);

  const fillPrior = (array: Float32Array, source: Random): Float32Array =>
    head.noise === "uniform" ? source.fillUniform(array) : source.fillNormal(array);
  const planner = plannerConfig(config, actionSize);
  const shapes = plannerInputs(planner, actionSize);
  const array = (shape: readonly number[]) => new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  const feeds = Object.fromEntries(
    (Object.keys(shapes) as PlannerInput[]).map((name) => [name, array(shapes[name])]),
  ) as Record<PlannerInput, Float32Array>;
  const { priorNoise: unused, ...withoutPrior } = feeds;
  const plannerFeeds = config.priorSamples > 0 ? feeds : withoutPrior;
  const critics = new BigInt64Array(2 * planner.iterations);

  /** Plans from an observation; `previousMean` becomes the new plan's mean. */
  async function decide(observation: Float32Array, previousMean: Float32Array, source: Random, explores: boolean) {
    if (config.priorSamples > 0) fillPrior(feeds.priorNoise, source);
    source.fillNormal(feeds.sampleNoise);
    fillPrior(feeds.valueNoise, source);
    source.fillUniform(feeds.choice);
    if (explores) source.fillNormal(feeds.exploration);
    else feeds.exploration.fill(0);
    for (let i = 0; i < planner.iterations; i++) critics.set(twoOf(config.critics, source), 2 * i);
    feeds.previousMean.set(previousMean);
    const { action, mean, entropy } = await act.run({ ...plannerFeeds, critics, observation });
    previousMean.set(mean as Float32Array);
    return { action: action as Float32Array, entropy: Number(entropy[0]) };
  }

  const batch = createReplayBatch(horizon * batchSize, observationSize, actionSize);
  const nextNoise = array([horizon, batchSize, actionSize]);
  const noise = array([horizon + 1, batchSize, actionSize]);
  const masks = {
    criticDropout: array([config.critics, horizon, batchSize, config.dropout > 0 ? hidden : 0]),
    priorDropout: array([2, horizon + 1, batchSize, config.dropout > 0 ? hidden : 0]),
  };
  return {
    nodeCount: { act: act.nodeCount, update: update.nodeCount },
    entropyFloor: head.entropy.floor,
    state: graph.state,
    firstUpdates: config.startSteps,
    sample(replay, source) {
      sampleSequences(replay, source, horizon, batch);
      if (!config.episodic && batch.masks.includes(0)) {
        throw new FailureError(
          "this environment has terminal states: train with --episodic, so that they are planned with",
        );
      }
      return batch;
    },
    act(observation, source, isFirst) {
      const planMean = graph.state.read(graph.planMean) as Float32Array;
      if (isFirst) planMean.fill(0);
      return decide(observation, planMean, source, true);
    },
    evaluationPolicy(seed) {
      const source = new Random(seed);
      const planMean = array([horizon, actionSize]);
      return async (observation, isFirst) => {
        if (isFirst) planMean.fill(0);
        return (await decide(observation, planMean, source, false)).action;
      };
    },
    async update(sequences, source) {
      fillPrior(nextNoise, source);
      fillPrior(noise, source);
      const targetCritics = twoOf(config.critics, source);
      const priorCritics = twoOf(config.critics, source);
      for (const mask of Object.values(masks)) fillDropout(mask, config.dropout, source);
      const drawn = { nextNoise, noise, targetCritics, priorCritics, ...(config.dropout > 0 && masks) };
      const outputs = await update.run({ ...sequences, ...drawn });
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, Number(value[0])]));
    },
    exportPolicy: () =>
      exportOnnx(graph.policy, { "era.observationSize": `${observationSize}`, "era.actionSize": `${actionSize}` }),
    async dispose() {
      await update.dispose();
      await act.dispose();
    },
  };
}
