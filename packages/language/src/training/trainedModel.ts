/** A model while it trains: what is trained as state, and the generator and the files made of its current values. */
import { createHash } from "node:crypto";
import { compile, type Parameters, type Program, Random, State } from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import type { DecoderParameters } from "../decoder.ts";
import { Generator } from "../generation/generator.ts";
import type { DecoderWeights } from "../modelFolder.ts";
import type { LanguageModel } from "../readModel.ts";
import type { TextTokenizer } from "../tokenizer/textTokenizer.ts";
import { initialLora, type LoraOptions, loraParameters, mergedParameters } from "./lora.ts";

export interface TrainedModelOptions {
  /** Texts that are generated at once. */
  readonly rows: number;
  readonly threads?: number;
  /** Low-rank pairs are trained instead of the weights; their initial values come from the seed. */
  readonly lora?: LoraOptions & { readonly seed: number };
}

/** What LoRA adds: the weights that stay as they are, and those of a plain decoder that computes the same as they do with the pairs. */
interface Adapted {
  readonly merged: State;
  readonly mergedTensors: DecoderParameters;
  /** The adapted matrices with their additions. */
  readonly names: readonly string[];
  readonly additions: DecoderParameters;
  readonly session: { readonly threads?: number };
  program: Program | undefined;
}

export class TrainedModel {
  readonly config: DecoderConfig;
  readonly tokenizer: TextTokenizer;
  /** What is trained, and whatever else decides the future: the optimizer's. With LoRA the weights that stay are not in it. */
  readonly state = new State();
  /** What is trained: all weights, or LoRA's pairs. */
  readonly parameters: Parameters;
  /** For passes through the decoder. */
  readonly tensors: DecoderParameters;
  /** Of the weights that stay, which checkpoints do not hold: a resumed run must start from the same. Undefined where all are trained. */
  readonly baseDigest: string | undefined;
  readonly #adapted: Adapted | undefined;
  readonly #generation: { readonly rows: number; readonly threads?: number };
  #generator: Generator | undefined;
  /** The generator's weights are those of the parameters. */
  #isCurrent = false;

  constructor({ config, weights, tokenizer }: LanguageModel, { lora, ...generation }: TrainedModelOptions) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.#generation = generation;
    if (!lora) {
      this.parameters = this.state.parameters("model", weights);
      this.tensors = this.parameters.tensors;
      return;
    }
    const base = new State().parameters("base", weights);
    const merged = new State();
    const mergedTensors = merged.parameters("model", weights).tensors;
    this.parameters = this.state.parameters("lora", initialLora(config, new Random(lora.seed).fork(), lora));
    this.tensors = loraParameters(config, base.tensors, this.parameters.tensors, lora);
    const all = mergedParameters(config, this.tensors);
    const names = Object.keys(all).filter((name) => all[name] !== base.tensors[name]);
    const additions = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
    const { rows: _, ...session } = generation;
    this.#adapted = { merged, mergedTensors, names, additions, session, program: undefined };
    const digest = createHash("sha256");
    for (const { data } of Object.values(weights)) digest.update(data as Float32Array);
    this.baseDigest = digest.digest("hex");
  }

  /** A generator of the parameters as they are now: its weights are packed anew at the first call after they {@link changed}. */
  async generator(): Promise<Generator> {
    if (this.#generator && this.#isCurrent) return this.#generator;
    const tensors = await this.#plainTensors();
    if (this.#generator) await this.#generator.update(tensors);
    else this.#generator = await Generator.create(this.config, tensors, this.#generation);
    this.#isCurrent = true;
    return this.#generator;
  }

  /** The parameters of a plain decoder, LoRA's additions in the weights. */
  async #plainTensors(): Promise<DecoderParameters> {
    const adapted = this.#adapted;
    if (!adapted) return this.tensors;
    adapted.program ??= await compile({ outputs: adapted.additions }, adapted.session);
    const values = await adapted.program.run();
    for (const name of adapted.names) {
      const tensor = adapted.mergedTensors[name];
      const value = values[name];
      if (tensor && value) adapted.merged.read(tensor).set(value as never);
    }
    return adapted.mergedTensors;
  }

  /** The model as it is now, for `writeModelFolder`. */
  async weights(): Promise<DecoderWeights> {
    await this.#plainTensors();
    const prefix = "model.";
    const arrays = Object.entries((this.#adapted?.merged ?? this.state).arrays()).filter(([name]) =>
      name.startsWith(prefix),
    );
    return {
      config: this.config,
      weights: Object.fromEntries(arrays.map(([name, array]) => [name.slice(prefix.length), array])),
    };
  }

  /** To be called when the parameters change, before or after: frees the generator's copy of them. */
  async changed(): Promise<void> {
    this.#isCurrent = false;
    await this.#generator?.dispose();
  }

  async dispose(): Promise<void> {
    await this.changed();
    await this.#adapted?.program?.dispose();
  }
}
