/**
 * FastTD3 (Seo et al. 2025, arXiv 2505.22642; official code: younggyoseo/FastTD3): TD3 with many copies of the environment, large batches and
 * critics that learn distributions. Its actor is deterministic and explores by noise, of a scale of its own in each copy; it has no entropy, so
 * there is nothing for ERA to keep. From top to bottom: settings, the expression graph of an update and of acting, the compiled agent.
 */
import {
  adam,
  add,
  clip,
  compile,
  exportOnnx,
  flatGradient,
  globalNorm,
  greater,
  input,
  mean,
  mul,
  type NamedArray,
  neg,
  type ProgramSpec,
  type Random,
  State,
  type Tensor,
  tensorOps,
  where,
} from "@era/tensor";
import * as z from "zod";
import type { ParallelAgent } from "../training/parallelOffPolicy.ts";
import { graphNormalizer, noNormalizer } from "./fast/graphNormalizer.ts";
import { actorOutputs, initialActor, initialCritics } from "./fast/layers.ts";
import { batchHasAllCopies, cosineRate, learningSettings, runSettings, supportHasLength } from "./fast/settings.ts";
import { criticStep, twinCritics } from "./fast/twinCritics.ts";

/** FastTD3's settings, with the official values for HumanoidBench (hyperparams.py, BaseArgs) as defaults unless noted. */
export const fastTd3ConfigSchema = z
  .object({
    ...runSettings,
    head: z
      .enum(["deterministic"])
      .default("deterministic")
      .describe(
        "Policy: deterministic with exploration noise; it has no entropy, so there is no ERA head (see fastsac)",
      ),
    noiseMin: z
      .number()
      .min(0)
      .default(0.001)
      .describe("Smallest deviation of exploration noise; each copy draws its own for an episode"),
    noiseMax: z.number().min(0).default(0.4).describe("Largest deviation of exploration noise"),
    targetNoise: z.number().min(0).default(0.001).describe("Deviation of the noise on the targets' actions"),
    targetNoiseClip: z.number().min(0).default(0.5).describe("Largest noise on the targets' actions"),
    initialScale: z.number().min(0).default(0.01).describe("Deviation of the actor's last weights at the start"),
    ...learningSettings({
      criticHidden: [1024, 512, 256],
      batchSize: 1024,
      officialBatchSize: 32_768,
      updatesPerStep: 2,
      policyDelay: 2,
      twins: "clipped",
      tau: 0.1,
      weightDecay: 0.1,
    }),
  })
  .refine(...supportHasLength)
  .refine(...batchHasAllCopies)
  .refine(({ noiseMin, noiseMax }) => noiseMin <= noiseMax, {
    path: ["noiseMin"],
    error: "must not be above --noise-max",
  });

export type FastTd3Config = z.output<typeof fastTd3ConfigSchema>;

export interface FastTd3Initial {
  readonly actor: Record<string, NamedArray>;
  readonly critics: Record<string, NamedArray>;
  /** Deviations of exploration noise, one for each copy. */
  readonly noiseScales: Float32Array;
}

/** All that FastTD3 computes, before it is compiled. */
export interface FastTd3Graph {
  readonly state: State;
  /**
   * Updates of the critics alone, and of critics and actor. Feeds: observations, actions, rewards, discounts, nextObservations, targetNoise, and the
   * learning rates criticRate and actorRate.
   */
  readonly update: Readonly<Record<"critics" | "all", ProgramSpec>>;
  /** Acting in all copies. Feeds: observations, ended (1 where an episode begins), freshScales, noise. Outputs: actions. */
  readonly act: ProgramSpec<"actions">;
  /** The evaluation policy for any number of observations, for export. Outputs: action. */
  readonly policy: Readonly<Record<"action", Tensor>>;
}

const style = "relu";

/** Builds the graph of FastTD3 and the state that it owns. */
export function fastTd3Graph(
  { observationSize, actionSize }: { readonly observationSize: number; readonly actionSize: number },
  config: FastTd3Config,
  initial: FastTd3Initial,
): FastTd3Graph {
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
    beta2: 0.999,
  });
  const normalizer = config.normalizeObservations ? graphNormalizer(state, observationSize) : noNormalizer;
  const actionOf = (observations: Tensor): Tensor => tensorOps.tanh(actorOutputs(actor.tensors, observations, style));

  // The statistics see a batch before it is normalized by them, as they see all that is acted on.
  const rawObservations = input("observations", [batch, observationSize]);
  const rawNext = input("nextObservations", [batch, observationSize]);
  const seen = normalizer.seeing(rawObservations);
  const seenBoth = seen.seeing(rawNext);
  const observations = seen.normalize(rawObservations);
  const nextObservations = seenBoth.normalize(rawNext);

  // 1. Critics, and their targets behind them: taught by what the actor, a little disturbed, would do next.
  const disturbance = mul(input("targetNoise", [batch, actionSize]), config.targetNoise);
  const { targetNoiseClip } = config;
  const nextActions = clip(
    add(actionOf(nextObservations), clip(disturbance, -targetNoiseClip, targetNoiseClip)),
    -1,
    1,
  );
  const critic = criticStep(critics, {
    observations,
    actions: input("actions", [batch, actionSize]),
    rewards: input("rewards", [batch, 1]),
    discounts: input("discounts", [batch, 1]),
    nextObservations,
    nextActions,
  });

  // 2. Actor: the value of its action under the new critics.
  const actorLoss = neg(mean(critic.value(observations, actionOf(observations))));
  const actorGradient = flatGradient(actorLoss, actor);
  const actorStep = adam({ state, name: "actor.adam" }, actor.flat, actorGradient, {
    learningRate: input("actorRate", []),
    weightDecay,
  });

  const always = [...critic.updates, ...seenBoth.updates];
  const actorMeasurements = { "loss/actor": actorLoss, "gradient/actor": globalNorm(actorGradient) };
  const program = (outputs: Readonly<Record<string, Tensor>>, updates: ProgramSpec["updates"]): ProgramSpec => ({
    outputs,
    updates: updates ?? [],
    guard: Object.keys(outputs),
  });

  // Acting: where an episode begins, its copy draws a new scale of noise. Actions stay within their bounds, as in TD3 (Fujimoto et al. 2018).
  const scales = state.variable("noise.scales", initial.noiseScales, [envs, 1]);
  const { noiseMin, noiseMax } = config;
  const freshScales = add(mul(input("freshScales", [envs, 1]), noiseMax - noiseMin), noiseMin);
  const nextScales = where(greater(input("ended", [envs, 1]), 0), freshScales, scales);
  const acted = input("observations", [envs, observationSize]);
  const actedSeen = normalizer.seeing(acted);
  const exploration = mul(input("noise", [envs, actionSize]), nextScales);
  const actions = clip(add(actionOf(actedSeen.normalize(acted)), exploration), -1, 1);

  return {
    state,
    update: {
      critics: program(critic.measurements, always),
      all: program({ ...critic.measurements, ...actorMeasurements }, [...always, ...actorStep.updates]),
    },
    act: { outputs: { actions }, updates: [[scales, nextScales], ...actedSeen.updates], guard: ["actions"] },
    policy: { action: actionOf(normalizer.normalize(input("observation", ["batch", observationSize]))) },
  };
}

/** A compiled FastTD3 agent with freshly initialized networks, drawn from `random`. */
export async function createFastTd3(
  config: FastTd3Config,
  sizes: { readonly observationSize: number; readonly actionSize: number },
  random: Random,
): Promise<ParallelAgent> {
  const { observationSize, actionSize } = sizes;
  const { envs, batchSize, noiseMin, noiseMax } = config;
  const actorSizes = { ...config, observationSize, outputs: actionSize, outputScale: config.initialScale };
  const graph = fastTd3Graph(sizes, config, {
    actor: initialActor(random, actorSizes, style),
    critics: initialCritics(random, { ...config, ...sizes }, style),
    noiseScales: Float32Array.from({ length: envs }, () => random.uniform(noiseMin, noiseMax)),
  });
  const threads = config.threads > 0 ? { threads: config.threads } : {};
  const update = {
    critics: await compile(graph.update.critics, threads),
    all: await compile(graph.update.all, threads),
  };
  const act = await compile(graph.act, threads);

  const noise = new Float32Array(envs * actionSize);
  const freshScales = new Float32Array(envs);
  const targetNoise = new Float32Array(batchSize * actionSize);
  return {
    state: graph.state,
    async act(observations, ended, source) {
      source.fillUniform(freshScales);
      source.fillNormal(noise);
      const { actions } = await act.run({ observations, ended: Float32Array.from(ended), freshScales, noise });
      return { actions: actions as Float32Array };
    },
    async update(batch, { number, progress }, source) {
      source.fillNormal(targetNoise);
      const rates = {
        criticRate: [cosineRate(config.criticLearningRate, config.criticLearningRateEnd, progress)],
        actorRate: [cosineRate(config.actorLearningRate, config.actorLearningRateEnd, progress)],
      };
      const outputs =
        number % config.policyDelay === 1 % config.policyDelay
          ? await update.all.run({ ...batch, targetNoise, ...rates })
          : await update.critics.run({ ...batch, targetNoise, criticRate: rates.criticRate });
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
