/**
 * The policy update of GRPO (Shao et al. 2024) as DAPO takes it (arXiv 2503.14476): AdamW on the loss of `policyLoss` over responses that were
 * sampled before. A batch larger than memory goes through in parts whose gradients are averaged.
 */
import { compile, input, type Program, type Random } from "@era/tensor";
import { CompiledUpdate, trainingSession, type UpdateOptions } from "./compiledUpdate.ts";
import type { EntropyMethod } from "./entropyMethod.ts";
import { type PolicyMetrics, policyLoss } from "./policyLoss.ts";
import { packRows, packValues, rowInputs, type Sequence } from "./rows.ts";
import { methodScoring, tokenScores } from "./tokenScores.ts";
import type { TrainedModel } from "./trainedModel.ts";

export interface GrpoOptions extends UpdateOptions {
  readonly method: EntropyMethod;
  /** What responses were sampled at: their log-probabilities are of softmax(logits / temperature). */
  readonly temperature: number;
  /** Whether batches are in several parts. */
  readonly accumulate: boolean;
  /** Whether several updates follow one sampling: then `logProbabilities` are needed before the first. */
  readonly keepsOld: boolean;
}

/** A response with what its tokens are weighted by. */
export interface WeightedResponse extends Sequence {
  readonly advantage: number;
  /** False: it does not count in the loss, as overlong ones may not. */
  readonly counts: boolean;
  /** Of its tokens when it was sampled, of the method's scoring; needed where `keepsOld`. */
  readonly oldLogProb?: readonly number[];
}

type Metric = keyof PolicyMetrics;
export type UpdateReport = Record<Metric | "gradientNorm", number>;

const metricNames = [
  "policyLoss",
  "clipFraction",
  "dualClipFraction",
  "kl",
  "entropy",
  "topEntropy",
  "restEntropy",
  "lowFraction",
  "midFraction",
  "highFraction",
  "touchedFraction",
] as const satisfies readonly Metric[];

interface Programs {
  readonly update: CompiledUpdate<Metric>;
  readonly scores: Program<"logProb"> | undefined;
}

/** The compiled update. */
export class Grpo {
  readonly #model: TrainedModel;
  readonly #options: GrpoOptions;
  readonly #programs: Programs;

  private constructor(model: TrainedModel, options: GrpoOptions, programs: Programs) {
    this.#model = model;
    this.#options = options;
    this.#programs = programs;
  }

  static async open(model: TrainedModel, options: GrpoOptions): Promise<Grpo> {
    const { method, rows, promptLength, responseLength, temperature, memory } = options;
    const { config, tensors } = model;
    const shape = [rows, responseLength];
    const { tokens, mask } = rowInputs(options);
    const batch = { responseMask: input("responseMask", shape), advantages: input("advantages", shape) };
    const scoring = { from: promptLength, temperature, ...memory, ...methodScoring(method, batch) };
    const scores = tokenScores(config, tensors, tokens, mask, scoring);
    const { loss, metrics } = policyLoss(method, {
      ...scores,
      ...batch,
      ...(options.keepsOld && { oldLogProb: input("oldLogProb", shape) }),
      totals: { tokens: input("totalTokens", []), responses: input("totalResponses", []) },
      ...(method.name === "clip-cov" && { noise: input("noise", shape) }),
    });
    const update = await CompiledUpdate.compile(
      model,
      { loss, outputs: { ...metrics }, guard: ["policyLoss"], accumulates: options.accumulate },
      options,
    );
    const old = options.keepsOld
      ? await compile({ outputs: { logProb: scores.logProb } }, trainingSession(options.session))
      : undefined;
    return new Grpo(model, options, { update, scores: old });
  }

  /** Log-probabilities of the responses' tokens under the model as it is, of the method's scoring, to be kept as `oldLogProb`. */
  async logProbabilities(responses: readonly WeightedResponse[]): Promise<number[][]> {
    const { rows, responseLength } = this.#options;
    const { scores } = this.#programs;
    if (!scores) throw new Error("logProbabilities: the update was compiled without old log-probabilities");
    const found: number[][] = [];
    for (const part of this.#parts(responses)) {
      const { tokens, mask, responseMask, advantages } = this.#pack(part);
      // Without ERA nothing depends on the advantages, and the program has no such inputs.
      const feeds = this.#options.method.name === "era" ? { responseMask, advantages } : {};
      const { logProb } = await scores.run({ tokens, mask, ...feeds });
      for (const [row, { response }] of part.entries()) {
        const first = row * responseLength;
        found.push(Array.from(logProb.subarray(first, first + response.length) as Float32Array));
      }
    }
    if (found.length !== responses.length) throw new Error(`${rows} rows a part do not hold all responses`);
    return found;
  }

  /**
   * One update by a batch of responses.
   * @param random draws what Clip-Cov leaves out
   * @returns means over the batch's tokens or responses, as {@link PolicyMetrics} has them
   * @throws NonFiniteError (of @era/tensor) where loss or gradient is none: the parameters are then as before
   */
  async update(responses: readonly WeightedResponse[], learningRate: number, random: Random): Promise<UpdateReport> {
    const { method, keepsOld, rows, responseLength } = this.#options;
    const { step, gather } = this.#programs.update;
    // Before the update, so that the generator's copy of the weights is not there beside all that the update takes.
    await this.#model.changed();
    const parts = this.#parts(responses);
    const counted = responses.filter(({ counts }) => counts);
    const totals = {
      totalTokens: [
        Math.max(
          counted.reduce((total, { response }) => total + response.length, 0),
          1,
        ) / parts.length,
      ],
      totalResponses: [Math.max(counted.length, 1) / parts.length],
    };
    const sums = new Map<Metric, number>(metricNames.map((name) => [name, 0]));
    let gradientNorm = 0;
    for (const [index, part] of parts.entries()) {
      const feeds = {
        ...this.#pack(part),
        ...totals,
        ...(keepsOld && {
          oldLogProb: packValues(part, (i, token) => part[i]?.oldLogProb?.[token] ?? 0, this.#options),
        }),
        ...(method.name === "clip-cov" && { noise: random.fillUniform(new Float32Array(rows * responseLength)) }),
      };
      let report: Readonly<Record<Metric, ArrayLike<number | bigint>>>;
      if (index < parts.length - 1) {
        if (!gather) throw new Error(`update: ${responses.length} responses do not fit into ${rows} rows`);
        report = await gather.run(feeds);
      } else {
        const results = await step.run({ ...feeds, learningRate: [learningRate] });
        gradientNorm = Number(results.gradientNorm[0]);
        report = results;
      }
      for (const name of metricNames) sums.set(name, (sums.get(name) ?? 0) + Number(report[name][0]));
    }
    const means = metricNames.map((name) => [name, (sums.get(name) ?? 0) / parts.length]);
    return { ...(Object.fromEntries(means) as Record<Metric, number>), gradientNorm };
  }

  #parts(responses: readonly WeightedResponse[]): WeightedResponse[][] {
    const { rows } = this.#options;
    const count = Math.ceil(responses.length / rows);
    return Array.from({ length: count }, (_, i) => responses.slice(i * rows, (i + 1) * rows));
  }

  #pack(part: readonly WeightedResponse[]) {
    return {
      ...packRows(part, this.#options, this.#model.tokenizer.padToken),
      responseMask: packValues(part, (i) => (part[i]?.counts ? 1 : 0), this.#options),
      advantages: packValues(part, (i) => part[i]?.advantage ?? 0, this.#options),
    };
  }

  async dispose(): Promise<void> {
    await this.#programs.update.dispose();
    await this.#programs.scores?.dispose();
  }
}
