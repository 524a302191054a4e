/** A step of GRPO: sample groups of responses, judge them, keep the groups that teach something, update the policy. */
import { Random, type RandomState } from "@era/tensor";
import type { Reward } from "../rewards/reward.ts";
import { groupAdvantages, hasContrast, overlongPunishment } from "./advantages.ts";
import type { Evaluation } from "./evaluateModel.ts";
import type { Grpo, UpdateReport, WeightedResponse } from "./grpo.ts";
import type { ProblemStream, StreamState } from "./problemStream.ts";
import { type Response, sampledEntropy, sampleResponses } from "./responses.ts";
import type { TrainedModel } from "./trainedModel.ts";
import type { StepReport, Trainer } from "./trainLanguage.ts";

export interface GrpoStepConfig {
  readonly seed: number;
  readonly prompts: number;
  readonly responses: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
  readonly filterGroups: boolean;
  readonly maxRollouts: number;
  readonly overlong: "none" | "filter" | "penalty";
  readonly overlongBuffer: number;
  readonly overlongPenalty: number;
  readonly normalizeAdvantages: boolean;
  readonly miniBatches: number;
  readonly learningRateAt: (step: number) => number;
}

export interface GrpoParts {
  readonly model: TrainedModel;
  readonly grpo: Grpo;
  readonly stream: ProblemStream;
  readonly reward: Reward;
  readonly config: GrpoStepConfig;
  evaluate(): Promise<Evaluation>;
}

interface Memory {
  readonly stream: StreamState;
  readonly random: RandomState;
  readonly entropyMin: number | undefined;
}

/** A response with the reward that it was judged by, the one that it learns from, and its group's verdict. */
interface Judged extends Response {
  readonly reward: number;
}

export class GrpoTrainer implements Trainer {
  readonly model: TrainedModel;
  readonly #parts: GrpoParts;
  /** Draws responses, and what Clip-Cov leaves out. */
  readonly #random: Random;
  /** The lowest sampling entropy of any step so far, in nats. */
  #entropyMin: number | undefined;

  constructor(parts: GrpoParts) {
    this.model = parts.model;
    this.#parts = parts;
    // Apart from the problems' generator, whose seed is the same.
    this.#random = new Random(parts.config.seed).fork();
  }

  get memory(): unknown {
    const { stream } = this.#parts;
    return { stream: stream.state, random: this.#random.state, entropyMin: this.#entropyMin } satisfies Memory;
  }

  set memory(memory: unknown) {
    const { stream, random, entropyMin } = memory as Memory;
    this.#parts.stream.state = stream;
    this.#random.state = random;
    this.#entropyMin = entropyMin;
  }

  evaluate(): Promise<Evaluation> {
    return this.#parts.evaluate();
  }

  async step(step: number): Promise<StepReport> {
    const { config } = this.#parts;
    const { responses, kept, groups } = await this.#rollOut();
    const entropy = sampledEntropy(responses);
    this.#entropyMin = Math.min(this.#entropyMin ?? entropy, entropy);
    const judged = responses.filter(isJudged);
    const learningRate = config.learningRateAt(step);
    const report = kept.length > 0 ? await this.#update(kept, learningRate) : undefined;
    const meanReward = mean(judged.map(({ reward }) => reward));
    return {
      entropy,
      ...(judged.length > 0 && { score: meanReward }),
      responses,
      metrics: {
        ...(judged.length > 0 && { "rollout/reward": meanReward }),
        "rollout/entropy": entropy,
        "rollout/entropyMin": this.#entropyMin,
        "rollout/length": mean(responses.map(({ response }) => response.length)),
        "rollout/cutShort": mean(responses.map(({ end }) => (end === "stop" ? 0 : 1))),
        "rollout/groupsKept": kept.length / groups,
        ...(judged.length < responses.length && { "rollout/rewardErrors": responses.length - judged.length }),
        "train/learningRate": learningRate,
        ...(report && policyMetrics(report)),
      },
    };
  }

  /** Samples until there are enough groups that teach something, or it has been tried often enough. */
  async #rollOut(): Promise<{ responses: Response[]; kept: WeightedResponse[][]; groups: number }> {
    const { model, stream, reward, config } = this.#parts;
    const { prompts, responses: size, temperature, maxNewTokens, filterGroups, maxRollouts } = config;
    const responses: Response[] = [];
    const kept: WeightedResponse[][] = [];
    let groups = 0;
    for (let rollout = 0; rollout < maxRollouts && kept.length < prompts; rollout++) {
      const sampled = await sampleResponses(model, stream.take(prompts), size, {
        reward,
        random: this.#random,
        temperature,
        maxNewTokens,
      });
      responses.push(...sampled);
      groups += prompts;
      for (let at = 0; at < sampled.length; at += size) {
        const group = sampled.slice(at, at + size).filter(isJudged);
        // Rewards that threw leave a group smaller; one response alone has nothing to be compared with.
        if (group.length < 2 || (filterGroups && !hasContrast(group.map(({ reward }) => reward)))) continue;
        if (kept.length < prompts) kept.push(this.#weighted(group));
      }
    }
    return { responses, kept, groups };
  }

  #weighted(group: readonly Judged[]): WeightedResponse[] {
    const { overlong, overlongBuffer, overlongPenalty, maxNewTokens, normalizeAdvantages } = this.#parts.config;
    const limit = { maxLength: maxNewTokens, buffer: overlongBuffer, penalty: overlongPenalty };
    const rewards = group.map(({ reward, response }) =>
      overlong === "penalty" ? reward + overlongPunishment(response.length, limit) : reward,
    );
    const advantages = groupAdvantages(rewards, { normalize: normalizeAdvantages });
    return group.map(({ prompt, response, end }, i) => ({
      prompt,
      response,
      advantage: advantages[i] ?? 0,
      counts: overlong !== "filter" || end === "stop",
    }));
  }

  /** Each mini-batch once, in the order of sampling. */
  async #update(kept: readonly WeightedResponse[][], learningRate: number): Promise<UpdateReport> {
    const { grpo, config } = this.#parts;
    const size = Math.ceil(config.prompts / config.miniBatches);
    let batch = kept.flat();
    if (config.miniBatches > 1) {
      const old = await grpo.logProbabilities(batch);
      batch = batch.map((response, i) => ({ ...response, oldLogProb: old[i] ?? [] }));
    }
    const reports: UpdateReport[] = [];
    let at = 0;
    for (let first = 0; first < kept.length; first += size) {
      const count = kept.slice(first, first + size).reduce((total, group) => total + group.length, 0);
      reports.push(await grpo.update(batch.slice(at, at + count), learningRate, this.#random));
      at += count;
    }
    const names = Object.keys(reports[0] ?? {}) as (keyof UpdateReport)[];
    return Object.fromEntries(names.map((name) => [name, mean(reports.map((r) => r[name]))])) as UpdateReport;
  }
}

const isJudged = (response: Response): response is Judged => response.reward !== undefined;

const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;

/** What the official code logs of an update, by our names. Entropies are of the groups that were kept, as there. */
const policyMetrics = (report: UpdateReport): Record<string, number> => ({
  "policy/entropy": report.entropy,
  "policy/entropyOfTop": report.topEntropy,
  "policy/entropyOfRest": report.restEntropy,
  "policy/lowFraction": report.lowFraction,
  "policy/midFraction": report.midFraction,
  "policy/highFraction": report.highFraction,
  "policy/touchedFraction": report.touchedFraction,
  "policy/clipFraction": report.clipFraction,
  "policy/dualClipFraction": report.dualClipFraction,
  "policy/kl": report.kl,
  "train/loss": report.policyLoss,
  "train/gradientNorm": report.gradientNorm,
});
