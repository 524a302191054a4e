/** A model while it trains: parameters as state, and the generator and the files made of their current values. */
import type { Parameters } from "@era/tensor";
import { State } from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import { Generator } from "../generation/generator.ts";
import type { DecoderWeights } from "../modelFolder.ts";
import type { LanguageModel } from "../readModel.ts";
import type { TextTokenizer } from "../tokenizer/textTokenizer.ts";

export class TrainedModel {
  readonly config: DecoderConfig;
  readonly tokenizer: TextTokenizer;
  readonly state = new State();
  readonly parameters: Parameters;
  readonly #generation: { readonly rows: number; readonly threads?: number };
  #generator: Generator | undefined;
  /** The generator's weights are those of the parameters. */
  #isCurrent = false;

  constructor({ config, weights, tokenizer }: LanguageModel, generation: { rows: number; threads?: number }) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.parameters = this.state.parameters("model", weights);
    this.#generation = generation;
  }

  /** A generator of the parameters as they are now: its weights are packed anew at the first call after they {@link changed}. */
  async generator(): Promise<Generator> {
    if (!this.#generator) {
      this.#generator = await Generator.create(this.config, this.parameters.tensors, this.#generation);
    } else if (!this.#isCurrent) await this.#generator.update(this.parameters.tensors);
    this.#isCurrent = true;
    return this.#generator;
  }

  /** The model as it is now, for {@link writeModelFolder}. */
  weights(): DecoderWeights {
    const prefix = "model.";
    const arrays = Object.entries(this.state.arrays()).filter(([name]) => name.startsWith(prefix));
    return {
      config: this.config,
      weights: Object.fromEntries(arrays.map(([name, array]) => [name.slice(prefix.length), array])),
    };
  }

  /** To be called when the parameters have changed, and at the end: frees the generator's copy of them. */
  async changed(): Promise<void> {
    this.#isCurrent = false;
    await this.#generator?.dispose();
  }
}
