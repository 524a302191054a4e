/** Supervised fine-tuning: the decoder learns to give the solutions' tokens, by AdamW on their mean cross-entropy. */
import {
  accumulate,
  adam,
  clipByGlobalNorm,
  compile,
  flatGradient,
  globalNorm,
  input,
  mul,
  neg,
  type Program,
  type SessionOptions,
  sum,
} from "@era/tensor";
import { packRows, type Sequence } from "./rows.ts";
import { type TokenScoreOptions, tokenScores } from "./tokenScores.ts";
import type { TrainedModel } from "./trainedModel.ts";

export interface SftOptions {
  /** Sequences of a step. */
  readonly batchSize: number;
  /** Sequences that go through at once, and tokens of the longest. */
  readonly rows: number;
  readonly length: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  /** How memory is spared. */
  readonly memory: Pick<TokenScoreOptions, "checkpoint" | "chunk">;
  readonly session: SessionOptions;
}

export interface SftReport {
  /** Mean cross-entropy of the responses' tokens, in nats. */
  readonly loss: number;
  readonly gradientNorm: number;
}

interface Programs {
  readonly step: Program<"loss" | "gradientNorm">;
  /** Of all parts of a batch but the last. */
  readonly gather: Program<"loss"> | undefined;
}

/** One compiled step of supervised fine-tuning. A batch larger than memory goes through in parts whose gradients are averaged. */
export class Sft {
  readonly #model: TrainedModel;
  readonly #options: SftOptions;
  readonly #programs: Programs;

  private constructor(model: TrainedModel, options: SftOptions, programs: Programs) {
    this.#model = model;
    this.#options = options;
    this.#programs = programs;
  }

  static async open(model: TrainedModel, options: SftOptions): Promise<Sft> {
    const { batchSize, rows, length, weightDecay, gradientClip, memory } = options;
    // As in the update by reward.
    const session = { memoryPattern: false, ...options.session };
    const { config, parameters, tensors, state } = model;
    const tokens = input("tokens", [rows, length], "int64");
    // Over all parts of a batch the weights of its tokens add up to the number of parts.
    const weights = input("weights", [rows, length - 1]);
    const { logProb } = tokenScores(config, tensors, tokens, undefined, memory);
    const loss = neg(sum(mul(logProb, weights)));
    const gradient = flatGradient(loss, parameters);
    const parts = batchSize > rows ? accumulate({ state, name: "gradient" }, gradient) : undefined;
    const whole = parts?.mean ?? gradient;
    const gradientNorm = globalNorm(whole);
    const { updates } = adam({ state, name: "optimizer" }, parameters.flat, clipByGlobalNorm(whole, gradientClip), {
      learningRate: input("learningRate", []),
      beta2: 0.99,
      weightDecay,
    });
    const step = await compile(
      {
        outputs: { loss, gradientNorm },
        updates: [...updates, ...(parts?.reset ?? [])],
        guard: ["loss", "gradientNorm"],
      },
      session,
    );
    const gather = parts && (await compile({ outputs: { loss }, updates: parts.gather, guard: ["loss"] }, session));
    return new Sft(model, options, { step, gather });
  }

  /**
   * One step on as many sequences as the options say.
   * @throws NonFiniteError (of @era/tensor) where loss or gradient is none; nothing has changed then
   */
  async step(sequences: readonly Sequence[], learningRate: number): Promise<SftReport> {
    const { rows, length } = this.#options;
    const { step, gather } = this.#programs;
    const count = sequences.reduce((total, { response }) => total + response.length, 0);
    const parts = Math.ceil(sequences.length / rows);
    let loss = 0;
    let gradientNorm = 0;
    for (let part = 0; part < parts; part++) {
      const own = sequences.slice(part * rows, (part + 1) * rows);
      const { tokens, responseMask } = packRows(own, rows, length, this.#model.tokenizer.padToken);
      const feeds = { tokens, weights: responseMask.map((one) => (one * parts) / count) };
      if (part < parts - 1) {
        if (!gather) throw new Error(`sft: ${sequences.length} sequences do not fit into ${rows} rows`);
        loss += Number((await gather.run(feeds)).loss[0]) / parts;
      } else {
        const report = await step.run({ ...feeds, learningRate: [learningRate] });
        loss += Number(report.loss[0]) / parts;
        gradientNorm = Number(report.gradientNorm[0]);
      }
    }
    await this.#model.changed();
    return { loss, gradientNorm };
  }

  async dispose(): Promise<void> {
    await this.#programs.step.dispose();
    await this.#programs.gather?.dispose();
  }
}
