/**
 * Proximal policy optimization (Schulman et al. 2017) with an entropy floor (ERA) or, as baseline, CleanRL's policies with an entropy bonus. The details
 * are CleanRL's (ppo_continuous_action.py and ppo.py; Huang et al. 2022, "The 37 implementation details"). From top to bottom: settings, the expression
 * graphs of a minibatch's update, of acting and of looking back at a rollout, the compiled agent that learns.
 */
import {
  adam,
  add,
  cast,
  clip,
  clipByGlobalNorm,
  compile,
  div,
  exp,
  exportOnnx,
  flatGradient,
  globalNorm,
  init,
  input,
  linear,
  maximum,
  mean,
  minimum,
  mul,
  type NamedArray,
  neg,
  type ProgramSpec,
  type Random,
  State,
  sqrt,
  square,
  sub,
  type Tensor,
  tanh,
} from "@era/tensor";
import * as z from "zod";
import { type ActionSpace, Discrete } from "../env/discrete.ts";
import { generalizedAdvantages } from "../rollout/generalizedAdvantages.ts";
import {
  normalizationClip,
  normalizationEpsilon,
  ObservationNormalizer,
  RewardNormalizer,
} from "../rollout/normalization.ts";
import { initialMoments, RunningMoments } from "../rollout/runningMoments.ts";
import type { OnPolicyAgent } from "../training/onPolicy.ts";
import { eraContinuous, eraDiscrete, gaussianHead, type PpoHead, softmaxHead } from "./ppoHeads.ts";
import * as setting from "./settings.ts";
import { count, logStd, rate, weight } from "./settings.ts";

/** PPO's settings with CleanRL's values as defaults; those left out depend on the actions and are in {@link ppoDefaults}. */
export const ppoConfigSchema = z
  .object({
    env: setting.env(),
    steps: count().default(1_000_000).describe("Environment steps to train for, of all copies together"),
    seed: setting.seed(),
    head: z
      .enum(["era", "gaussian", "softmax"])
      .default("era")
      .describe(
        "Entropy method: ERA's activation, or as baseline CleanRL's policy for continuous (gaussian) or discrete actions (softmax)",
      ),
    entropy: z
      .number()
      .optional()
      .describe(
        "ERA: entropy to keep; continuous actions: nats per dimension, 0.25; of n discrete ones: nats, a fifth of log n",
      ),
    entropyOf: z
      .enum(["gaussian", "policy"])
      .default("gaussian")
      .describe(
        "ERA, continuous: whose entropy that is, the untruncated Gaussian's (the official recipe) or the acting policy's (certified)",
      ),
    delta: weight()
      .default(0)
      .describe("ERA, continuous, of the gaussian: constant δ in nats over all dimensions, added to that entropy"),
    logStdMin: logStd().default(-8).describe("ERA, continuous: smallest log standard deviation"),
    logStdMax: logStd().default(0).describe("ERA, continuous: largest log standard deviation"),
    bound: z
      .enum(["tight", "paper"])
      .default("tight")
      .describe("ERA, discrete: the entropy kept is exactly what was asked for, or more (the paper's bound)"),
    inverse: z
      .enum(["lambert", "paper"])
      .default("lambert")
      .describe("ERA, discrete: the activation's inverse, exact or the paper's approximation"),
    envs: count().optional().describe("Copies of the environment; continuous: 1, discrete: 4"),
    workers: z.int().min(0).default(0).describe("Threads that step the copies; 0: the main thread does"),
    rolloutSteps: count().optional().describe("Steps of each copy between updates; continuous: 2048, discrete: 128"),
    epochs: count().optional().describe("Passes over a rollout; continuous: 10, discrete: 4"),
    minibatches: count().optional().describe("Minibatches of a pass; continuous: 32, discrete: 4"),
    learningRate: rate().optional().describe("Adam's learning rate; continuous: 3e-4, discrete: 2.5e-4"),
    annealLearningRate: z.boolean().default(true).describe("Lower the learning rate linearly to 0 over the run"),
    discount: z.number().min(0).max(1).default(0.99).describe("Discount per step"),
    gaeLambda: z.number().min(0).max(1).default(0.95).describe("λ of generalized advantage estimation"),
    bootstrapTruncated: z
      .boolean()
      .default(true)
      .describe("Where an episode is cut, count its last observation's value; CleanRL takes it for the task's end"),
    clip: z.number().positive().max(10).default(0.2).describe("How far a ratio of probabilities counts from 1"),
    clipValue: z.boolean().default(true).describe("Clip the value function's changes, too"),
    valueCoefficient: weight().default(0.5).describe("Weight of the value function's loss"),
    entropyCoefficient: weight()
      .optional()
      .describe("Baselines: weight of the entropy in the loss; gaussian: 0, softmax: 0.01"),
    maxGradientNorm: z.number().positive().default(0.5).describe("Gradients are scaled down to this norm"),
    targetKl: z
      .number()
      .positive()
      .optional()
      .describe("No further pass over a rollout once the policy has moved further than this; left out: all"),
    normalizeObservations: z
      .boolean()
      .optional()
      .describe("Observations with mean 0 and variance 1, as seen so far; continuous: yes, discrete: no"),
    normalizeRewards: z
      .boolean()
      .optional()
      .describe("Rewards in units of the returns' standard deviation so far; continuous: yes, discrete: no"),
    hidden: z.array(count()).min(1).default([64, 64]).describe("Widths of the hidden layers of policy and value"),
    evalEvery: count().default(20_000).describe("Steps between evaluations"),
    evalEpisodes: count().default(10).describe("Episodes per evaluation"),
    logEvery: count().default(2048).describe("Steps between lines of metrics"),
    checkpointEvery: count().default(20_000).describe("Steps between checkpoints"),
    threads: z
      .int()
      .min(0)
      .default(1)
      .describe("Threads per operation; 0: as many as there are cores (more than 1 pays for wide networks only)"),
  })
  .refine(({ logStdMin, logStdMax }) => logStdMin < logStdMax, {
    path: ["logStdMin"],
    error: ({ input }) => `must be below --log-std-max, ${(input as { logStdMax: number }).logStdMax}`,
  })
  .refine(({ entropyCoefficient, head }) => entropyCoefficient === undefined || head !== "era", {
    path: ["entropyCoefficient"],
    error: "belongs to the baselines, --head gaussian and softmax; ERA keeps its entropy by its activation",
  })
  .refine(({ delta, entropyOf, head }) => delta === 0 || (head === "era" && entropyOf === "gaussian"), {
    path: ["delta"],
    error: "belongs to --head era with --entropy-of gaussian; --entropy-of policy solves for δ itself",
  });

export type PpoConfig = z.output<typeof ppoConfigSchema>;

/** What CleanRL has different for continuous (ppo_continuous_action.py) and discrete actions (ppo.py). */
export const ppoDefaults = {
  continuous: {
    envs: 1,
    rolloutSteps: 2048,
    epochs: 10,
    minibatches: 32,
    learningRate: 3e-4,
    normalizeObservations: true,
    normalizeRewards: true,
  },
  discrete: {
    envs: 4,
    rolloutSteps: 128,
    epochs: 4,
    minibatches: 4,
    learningRate: 2.5e-4,
    normalizeObservations: false,
    normalizeRewards: false,
  },
} as const;

/** {@link PpoConfig} with all that was left out. */
export type PpoSettings = PpoConfig & {
  readonly [K in keyof (typeof ppoDefaults)["continuous"]]: NonNullable<PpoConfig[K]>;
} & { readonly entropyCoefficient: number };

/** The settings with the defaults for these actions. */
export function ppoSettings(config: PpoConfig, actionSpace: ActionSpace): PpoSettings {
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return {
    ...ppoDefaults[actionSpace instanceof Discrete ? "discrete" : "continuous"],
    entropyCoefficient: config.head === "softmax" ? 0.01 : 0,
    ...given,
  } as PpoSettings;
}

/**
 * The head that the settings ask for.
 * @throws Error naming what is allowed where it does not fit the actions, or no policy has the entropy asked for
 */
export function ppoHead(config: PpoConfig, actionSpace: ActionSpace): PpoHead {
  const { head, entropy, entropyOf, delta, logStdMin, logStdMax, bound, inverse } = config;
  if (actionSpace instanceof Discrete) {
    const { n } = actionSpace;
    if (head === "gaussian") throw new Error("the actions are discrete; choose --head era or softmax");
    if (head === "softmax") return softmaxHead(n);
    return eraDiscrete({ classes: n, entropy: entropy ?? 0.2 * Math.log(n), bound, inverse });
  }
  if (head === "softmax") throw new Error("the actions are continuous; choose --head era or gaussian");
  if (head === "gaussian") return gaussianHead(actionSpace.size);
  return eraContinuous({
    actionDim: actionSpace.size,
    entropy: { perDim: entropy ?? 0.25, of: entropyOf },
    logStdMin,
    logStdMax,
    ...(delta > 0 && { delta }),
  });
}

type Named = Readonly<Record<string, Tensor>>;

/** Orthogonal matrices of gain √2, of the last layers 0.01 (policy) and 1 (value), and zero biases. */
export function initialPpo(
  random: Random,
  observationSize: number,
  hidden: readonly number[],
  head: PpoHead,
): Record<string, NamedArray> {
  const parameters: Record<string, NamedArray> = {};
  const network = (name: string, outputs: number, lastGain: number) => {
    const widths = [observationSize, ...hidden, outputs];
    widths.slice(1).forEach((width, i) => {
      const gain = i === hidden.length ? lastGain : Math.SQRT2;
      parameters[`${name}${i + 1}.weight`] = init.orthogonal(random, [widths[i] as number, width], gain);
      parameters[`${name}${i + 1}.bias`] = init.zeros([width]);
    });
  };
  network("policy", head.outputs, 0.01);
  network("value", 1, 1);
  return { ...parameters, ...head.parameters };
}

/** Layers with tanh between them: `[batch, observationSize]` to `[batch, outputs]`. */
function network(parameters: Named, name: string, observations: Tensor): Tensor {
  let x = observations;
  for (let layer = 1; ; layer++) {
    const [weight, bias] = [parameters[`${name}${layer}.weight`], parameters[`${name}${layer}.bias`]];
    if (!weight || !bias) return x;
    x = linear(layer === 1 ? x : tanh(x), weight, bias);
  }
}

/** What of PPO's settings is part of its graph. */
export interface PpoHyperparameters {
  readonly minibatchSize: number;
  readonly clip: number;
  readonly clipValue: boolean;
  readonly valueCoefficient: number;
  readonly entropyCoefficient: number;
  readonly maxGradientNorm: number;
}

/** All that PPO computes, before it is compiled. */
export interface PpoGraph {
  readonly state: State;
  /** Feeds, all `[minibatchSize, …]`: observations, actions, logProbs, advantages, returns; values where they are clipped; learningRate, a scalar. */
  readonly update: ProgramSpec<"loss/policy" | "loss/value" | "gradient/norm" | "logRatio">;
  /** Acting in training. Feeds: observations `[copies, observationSize]`, noise `[copies, noiseSize]`. */
  readonly act: ProgramSpec<"action">;
  /** What a rollout was like to the policy that went through it. Feeds, any number of rows: observations, nextObservations, actions. */
  readonly lookBack: ProgramSpec<"value" | "nextValue" | "logProb" | "entropy">;
  /** The evaluation policy for any number of observations as the environment gives them, for export. */
  readonly policy: Readonly<Record<"action" | "entropy", Tensor>>;
  /** Statistics of observations `[observationSize]` and of returns `[1]`, which the agent writes, where they are used. */
  readonly observationMoments: Moments | undefined;
  readonly rewardMoments: Moments | undefined;
  /** Discounted return so far of each copy. */
  readonly returns: Tensor;
}

type Moments = Readonly<Record<"mean" | "variance" | "count", Tensor>>;

export interface PpoSizes {
  readonly observationSize: number;
  /** Copies of the environment. */
  readonly copies: number;
  readonly normalizeObservations: boolean;
  readonly normalizeRewards: boolean;
}

/** Builds the graphs of PPO and the state that they share. */
export function ppoGraph(
  sizes: PpoSizes,
  head: PpoHead,
  config: PpoHyperparameters,
  initial: Record<string, NamedArray>,
): PpoGraph {
  const { observationSize, copies } = sizes;
  const state = new State();
  const parameters = state.parameters("network", initial);
  const { tensors } = parameters;
  const policyOf = (observations: Tensor) => head.policy(network(tensors, "policy", observations), tensors);
  const valuesAt = (observations: Tensor) => network(tensors, "value", observations);

  const rows = config.minibatchSize;
  const observations = input("observations", [rows, observationSize]);
  const actions = input("actions", [rows, head.actionSize]);
  const [logProbs, advantages] = [input("logProbs", [rows, 1]), input("advantages", [rows, 1])];
  const [returns, values] = [input("returns", [rows, 1]), input("values", [rows, 1])];

  // 1. Policy: the clipped surrogate, −mean min(ρA, clip(ρ, 1 ± ε)A) with ρ the new over the old probability.
  const policy = policyOf(observations);
  const logRatio = sub(policy.logProb(actions), logProbs);
  const ratio = exp(logRatio);
  const clippedRatio = clip(ratio, 1 - config.clip, 1 + config.clip);
  const policyLoss = neg(mean(minimum(mul(advantages, ratio), mul(advantages, clippedRatio))));

  // 2. Value: half the mean squared error, of the worse of the new value and one that has moved by at most ε.
  const value = valuesAt(observations);
  const near = add(values, clip(sub(value, values), -config.clip, config.clip));
  const errors = square(sub(value, returns));
  const worse = config.clipValue ? maximum(errors, square(sub(near, returns))) : errors;
  const valueLoss = mul(mean(worse), 0.5);

  // 3. One step of Adam on both, and on the baselines' entropy bonus; ERA needs none, since its policy cannot lose its entropy.
  const withValue = add(policyLoss, mul(valueLoss, config.valueCoefficient));
  const loss =
    config.entropyCoefficient > 0 ? sub(withValue, mul(mean(policy.entropy()), config.entropyCoefficient)) : withValue;
  const gradient = flatGradient(loss, parameters);
  const step = adam({ state, name: "adam" }, parameters.flat, clipByGlobalNorm(gradient, config.maxGradientNorm), {
    learningRate: input("learningRate", []),
    epsilon: 1e-5,
  });

  const moments = (name: string, size: number): Moments => {
    const { mean, variance, count } = initialMoments(size);
    const variable = (part: string, values: Float64Array) =>
      state.variable(`${name}.${part}`, values, [values.length], "float64");
    return { mean: variable("mean", mean), variance: variable("variance", variance), count: variable("count", count) };
  };
  const observationMoments = sizes.normalizeObservations ? moments("observations", observationSize) : undefined;
  const rewardMoments = sizes.normalizeRewards ? moments("rewards", 1) : undefined;

  const seen = input("observations", ["batch", observationSize]);
  const past = policyOf(seen);
  const raw = network(
    tensors,
    "policy",
    asAgentSees(input("observation", ["batch", observationSize]), observationMoments),
  );
  const exported = head.policy(raw, tensors);
  const outputs = {
    "loss/policy": policyLoss,
    "loss/value": valueLoss,
    "gradient/norm": globalNorm(gradient),
    logRatio,
  };
  return {
    state,
    update: { outputs, updates: step.updates, guard: ["loss/policy", "loss/value", "gradient/norm"] },
    act: {
      outputs: {
        action: policyOf(input("observations", [copies, observationSize])).sample(
          input("noise", [copies, head.noiseSize]),
        ),
      },
      guard: ["action"],
    },
    lookBack: {
      outputs: {
        value: valuesAt(seen),
        nextValue: valuesAt(input("nextObservations", ["batch", observationSize])),
        logProb: past.logProb(input("actions", ["batch", head.actionSize])),
        entropy: past.entropy(),
      },
      guard: ["value", "nextValue", "logProb", "entropy"],
    },
    policy: { action: exported.mode(), entropy: add(exported.entropy(), mul(mean(raw, -1, true), 0)) },
    observationMoments,
    rewardMoments,
    returns: state.variable("rewards.returns", new Float64Array(copies), [copies], "float64"),
  };
}

/** Observations in the agent's units: what {@link ObservationNormalizer} does, as part of the exported model. */
function asAgentSees(observations: Tensor, moments: Moments | undefined): Tensor {
  if (!moments) return observations;
  const centred = sub(cast(observations, "float64"), moments.mean);
  const scaled = div(centred, sqrt(add(moments.variance, normalizationEpsilon)));
  return cast(clip(scaled, -normalizationClip, normalizationClip), "float32");
}

/** A compiled PPO agent with freshly initialized networks, drawn from `random`. */
export async function createPpo(
  config: PpoConfig,
  { observationSize, actionSpace }: { observationSize: number; actionSpace: ActionSpace },
  random: Random,
): Promise<OnPolicyAgent & { readonly nodeCount: { readonly act: number; readonly update: number } }> {
  const settings = ppoSettings(config, actionSpace);
  const { envs, rolloutSteps, minibatches, epochs, discount } = settings;
  const head = ppoHead(config, actionSpace);
  const rows = envs * rolloutSteps;
  const minibatchSize = Math.floor(rows / minibatches);
  const graph = ppoGraph(
    { ...settings, observationSize, copies: envs },
    head,
    { ...settings, minibatchSize },
    initialPpo(random, observationSize, settings.hidden, head),
  );
  const { state } = graph;
  const threads = settings.threads > 0 ? { threads: settings.threads } : {};
  const update = await compile(graph.update, threads);
  const act = await compile(graph.act, { threads: 1 });
  const lookBack = await compile(graph.lookBack, threads);

  const read = (tensor: Tensor) => state.read(tensor) as Float64Array;
  const momentsOf = ({ mean, variance, count }: Moments) =>
    new RunningMoments({ mean: read(mean), variance: read(variance), count: read(count) });
  const { observationMoments, rewardMoments } = graph;

  const noise = new Float32Array(envs * head.noiseSize);
  const order = new Uint32Array(rows);
  const column = () => new Float32Array(minibatchSize);
  const batch = {
    observations: new Float32Array(minibatchSize * observationSize),
    actions: new Float32Array(minibatchSize * head.actionSize),
    logProbs: column(),
    advantages: column(),
    returns: column(),
    values: column(),
  };
  const learningRate = new Float32Array(1);
  const { values: unused, ...withoutValues } = batch;
  const feeds = { ...(settings.clipValue ? batch : withoutValues), learningRate };

  return {
    nodeCount: { act: act.nodeCount, update: update.nodeCount },
    entropyFloor: head.entropy.floor,
    state,
    actionSize: head.actionSize,
    ...(observationMoments && { observationNormalizer: new ObservationNormalizer(momentsOf(observationMoments)) }),
    ...(rewardMoments && {
      rewardNormalizer: new RewardNormalizer(momentsOf(rewardMoments), read(graph.returns), discount),
    }),

    async act(observations, source) {
      const { action } = await act.run({ observations, noise: head.fillNoise(noise, source) });
      return action as Float32Array;
    },

    async entropy({ observations, nextObservations, actions }) {
      return (await lookBack.run({ observations, nextObservations, actions })).entropy as Float32Array;
    },

    async learn(rollout, progress, source) {
      const { observations, nextObservations, actions } = rollout;
      const past = await lookBack.run({ observations, nextObservations, actions });
      const { advantages, returns } = generalizedAdvantages(
        rollout,
        past.value as Float32Array,
        past.nextValue as Float32Array,
        settings,
      );
      const columns = {
        logProbs: past.logProb as Float32Array,
        values: past.value as Float32Array,
        advantages,
        returns,
      };
      learningRate[0] = settings.learningRate * (settings.annealLearningRate ? 1 - progress : 1);

      const totals = { "loss/policy": 0, "loss/value": 0, "gradient/norm": 0, "train/clipFraction": 0 };
      let kl = 0;
      let updates = 0;
      for (let row = 0; row < rows; row++) order[row] = row;
      for (let epoch = 0; epoch < epochs; epoch++) {
        shuffle(order, source);
        for (let start = 0; start + minibatchSize <= rows; start += minibatchSize) {
          const chosen = order.subarray(start, start + minibatchSize);
          pickRows(observations, observationSize, chosen, batch.observations);
          pickRows(actions, head.actionSize, chosen, batch.actions);
          for (const name of ["logProbs", "values", "advantages", "returns"] as const) {
            pickRows(columns[name], 1, chosen, batch[name]);
          }
          standardize(batch.advantages);
          const { logRatio, ...measured } = await update.run(feeds);
          const moved = movement(logRatio as Float32Array, settings.clip);
          kl = moved.kl;
          totals["train/clipFraction"] += moved.clipped;
          totals["loss/policy"] += Number(measured["loss/policy"][0]);
          totals["loss/value"] += Number(measured["loss/value"][0]);
          totals["gradient/norm"] += Number(measured["gradient/norm"][0]);
          updates++;
        }
        if (settings.targetKl !== undefined && kl > settings.targetKl) break;
      }
      const means = Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / updates]));
      return {
        entropy: past.entropy as Float32Array,
        measurements: {
          ...means,
          "train/kl": kl,
          "train/explainedVariance": explainedVariance(columns.values, returns),
          "train/learningRate": learningRate[0],
          "train/updates": updates,
        },
      };
    },

    exportPolicy: () =>
      exportOnnx(graph.policy, {
        "era.observationSize": `${observationSize}`,
        "era.actionSize": `${head.actionSize}`,
      }),

    async dispose() {
      await Promise.all([update.dispose(), act.dispose(), lookBack.dispose()]);
    },
  };
}

/** Any order of the elements, all equally likely (Fisher–Yates). */
function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const moved = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = moved;
  }
}

/** Writes the chosen rows of `from` `[…, width]` to `to` `[chosen.length, width]`. */
function pickRows(from: Float32Array, width: number, chosen: Uint32Array, to: Float32Array): void {
  let at = 0;
  for (let i = 0; i < chosen.length; i++) {
    const start = (chosen[i] ?? 0) * width;
    for (let j = 0; j < width; j++) to[at++] = from[start + j] ?? 0;
  }
}

/** Brings the numbers to mean 0 and (sample) standard deviation 1, in place; CleanRL's normalization of a minibatch's advantages. */
export function standardize(values: Float32Array): void {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i] ?? 0;
  const centre = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((values[i] ?? 0) - centre) ** 2;
  const scale = Math.sqrt(squares / Math.max(1, n - 1)) + 1e-8;
  for (let i = 0; i < n; i++) values[i] = ((values[i] ?? 0) - centre) / scale;
}

/** How far a policy has moved on a minibatch: E[(ρ − 1) − log ρ], an estimate of the KL divergence (Schulman 2020), and the fraction of ρ beyond 1 ± ε. */
export function movement(logRatio: Float32Array, epsilon: number): { readonly kl: number; readonly clipped: number } {
  let kl = 0;
  let clipped = 0;
  for (let i = 0; i < logRatio.length; i++) {
    const log = logRatio[i] ?? 0;
    const off = Math.expm1(log);
    kl += off - log;
    if (Math.abs(off) > epsilon) clipped++;
  }
  return { kl: kl / logRatio.length, clipped: clipped / logRatio.length };
}

/** 1 − Var(returns − values)/Var(returns): 1 where values tell returns exactly, 0 where they are no better than a constant. */
function explainedVariance(values: Float32Array, returns: Float32Array): number {
  const variance = (element: (i: number) => number) => {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < returns.length; i++) sum += element(i);
    const centre = sum / returns.length;
    for (let i = 0; i < returns.length; i++) squares += (element(i) - centre) ** 2;
    return squares;
  };
  const whole = variance((i) => returns[i] ?? 0);
  return whole === 0 ? 0 : 1 - variance((i) => (returns[i] ?? 0) - (values[i] ?? 0)) / whole;
}
