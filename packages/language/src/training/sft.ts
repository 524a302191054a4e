/** Supervised fine-tuning: the decoder learns to give the solutions' tokens, by AdamW on their mean cross-entropy. */
import { input, mul, neg, sum } from "@era/tensor";
import { CompiledUpdate, type UpdateOptions } from "./compiledUpdate.ts";
import { packRows, packValues, rowInputs, type Sequence } from "./rows.ts";
import { tokenScores } from "./tokenScores.ts";
import type { TrainedModel } from "./trainedModel.ts";

export interface SftOptions extends UpdateOptions {
  /** Sequences of a step. */
  readonly batchSize: number;
}

export interface SftReport {
  /** Mean cross-entropy of the responses' tokens, in nats. */
  readonly loss: number;
  readonly gradientNorm: number;
}

/** One compiled step of supervised fine-tuning. A batch larger than memory goes through in parts whose gradients are averaged. */
export class Sft {
  readonly #model: TrainedModel;
  readonly #options: SftOptions;
  readonly #update: CompiledUpdate<"loss">;

  private constructor(model: TrainedModel, options: SftOptions, update: CompiledUpdate<"loss">) {
    this.#model = model;
    this.#options = options;
    this.#update = update;
  }

  static async open(model: TrainedModel, options: SftOptions): Promise<Sft> {
    const { batchSize, rows, promptLength, responseLength, memory } = options;
    const { config, tensors } = model;
    const { tokens, mask } = rowInputs(options);
    // Over all parts of a batch the weights of its tokens add up to the number of parts.
    const weights = input("weights", [rows, responseLength]);
    const { logProb } = tokenScores(config, tensors, tokens, mask, { from: promptLength, ...memory });
    const loss = neg(sum(mul(logProb, weights)));
    const update = await CompiledUpdate.compile(
      model,
      { loss, outputs: { loss }, guard: ["loss"], accumulates: batchSize > rows, beta2: 0.99 },
      options,
    );
    return new Sft(model, options, update);
  }

  /**
   * One step on as many sequences as the options say.
   * @throws NonFiniteError (of @era/tensor) where loss or gradient is none; nothing has changed then
   */
  async step(sequences: readonly Sequence[], learningRate: number): Promise<SftReport> {
    const { rows } = this.#options;
    const { step, gather } = this.#update;
    const count = sequences.reduce((total, { response }) => total + response.length, 0);
    const parts = Math.ceil(sequences.length / rows);
    let loss = 0;
    let gradientNorm = 0;
    for (let part = 0; part < parts; part++) {
      const own = sequences.slice(part * rows, (part + 1) * rows);
      const feeds = {
        ...packRows(own, this.#options, this.#model.tokenizer.padToken),
        weights: packValues(own, () => parts / count, this.#options),
      };
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
    await this.#update.dispose();
  }
}
