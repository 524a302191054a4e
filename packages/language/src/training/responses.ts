/** Sampled responses and what they are worth. */
import type { Random } from "@era/tensor";
import type { Generation, GenerationOptions } from "../generation/generator.ts";
import { type Reward, scoreResponse } from "../rewards/reward.ts";
import type { TrainingProblem } from "../tasks/task.ts";
import type { TextTokenizer } from "../tokenizer/textTokenizer.ts";
import type { Sequence } from "./rows.ts";
import type { TrainedModel } from "./trainedModel.ts";

/** A response to a problem, judged. */
export interface Response extends Sequence {
  readonly problem: TrainingProblem;
  /** Its text, without the tokens that end it. */
  readonly text: string;
  /** Of the distributions that its tokens were drawn from, in nats. */
  readonly entropies: readonly number[];
  readonly end: Generation["end"];
  /** What the reward gave; undefined where it threw. */
  readonly reward: number | undefined;
  /** What the reward threw. */
  readonly error?: string;
}

/** The tokens that a model is asked with: the problem's text in a conversation, where the model has a template for them, or the text to be continued. */
export const promptTokens = (tokenizer: TextTokenizer, { text, prompt = text }: TrainingProblem): number[] =>
  tokenizer.chatTemplate === undefined
    ? tokenizer.encode(prompt)
    : tokenizer.encodeChat([{ role: "user", content: text }]);

/**
 * `samples` responses to each problem, those to one problem side by side, each with its reward. A reward that throws, or gives no number, is an
 * error of that response alone.
 */
export async function sampleResponses(
  model: TrainedModel,
  problems: readonly TrainingProblem[],
  samples: number,
  { reward, random, ...options }: GenerationOptions & { readonly reward: Reward; readonly random: Random },
): Promise<Response[]> {
  const { tokenizer } = model;
  const asked = problems.flatMap((problem) => {
    const tokens = promptTokens(tokenizer, problem);
    return Array.from({ length: samples }, () => ({ problem, tokens }));
  });
  const generator = await model.generator();
  const generations = await generator.generate(
    asked.map(({ tokens }) => tokens),
    { ...options, stopTokens: tokenizer.stopTokens },
    random,
  );
  const responses: Response[] = [];
  for (const [i, { problem }] of asked.entries()) {
    const generation = generations[i];
    if (!generation) throw new Error(`prompt ${i} has no generation`);
    const { prompt, tokens, entropies, end } = generation;
    const text = tokenizer.decode(tokens);
    const judged = await judge(reward, problem, text);
    responses.push({ problem, prompt, response: tokens, text, entropies, end, ...judged });
  }
  return responses;
}

async function judge(
  reward: Reward,
  { text, answer, fields }: TrainingProblem,
  response: string,
): Promise<Pick<Response, "reward" | "error">> {
  try {
    return { reward: await scoreResponse(reward, { prompt: text, response, answer, problem: fields }) };
  } catch (error) {
    return { reward: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The mean entropy of the distributions that all tokens were drawn from, in nats (the official `actor/entropy`, token mean). */
export function sampledEntropy(responses: readonly Response[]): number {
  let [total, count] = [0, 0];
  for (const { entropies } of responses) {
    for (const value of entropies) total += value;
    count += entropies.length;
  }
  return total / count;
}
