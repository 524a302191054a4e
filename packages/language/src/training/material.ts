/** What a run of a language model works with, from its settings: the model to start from, problems to train on and to be judged by. */
import { UsageError } from "@era/lab";
import type { LanguageModel } from "../readModel.ts";
import type { TrainingProblem } from "../tasks/task.ts";
import { type TaskName, tasks } from "../tasks/tasks.ts";
import type { TextTokenizer } from "../tokenizer/textTokenizer.ts";
import { evaluationProblems, generatedStream, type ProblemStream } from "./problemStream.ts";
import { promptTokens } from "./responses.ts";
import { newModel, readStartingModel } from "./startingModel.ts";

export interface MaterialSettings {
  readonly task: TaskName;
  readonly model?: string | undefined;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly maxNewTokens?: number | undefined;
  readonly seed: number;
  readonly evalProblems: number;
}

export interface Material {
  readonly model: LanguageModel;
  readonly stream: ProblemStream;
  readonly heldOut: readonly TrainingProblem[];
  /** Tokens of the longest prompt. */
  readonly longestPrompt: number;
  readonly maxNewTokens: number;
  /** The reward that judges responses, where no other is asked for. */
  readonly reward: string;
}

/** Contexts of new models, in tokens: enough for any task of ours. */
const newContext = 256;
/** A conversation's response has room for words around its answer. */
const conversationTokens = 64;

/**
 * Reads or makes what a run works with.
 * @throws UsageError or FailureError in one line, as `readModel` and `newModel`
 */
export async function openMaterial(settings: MaterialSettings): Promise<Material> {
  const { task: name, model: path, seed, evalProblems } = settings;
  const task = tasks[name];
  const model =
    path === undefined
      ? newModel({ ...settings, characters: task.characters, maxLength: newContext })
      : await readStartingModel(path);
  const { tokenizer, config } = model;
  const converses = tokenizer.chatTemplate !== undefined;
  const heldOut = evaluationProblems(task, evalProblems);
  for (const problem of heldOut) requireText(tokenizer, problem, `--model ${path}`);
  const maxNewTokens = settings.maxNewTokens ?? (converses ? conversationTokens : task.longest.solution + 1);
  // No problem of a task is much longer than the longest of many.
  const lengths = heldOut.map((problem) => promptTokens(tokenizer, problem).length);
  const longestPrompt = Math.max(...lengths, task.longest.prompt);
  if (longestPrompt + maxNewTokens > config.maxLength) {
    throw new UsageError(
      `--max-new-tokens ${maxNewTokens}: with prompts of ${longestPrompt} tokens they exceed the model's context of ${config.maxLength}`,
    );
  }
  const stream = generatedStream(
    task,
    seed,
    heldOut,
    (problem) => promptTokens(tokenizer, problem).length <= longestPrompt,
  );
  return { model, stream, heldOut, longestPrompt, maxNewTokens, reward: task.reward };
}

/** Throws UsageError where a tokenizer of few characters lacks some of a problem's. */
function requireText(tokenizer: TextTokenizer, problem: TrainingProblem, source: string): void {
  if (tokenizer.chatTemplate !== undefined) return;
  const { text, prompt = text, solution = "" } = problem;
  for (const part of [prompt, solution]) {
    if (tokenizer.decode(tokenizer.encode(part, { specials: false })).trim() === part.trim()) continue;
    throw new UsageError(`${source}: its tokenizer has not all characters of ${JSON.stringify(part)}`);
  }
}
