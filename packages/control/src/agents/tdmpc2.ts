/**
 * TD-MPC2 (Hansen et al. 2024; official code: nicklashansen/tdmpc2, single-task, states): a world model in latent space learned by
 * temporal differences, and planning with it. Its policy prior keeps an entropy floor (ERA) or, as baseline, has entropy in its loss.
 * From top to bottom: settings, the policy prior, the expression graph of a whole update and of a decision, the compiled agent.
 */
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
  slice,
  split,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  unflatten,
} from "@era/tensor";
import * as z from "zod";
import { createReplayBatch } from "../replay/replayBatch.ts";
import { sampleSequences } from "../replay/sequenceSampler.ts";
import type { OffPolicyAgent } from "../training/offPolicy.ts";
import { eraHead, type Head, type Policy, squashedPolicy } from "./heads.ts";
import { type Bins, softCrossEntropy, twoHotInverse } from "./tdmpc2/discreteRegression.ts";
import { type LatentModel, type PlannerConfig, type PlannerInput, plan, plannerInputs } from "./tdmpc2/planner.ts";
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

const count = () => z.int().min(1);
const rate = () => z.number().positive().max(1);
const weight = () => z.number().min(0);

/** TD-MPC2's settings, with the official values of its model of 5 million parameters as defaults (config.yaml) unless noted. */
export const tdmpc2ConfigSchema = z
  .object({
    env: z.string().default("HalfCheetah-v5").describe("Environment"),
    steps: count().default(1_000_000).describe("Environment steps to train for (official: up to 10000000)"),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31)
      .default(1)
      .describe("Seed of everything random"),
    head: z
      .enum(["era", "baseline"])
      .default("era")
      .describe("Policy prior: ERA's activation without entropy in its loss, or the original with it"),
    entropy: z.number().default(0.25).describe("ERA: entropy to keep, in nats per action dimension"),
    entropyOf: z
      .enum(["gaussian", "policy"])
      .default("gaussian")
      .describe("ERA: whose entropy that is, the untruncated Gaussian's or the policy prior's (certified)"),
    logStdMin: z
      .number()
      .min(-20)
      .max(2)
      .optional()
      .describe("Smallest log standard deviation; ERA: -8, baseline: -10"),
    logStdMax: z.number().min(-20).max(2).optional().describe("Largest log standard deviation; ERA: 0, baseline: 2"),
    entropyWeight: weight().default(1e-4).describe("Baseline: weight of the entropy in the policy prior's loss"),
    horizon: count().default(3).describe("Steps that are planned, and of a replayed sequence"),
    iterations: count().default(6).describe("Iterations of planning; two more from 20 action dimensions on"),
    samples: count().default(512).describe("Action sequences tried in an iteration"),
    priorSamples: z.int().min(0).default(24).describe("How many of them come from the policy prior"),
    elites: count().default(64).describe("Best sequences that the next iteration is drawn around"),
    temperature: z.number().positive().default(0.5).describe("Weight of the values of elites"),
    minStd: z.number().positive().default(0.05).describe("Smallest deviation of planned actions"),
    maxStd: z.number().positive().default(2).describe("Largest deviation of planned actions"),
    latent: count().default(512).describe("Width of latent states, a multiple of --sim-norm-group"),
    encoder: count().default(256).describe("Width of the encoder's hidden layer"),
    hidden: count().default(512).describe("Width of the other networks' two hidden layers"),
    simNormGroup: count().default(8).describe("Neighbours that share a softmax in a latent state"),
    critics: z.int().min(2).default(5).describe("Value functions in the ensemble; two at a time are asked"),
    dropout: z.number().min(0).max(0.9).default(0.01).describe("Dropout in the value functions' first layer"),
    bins: z.int().min(2).default(101).describe("Bins of discrete regression, from symlog -10 to 10"),
    batchSize: count().default(256).describe("Sequences per update"),
    updatesPerStep: z.int().min(0).default(1).describe("Updates per environment step"),
    startSteps: count()
      .default(5000)
      .describe("Steps with random actions; as many updates follow at once (official: five episodes, at least 1000)"),
    bufferSize: count()
      .max(2 ** 32)
      .default(1_000_000)
      .describe("Transitions kept for replay"),
    episodeLength: count().default(1000).describe("Steps of an episode, from which the discount follows"),
    discount: z.number().min(0).max(1).optional().describe("Discount per step instead of that from --episode-length"),
    tau: rate().default(0.01).describe("Rate at which the target value functions and the scale of values follow"),
    rho: rate().default(0.5).describe("Weight of each further step of a sequence"),
    consistencyWeight: weight().default(20).describe("Weight of the latent dynamics' loss"),
    rewardWeight: weight().default(0.1).describe("Weight of the rewards' loss"),
    valueWeight: weight().default(0.1).describe("Weight of the values' loss"),
    learningRate: rate().default(3e-4).describe("Adam's learning rate"),
    encoderScale: rate().default(0.3).describe("Factor of the encoder's learning rate"),
    gradientClip: z
      .number()
      .positive()
      .default(20)
      .describe("Largest norm of the world model's, and of the prior's, gradient"),
    evalEvery: count().default(10_000).describe("Steps between evaluations (official: 50000)"),
    evalEpisodes: count().default(10).describe("Episodes per evaluation"),
    logEvery: count().default(1000).describe("Steps between lines of metrics"),
    checkpointEvery: count().default(10_000).describe("Steps between checkpoints"),
    threads: z.int().min(0).default(0).describe("Threads per operation; 0: as many as there are cores"),
  })
  .refine(({ latent, simNormGroup }) => latent % simNormGroup === 0, {
    path: ["latent"],
    error: "must be a multiple of --sim-norm-group",
  })
  .refine(({ priorSamples, samples }) => priorSamples < samples, {
    path: ["priorSamples"],
    error: "must be below --samples",
  })
  .refine(({ elites, samples }) => elites <= samples, { path: ["elites"], error: "must be at most --samples" })
  .refine(({ minStd, maxStd }) => minStd <= maxStd, { path: ["minStd"], error: "must be at most --max-std" })
  .refine(({ startSteps, horizon }) => startSteps >= horizon, {
    path: ["startSteps"],
    error: "must be at least --horizon",
  });

export type Tdmpc2Config = z.output<typeof tdmpc2ConfigSchema>;

/** The discount of episodes of this many steps (official `_get_discount`): (f − 1)/f with f a fifth of them, within [0.95, 0.995]. */
export function discountOf(episodeLength: number): number {
  const fraction = episodeLength / 5;
  return Math.min(Math.max((fraction - 1) / fraction, 0.95), 0.995);
}

/** A policy prior: what is added to the value that it climbs, `[batch, 1]`, from its raw outputs and its noise. */
interface PriorHead extends Pick<Head, "noise" | "entropy"> {
  policy(raw: Tensor): Policy;
  /** Undefined where the loss has no entropy. */
  bonus?(raw: Tensor, noise: Tensor): Tensor;
}

/**
 * The policy prior's head. ERA's published code has no TD-MPC2, so that it is here what the paper describes: its bounded Gaussian (that of
 * SAC) in place of the original's, and no entropy in the loss.
 * @throws Error naming what is allowed where no policy has the entropy asked for
 */
export function tdmpc2Head(config: Tdmpc2Config, actionSize: number): PriorHead {
  const { entropy, entropyOf, entropyWeight } = config;
  if (config.head === "era") {
    const { logStdMin = -8, logStdMax = 0 } = config;
    return eraHead({ actionDim: actionSize, entropy: { perDim: entropy, of: entropyOf }, logStdMin, logStdMax });
  }
  const { logStdMin = -10, logStdMax = 2 } = config;
  if (!(logStdMin < logStdMax)) {
    throw new Error(`log σ: the smallest, ${logStdMin}, must be below the largest, ${logStdMax}`);
  }
  const parts = (raw: Tensor) => {
    const [location, free] = split(raw, [actionSize, actionSize], -1) as [Tensor, Tensor];
    return { location, logStd: add(mul(add(tanh(free), 1), (logStdMax - logStdMin) / 2), logStdMin) };
  };
  return {
    noise: "normal",
    entropy: { target: null, floor: null },
    policy: (raw) => squashedPolicy(parts(raw)),
    // The official "scaled entropy" is D times that of the Gaussian before it is squashed: the squashed density in it cancels but for 1e-8.
    bonus: (raw, noise) => {
      const surprise = add(add(mul(square(noise), 0.5), parts(raw).logStd), 0.5 * Math.log(2 * Math.PI));
      return mul(sum(surprise, -1, true), entropyWeight * actionSize);
    },
  };
}

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
  config: Tdmpc2Config,
  initial: InitialWorldModel,
): Tdmpc2Graph {
  const { observationSize, actionSize, simNormGroup: group } = sizes;
  const { batchSize: batch, horizon, rho, tau, discount = discountOf(config.episodeLength) } = config;
  const bins: Bins = { count: sizes.bins, low: -10, high: 10 };
  const state = new State();
  const encoder = state.parameters("encoder", initial.encoder);
  const dynamics = state.parameters("dynamics", initial.dynamics);
  const reward = state.parameters("reward", initial.reward);
  const critics = state.parameters("critics", initial.critics);
  const targets = state.parameters("targets", initial.critics);
  const prior = state.parameters("prior", initial.prior);
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
  const weights = timeWeights(horizon);
  const distance = mean(square(sub(concat(latents.slice(1)), nextLatents)), -1, true);
  const consistencyLoss = sum(mul(distance, weights));
  const rewardLogits = logits(reward.tensors, concat([rolled, actions], 1));
  const rewardLoss = sum(mul(softCrossEntropy(rewardLogits, rewards, bins), weights));
  const criticDropout = dropout("criticDropout", [sizes.critics, rows, sizes.hidden]);
  const valueLogits = values(critics.tensors, rolled, actions, criticDropout);
  const valueLoss = div(sum(mul(softCrossEntropy(valueLogits, target, bins), weights)), sizes.critics);
  const modelLoss = add(
    add(mul(consistencyLoss, config.consistencyWeight), mul(rewardLoss, config.rewardWeight)),
    mul(valueLoss, config.valueWeight),
  );
  const groups: readonly (readonly [name: string, parameters: Parameters, learningRate: number])[] = [
    ["encoder", encoder, config.learningRate * config.encoderScale],
    ["dynamics", dynamics, config.learningRate],
    ["reward", reward, config.learningRate],
    ["critics", critics, config.learningRate],
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
  const nextCritics = (modelSteps[3] as { next: Tensor }).next;

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
    "loss/consistency": consistencyLoss,
    "loss/reward": rewardLoss,
    "loss/value": valueLoss,
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

/** A compiled TD-MPC2 agent with freshly initialized networks, drawn from `random`. */
export async function createTdmpc2(
  config: Tdmpc2Config,
  { observationSize, actionSize }: { observationSize: number; actionSize: number },
  random: Random,
): Promise<OffPolicyAgent & { readonly nodeCount: { readonly act: number; readonly update: number } }> {
  const sizes: WorldModelSizes = { ...config, observationSize, actionSize };
  const { horizon, batchSize, hidden } = config;
  const head = tdmpc2Head(config, actionSize);
  const graph = tdmpc2Graph(sizes, head, config, initialWorldModel(random, sizes));
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

/** Two different numbers below n, every ordered pair equally likely. */
function twoOf(n: number, random: Random): BigInt64Array {
  const first = random.integer(n);
  const other = random.integer(n - 1);
  return BigInt64Array.of(BigInt(first), BigInt(other < first ? other : other + 1));
}

/** A mask of independent elements: 0 with this probability, else 1/(1 − probability). Draws one number for each 0. */
function fillDropout(mask: Float32Array, probability: number, random: Random): void {
  mask.fill(1 / (1 - probability));
  if (probability === 0) return;
  // The distance from one 0 to the next is geometric.
  const gap = () => Math.floor(Math.log(1 - random.uniform()) / Math.log1p(-probability));
  for (let i = gap(); i < mask.length; i += 1 + gap()) mask[i] = 0;
}
