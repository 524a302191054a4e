/**
 * FastSAC (Seo et al. 2025, arXiv 2505.22642 and 2512.01996; official code: amazon-far/holosoma, agents/fast_sac): SAC with many copies of the
 * environment, large batches and critics that learn distributions; with an entropy floor (ERA) or, as baseline, with entropy in its rewards.
 * From top to bottom: settings, the expression graph of an update and of acting, the compiled agent.
 */
import {
  adam,
  add,
  compile,
  exp,
  exportOnnx,
  flatGradient,
  globalNorm,
  input,
  mean,
  mul,
  type NamedArray,
  neg,
  type ProgramSpec,
  type Random,
  State,
  stopGradient,
  sub,
  type Tensor,
} from "@era/tensor";
import * as z from "zod";
import type { ParallelAgent } from "../training/parallelOffPolicy.ts";
import { graphNormalizer, noNormalizer } from "./fast/graphNormalizer.ts";
import { actorOutputs, initialActor, initialCritics } from "./fast/layers.ts";
import { batchHasAllCopies, cosineRate, learningSettings, runSettings, supportHasLength } from "./fast/settings.ts";
import { criticStep, twinCritics } from "./fast/twinCritics.ts";
import { eraHead, type Head, maximumEntropyHead } from "./heads.ts";
import { rate } from "./settings.ts";

/**
 * FastSAC's settings. The algorithm's own values are the official ones (holosoma's config_values/algo.py); discount and range of returns, which
 * belong to the task, are FastTD3's for HumanoidBench (holosoma's robots: 0.97 and ±20). The official ERA code has no FastSAC: the ERA head's
 * values are SAC-ERA's.
 */
export const fastSacConfigSchema = z
  .object({
    ...runSettings,
    head: z
      .enum(["era", "maxent"])
      .default("era")
      .describe(
        "Entropy method: ERA's activation without entropy in the loss, or maximum entropy with a learned temperature",
      ),
    entropy: z.number().default(0.25).describe("ERA: entropy to keep, in nats per action dimension"),
    entropyOf: z
      .enum(["gaussian", "policy"])
      .default("gaussian")
      .describe(
        "ERA: whose entropy that is, the untruncated Gaussian's (the official recipe) or the acting policy's (certified)",
      ),
    logStdMin: z.number().min(-20).max(2).optional().describe("Smallest log standard deviation; era: -8, maxent: -5"),
    logStdMax: z.number().min(-20).max(2).default(0).describe("Largest log standard deviation"),
    targetEntropy: z
      .number()
      .default(0)
      .describe("Maximum entropy: target of the temperature, in nats over all dimensions"),
    initialTemperature: z.number().positive().default(0.001).describe("Maximum entropy: temperature at the start"),
    temperatureLearningRate: rate()
      .default(3e-4)
      .describe("Maximum entropy: AdamW's learning rate for the temperature"),
    ...learningSettings({
      criticHidden: [768, 384, 192],
      batchSize: 512,
      officialBatchSize: 8192,
      updatesPerStep: 8,
      policyDelay: 4,
      twins: "mean",
      tau: 0.125,
      weightDecay: 0.001,
    }),
  })
  .refine(...supportHasLength)
  .refine(...batchHasAllCopies)
  .refine((config) => lowestLogStd(config) < config.logStdMax, {
    path: ["logStdMin"],
    error: "must be below --log-std-max",
  });

export type FastSacConfig = z.output<typeof fastSacConfigSchema>;

const lowestLogStd = ({ head, logStdMin }: { head: "era" | "maxent"; logStdMin?: number | undefined }): number =>
  logStdMin ?? (head === "era" ? -8 : -5);

/** The head that the settings ask for. Throws Error naming what is allowed where no policy has the entropy asked for. */
export function fastSacHead(config: FastSacConfig, actionSize: number): Head {
  const { entropy, entropyOf, logStdMax, targetEntropy } = config;
  const bounds = { actionDim: actionSize, logStdMin: lowestLogStd(config), logStdMax };
  if (config.head === "era") return eraHead({ ...bounds, entropy: { perDim: entropy, of: entropyOf } });
  return maximumEntropyHead({ ...bounds, target: targetEntropy, smooth: true });
}

export interface FastSacInitial {
  readonly actor: Record<string, NamedArray>;
  readonly critics: Record<string, NamedArray>;
}

/** All that FastSAC computes, before it is compiled. */
export interface FastSacGraph {
  readonly state: State;
  /**
   * Updates of the critics (and the temperature) alone, and of these and the actor. Feeds: observations, actions, rewards, discounts,
   * nextObservations, nextNoise, and the learning rate criticRate; with the actor also noise and actorRate.
   */
  readonly update: Readonly<Record<"critics" | "all", ProgramSpec>>;
  /** Acting in all copies. Feeds: observations, noise. */
  readonly act: ProgramSpec<"actions" | "entropies">;
  /** The evaluation policy for any number of observations, for export. */
  readonly policy: Readonly<Record<"action" | "entropy", Tensor>>;
}

const style = "normedSilu";
const beta2 = 0.95;
/** PyTorch's default for AdamW, which the official code leaves in place for the temperature's logarithm. */
const temperatureDecay = 0.01;

/** Builds the graph of FastSAC and the state that it owns. */
export function fastSacGraph(
  { observationSize, actionSize }: { readonly observationSize: number; readonly actionSize: number },
  head: Head,
  config: FastSacConfig,
  initial: FastSacInitial,
): FastSacGraph {
  const { batchSize: batch, envs, atoms, valueMin, valueMax, twins, tau, weightDecay } = config;
  const state = new State();
  const actor = state.parameters("actor", initial.actor);
  const critics = twinCritics(state, initial.critics, {
    style,
    support: { atoms, low: valueMin, high: valueMax },
    rule: twins,
    tau,
    learningRate: input("criticRate", []),
    weightDecay,
    beta2,
  });
  const temperature =
    config.head === "maxent" ? state.variable("temperature.log", Math.log(config.initialTemperature)) : undefined;
  const normalizer = config.normalizeObservations ? graphNormalizer(state, observationSize) : noNormalizer;
  const policyOf = (observations: Tensor) => head.policy(actorOutputs(actor.tensors, observations, style));

  // The statistics see a batch before it is normalized by them, as they see all that is acted on.
  const rawObservations = input("observations", [batch, observationSize]);
  const rawNext = input("nextObservations", [batch, observationSize]);
  const seen = normalizer.seeing(rawObservations);
  const seenBoth = seen.seeing(rawNext);
  const observations = seen.normalize(rawObservations);
  const nextObservations = seenBoth.normalize(rawNext);
  const discounts = input("discounts", [batch, 1]);
  const rewards = input("rewards", [batch, 1]);

  // 1. Critics, and their targets behind them. Maximum entropy rewards the next action's −α·log π; ERA rewards no entropy, since its policy
  // cannot lose it.
  const next = policyOf(nextObservations).sample(input("nextNoise", [batch, actionSize]));
  const critic = criticStep(critics, {
    observations,
    actions: input("actions", [batch, actionSize]),
    rewards: temperature ? sub(rewards, mul(discounts, mul(exp(temperature), next.logProb()))) : rewards,
    discounts,
    nextObservations,
    nextActions: next.action,
  });
  const always = [...critic.updates, ...seenBoth.updates];
  const measurements: Record<string, Tensor> = { ...critic.measurements };

  // 2. Maximum entropy: the temperature rises while the policy's entropy is below its target.
  let nextTemperature: Tensor | undefined;
  if (temperature) {
    const surplus = neg(add(mean(next.logProb()), config.targetEntropy));
    const slope = stopGradient(mul(exp(temperature), surplus));
    const step = adam({ state, name: "temperature.adam" }, temperature, slope, {
      learningRate: config.temperatureLearningRate,
      weightDecay: temperatureDecay,
      beta2,
    });
    nextTemperature = step.next;
    measurements["train/temperature"] = exp(step.next);
    always.push(...step.updates);
  }

  // 3. Actor: the value of a fresh action under the new critics.
  const { action, logProb } = policyOf(observations).sample(input("noise", [batch, actionSize]));
  const value = critic.value(observations, action);
  const actorLoss = nextTemperature
    ? mean(sub(mul(stopGradient(exp(nextTemperature)), logProb()), value))
    : neg(mean(value));
  const actorGradient = flatGradient(actorLoss, actor);
  const actorStep = adam({ state, name: "actor.adam" }, actor.flat, actorGradient, {
    learningRate: input("actorRate", []),
    weightDecay,
    beta2,
  });
  const actorMeasurements = { "loss/actor": actorLoss, "gradient/actor": globalNorm(actorGradient) };
  const program = (outputs: Readonly<Record<string, Tensor>>, updates: typeof always): ProgramSpec => ({
    outputs,
    updates,
    guard: Object.keys(outputs),
  });

  const acted = input("observations", [envs, observationSize]);
  const actedSeen = normalizer.seeing(acted);
  const acting = policyOf(actedSeen.normalize(acted));
  const exported = policyOf(normalizer.normalize(input("observation", ["batch", observationSize])));
  return {
    state,
    update: {
      critics: program(measurements, always),
      all: program({ ...measurements, ...actorMeasurements }, [...always, ...actorStep.updates]),
    },
    act: {
      outputs: { actions: acting.sample(input("noise", [envs, actionSize])).action, entropies: acting.entropy() },
      updates: actedSeen.updates,
      guard: ["actions", "entropies"],
    },
    policy: { action: exported.mode(), entropy: exported.entropy() },
  };
}

/** A compiled FastSAC agent with freshly initialized networks, drawn from `random`. */
export async function createFastSac(
  config: FastSacConfig,
  sizes: { readonly observationSize: number; readonly actionSize: number },
  random: Random,
): Promise<ParallelAgent> {
  const { observationSize, actionSize } = sizes;
  const { envs, batchSize } = config;
  const head = fastSacHead(config, actionSize);
  // The policy begins with a mean of 0 and equal deviations at every state.
  const actorSizes = { ...config, observationSize, outputs: 2 * actionSize, outputScale: 0 };
  const graph = fastSacGraph(sizes, head, config, {
    actor: initialActor(random, actorSizes, style),
    critics: initialCritics(random, { ...config, ...sizes }, style),
  });
  const threads = config.threads > 0 ? { threads: config.threads } : {};
  const update = {
    critics: await compile(graph.update.critics, threads),
    all: await compile(graph.update.all, threads),
  };
  const act = await compile(graph.act, threads);

  const fillNoise = (array: Float32Array, source: Random): Float32Array =>
    head.noise === "uniform" ? source.fillUniform(array) : source.fillNormal(array);
  const actNoise = new Float32Array(envs * actionSize);
  const noise = new Float32Array(batchSize * actionSize);
  const nextNoise = new Float32Array(batchSize * actionSize);
  return {
    entropyFloor: head.entropy.floor,
    state: graph.state,
    async act(observations, _ended, source) {
      const { actions, entropies } = await act.run({ observations, noise: fillNoise(actNoise, source) });
      return { actions: actions as Float32Array, entropies: entropies as Float32Array };
    },
    async update(batch, { number, progress }, source) {
      const feeds = {
        ...batch,
        nextNoise: fillNoise(nextNoise, source),
        criticRate: [cosineRate(config.criticLearningRate, config.criticLearningRateEnd, progress)],
      };
      const actorRate = [cosineRate(config.actorLearningRate, config.actorLearningRateEnd, progress)];
      const outputs =
        number % config.policyDelay === 1 % config.policyDelay
          ? await update.all.run({ ...feeds, noise: fillNoise(noise, source), actorRate })
          : await update.critics.run(feeds);
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, Number(value[0])]));
    },
    exportPolicy: () =>
      exportOnnx(graph.policy, { "era.observationSize": `${observationSize}`, "era.actionSize": `${actionSize}` }),
    async dispose() {
      await update.critics.dispose();
      await update.all.dispose();
      await act.dispose();
    },
  };
}
