/** This project's generation, and its step of GRPO, as competitors of `era bench language`. */
import {
  constantParameters,
  entropyMethod,
  entropyMethodSchema,
  Generator,
  Grpo,
  groupAdvantages,
  readModelFolder,
  TextTokenizer,
  TrainedModel,
  type WeightedResponse,
} from "@era/language";
import { Random } from "@era/tensor";
import { serve } from "./peerServer.ts";
import type { GenerationSize, GrpoSize } from "./peers.ts";

type LanguageConfig = GenerationSize | (GrpoSize & { readonly method: "none" | "era" });

/** Prompts of random tokens. */
const randomPrompts = (random: Random, count: number, length: number, vocabularySize: number): number[][] =>
  Array.from({ length: count }, () => Array.from({ length }, () => random.integer(vocabularySize)));

/** Greedy texts of given prompts. */
interface GenerationCheck {
  readonly prompts: readonly (readonly number[])[];
  readonly tokens: number;
}

async function serveGeneration({ model, batch, prompt, tokens, threads }: GenerationSize): Promise<void> {
  const started = performance.now();
  const { config, weights } = readModelFolder(model);
  const generator = await Generator.create(config, constantParameters(weights), { rows: batch, threads });
  const random = new Random(1);
  const generate = async (maxNewTokens: number, mark = () => {}) => {
    let firsts = batch;
    const onToken = () => {
      if (firsts > 0 && --firsts === 0) mark();
    };
    const prompts = randomPrompts(random, batch, prompt, config.vocabularySize);
    await generator.generate(prompts, { maxNewTokens, onToken }, random);
  };
  await generate(Math.min(tokens, 4));
  const check = async (request: unknown) => {
    const { prompts, tokens: maxNewTokens } = request as GenerationCheck;
    const texts = await generator.generate(prompts, { maxNewTokens, temperature: 0 }, random);
    return {
      tokens: texts.map(({ tokens }) => tokens),
      logProbabilities: texts.map(({ logProbabilities }) => logProbabilities),
    };
  };
  const parameters = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  const compileSeconds = (performance.now() - started) / 1000;
  await serve({ name: "era", compileSeconds, parameters }, { repeat: (mark) => generate(tokens, mark), check });
}

/** AdamW of both sides; also in bench/peers/python/language_grpo.py. */
const [learningRate, weightDecay, gradientClip] = [1e-6, 0.01, 1];

/** Loss and gradient's norm of an update by given rows, of which the tokens from `start` on are the response. */
interface GrpoCheck {
  readonly tokens: readonly (readonly number[])[];
  readonly start: number;
  readonly advantages: readonly number[];
}

async function serveGrpo(size: GrpoSize & { readonly method: "none" | "era" }): Promise<void> {
  const { prompts, responses, prompt, tokens, threads, rows, method } = size;
  const started = performance.now();
  const tokenizer = TextTokenizer.fromFolder(size.model);
  const model = new TrainedModel({ ...readModelFolder(size.model), tokenizer }, { rows: prompts * responses, threads });
  const grpo = await Grpo.open(model, {
    method: entropyMethod(entropyMethodSchema.parse({ entropyMethod: method })),
    rows,
    promptLength: prompt,
    responseLength: tokens,
    temperature: 1,
    weightDecay,
    gradientClip,
    accumulate: prompts * responses > rows,
    keepsOld: false,
    memory: {},
    session: { threads },
  });
  const random = new Random(1);
  // Half of each group was right.
  const advantages = groupAdvantages(Array.from({ length: responses }, (_, i) => 1 - (i % 2)));
  const step = async (mark = () => {}, rate = learningRate) => {
    const asked = randomPrompts(random, prompts, prompt, model.config.vocabularySize);
    const generator = await model.generator();
    const texts = await generator.generate(
      asked.flatMap((tokens) => Array.from({ length: responses }, () => tokens)),
      { maxNewTokens: tokens },
      random,
    );
    mark();
    const batch = texts.map(
      ({ prompt, tokens }, i): WeightedResponse => ({
        prompt,
        response: tokens,
        advantage: advantages[i % responses] ?? 0,
        counts: true,
      }),
    );
    await grpo.update(batch, rate, random);
  };
  // At rate 0, so that the check that follows is of the weights as they were read.
  await step(undefined, 0);
  const check = async (request: unknown) => {
    const { tokens, start, advantages } = request as GrpoCheck;
    const batch = tokens.map((row, i) => ({
      prompt: row.slice(0, start),
      response: row.slice(start),
      advantage: advantages[i] ?? 0,
      counts: true,
    }));
    const { policyLoss, gradientNorm } = await grpo.update(batch, 0, random);
    return { loss: policyLoss, gradientNorm };
  };
  const parameters = model.state.read(model.parameters.flat).length;
  const compileSeconds = (performance.now() - started) / 1000;
  await serve({ name: `era, ${method}`, compileSeconds, parameters }, { repeat: step, check });
}

/** Serves the protocol until standard input ends. */
export const serveLanguagePeer = (config: LanguageConfig): Promise<void> =>
  "method" in config ? serveGrpo(config) : serveGeneration(config);
