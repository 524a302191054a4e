/** Responses of a language model to problems, with their rewards. */
import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import type { Problem } from "../data/problems.ts";
import type { Generation, GenerationOptions, Generator } from "../generation/generator.ts";
import { type Reward, scoreResponse } from "../rewards/reward.ts";
import type { TextTokenizer } from "../tokenizer/textTokenizer.ts";
import { type Prompt, type PromptStyle, promptOf, withoutNext } from "./prompts.ts";
import type { ProblemRecord, SampleRecord } from "./records.ts";

export interface EvaluateProblemsOptions {
  readonly problems: readonly Problem[];
  readonly style: PromptStyle;
  readonly reward: Reward;
  /** Responses to each problem. */
  readonly samples: number;
  /** `stopTokens` are the tokenizer's; `longPrompts` follows from `tooLong`. */
  readonly generation: Omit<GenerationOptions, "stopTokens" | "longPrompts">;
  readonly seed: number;
  /** Of a prompt that leaves no room in the context: an error before anything is generated, a problem without responses, or its last tokens. */
  readonly tooLong: "error" | "skip" | "truncate";
  /** Responses that the generator works on at once; results depend on it by the rounding of sums at most. */
  readonly rows: number;
}

/** What an evaluation has to ask, checked before anything is generated. */
export interface AskedProblem {
  readonly index: number;
  readonly problem: Problem;
  readonly prompt: Prompt;
  readonly fits: boolean;
}

/**
 * The prompts of all problems.
 * @param contextLength tokens that the model can read
 * @throws UsageError naming the first problem whose prompt leaves no room in the context, where that is an error; or where the template refuses
 */
export function askedProblems(
  tokenizer: TextTokenizer,
  contextLength: number,
  { problems, style, tooLong }: Pick<EvaluateProblemsOptions, "problems" | "style" | "tooLong">,
): AskedProblem[] {
  return problems.map((problem, index) => {
    const prompt = promptOf(tokenizer, problem, style);
    const fits = prompt.tokens.length < contextLength;
    if (!fits && tooLong === "error") {
      throw new UsageError(
        `problem ${index + 1} (${problem.id}) has a prompt of ${prompt.tokens.length} tokens, which leaves no room in the model's context of ${contextLength}; skip or truncate such ones with --too-long`,
      );
    }
    return { index, problem, prompt, fits };
  });
}

/**
 * A record for each problem from the one at `done` on, in order, a few at a time. Records depend on the settings, the seed and the problem's place
 * alone: not on where an earlier evaluation was interrupted, nor, but for rounding, on `rows`.
 */
export async function* evaluateProblems(
  generator: Generator,
  tokenizer: TextTokenizer,
  asked: readonly AskedProblem[],
  done: number,
  options: EvaluateProblemsOptions,
): AsyncGenerator<ProblemRecord> {
  const { samples, tooLong, rows } = options;
  const isAsked = ({ fits }: AskedProblem) => fits || tooLong === "truncate";
  const random = new Random(options.seed);
  // The generator forks it once for each response.
  for (let i = samples * asked.slice(0, done).filter(isAsked).length; i > 0; i--) random.fork();
  const together = Math.max(1, Math.floor((2 * rows) / samples));
  for (let at = done; at < asked.length; at += together) {
    const chunk = asked.slice(at, at + together);
    const prompts = chunk.filter(isAsked).flatMap(({ prompt }) => Array.from({ length: samples }, () => prompt.tokens));
    const texts = await generator.generate(
      prompts,
      {
        ...options.generation,
        stopTokens: tokenizer.stopTokens,
        longPrompts: tooLong === "truncate" ? "truncate" : "error",
      },
      random,
    );
    let next = 0;
    for (const one of chunk) {
      const own = isAsked(one) ? texts.slice(next, next + samples) : [];
      next += own.length;
      yield await recordOf(one, own, tokenizer, options);
    }
  }
}

async function recordOf(
  { index, problem, prompt }: AskedProblem,
  texts: readonly Generation[],
  tokenizer: TextTokenizer,
  { style, reward }: EvaluateProblemsOptions,
): Promise<ProblemRecord> {
  const samples: SampleRecord[] = [];
  for (const text of texts) samples.push(await sampleOf(text, problem, prompt, tokenizer, style, reward));
  const [first] = texts;
  const read = first?.prompt.length ?? prompt.tokens.length;
  return {
    index,
    id: problem.id,
    answer: problem.answer,
    promptTokens: read,
    prompt: first === undefined ? "skipped" : read < prompt.tokens.length ? "truncated" : "whole",
    samples,
  };
}

async function sampleOf(
  { tokens, end, logProbabilities, entropies }: Generation,
  problem: Problem,
  prompt: Prompt,
  tokenizer: TextTokenizer,
  style: PromptStyle,
  reward: Reward,
): Promise<SampleRecord> {
  const response = withoutNext(tokenizer.decode(tokens), style);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const measures = {
    tokens: tokens.length,
    end,
    logProbability: sum(logProbabilities),
    entropy: sum(entropies) / tokens.length,
  };
  try {
    const input = { prompt: prompt.text, response, answer: problem.answer, problem: problem.fields };
    return { response, score: await scoreResponse(reward, input), ...measures };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { response, score: null, error: message, ...measures };
  }
}
