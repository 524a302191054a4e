/** What a run of a language model works with, from its settings: the model to start from, problems to train on and to be judged by. */
import { basename, resolve } from "node:path";
import { openRun, UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { readProblems, withInstruction } from "../data/problems.ts";
import { isRunFolder, type LanguageModel, readModel } from "../readModel.ts";
import type { TrainingProblem } from "../tasks/task.ts";
import { type TaskName, tasks } from "../tasks/tasks.ts";
import type { TextTokenizer } from "../tokenizer/textTokenizer.ts";
import { evaluationProblems, generatedStream, listStream, type ProblemStream, shuffled } from "./problemStream.ts";
import { promptTokens } from "./responses.ts";
import { newModel } from "./startingModel.ts";

export interface MaterialSettings {
  readonly task: TaskName;
  readonly data?: string | undefined;
  readonly mapping: string;
  readonly evalData?: string | undefined;
  readonly instruction?: string | undefined;
  readonly longPrompts: "error" | "skip";
  readonly maxPromptTokens?: number | undefined;
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
  /** Problems that were left out because their prompts are too long. */
  readonly skipped: number;
}

/** What runs are trained on, as people call it. */
export const materialName = ({ task, data }: Pick<MaterialSettings, "task" | "data">): string =>
  data === undefined ? task : basename(data).replace(/\.(jsonl|parquet)$/, "");

/** Contexts of new models, in tokens: enough for any task of ours. */
const newContext = 256;
/** Responses to a task by a model that converses have room for words around the answer. */
const conversationTokens = 64;
/** Responses to problems of a file. */
const workedTokens = 256;

/** Of the latest settings that were checked: opening the run needs the same. */
let checked: { readonly key: string; readonly material: Promise<Material> } | undefined;

/** {@link openMaterial} for a check: kept for the `takeMaterial` that follows. */
export function checkMaterial(settings: MaterialSettings): Promise<Material> {
  const key = JSON.stringify(settings);
  if (checked?.key !== key) checked = { key, material: openMaterial(settings) };
  return checked.material;
}

/** What a user shall know of the problems of checked settings. */
export async function skippedNotes(settings: MaterialSettings): Promise<string[]> {
  const { skipped } = await checkMaterial(settings);
  return skipped === 0
    ? []
    : [`${materialName(settings)}: ${skipped} problems are left out, whose prompts are too long`];
}

/** {@link openMaterial}, or what was read for the check of the same settings. Each is given away once: problem streams have a state. */
export function takeMaterial(settings: MaterialSettings): Promise<Material> {
  const material = checkMaterial(settings);
  checked = undefined;
  return material;
}

/**
 * Reads or makes what a run works with.
 * @throws UsageError or FailureError in one line, as `readModel`, `readProblems` and `newModel`; UsageError where the model to start from has
 *   been trained on problems that this run would be judged by
 */
export async function openMaterial(settings: MaterialSettings): Promise<Material> {
  requireUnseen(settings);
  return settings.data === undefined ? taskMaterial(settings) : fileMaterial(settings, settings.data);
}

/** Every run holds out the first problems of one order: a run that holds out fewer has learned some of those that one with more is judged by. */
function requireUnseen({ model, task, data, evalData, evalProblems }: MaterialSettings): void {
  if (model === undefined || evalData !== undefined || !isRunFolder(model)) return;
  const { config } = openRun(model).record;
  const isSame =
    typeof config.data === "string"
      ? data !== undefined && resolve(config.data) === resolve(data)
      : config.task === task;
  if (!isSame || config.evalData !== undefined || !(Number(config.evalProblems) < evalProblems)) return;
  throw new UsageError(
    `--eval-problems ${evalProblems}: --model ${model} held out only ${config.evalProblems} of these problems; it was trained on the others`,
  );
}

async function taskMaterial(settings: MaterialSettings): Promise<Material> {
  const { task: name, model: path, seed, evalProblems } = settings;
  if (settings.evalData !== undefined)
    throw new UsageError("--eval-data: is for --data; a task holds out problems itself");
  const task = tasks[name];
  const model = await startingModel(settings, task.characters);
  const { tokenizer } = model;
  const ask = instructed(settings);
  const heldOut = evaluationProblems(task, evalProblems).map(ask);
  for (const problem of heldOut) requireText(tokenizer, problem, `--model ${path}`);
  const converses = tokenizer.chatTemplate !== undefined;
  const maxNewTokens = settings.maxNewTokens ?? (converses ? conversationTokens : task.longest.solution + 1);
  const lengths = heldOut.map((problem) => promptTokens(tokenizer, problem).length);
  const longestPrompt = settings.maxPromptTokens ?? Math.max(...lengths, task.longest.prompt);
  requireContext(model, longestPrompt, maxNewTokens);
  // A problem whose prompt is longer than that of all held-out ones is drawn again.
  const drawn = { ...task, draw: (random: Random) => ask(task.draw(random)) };
  const fits = (problem: TrainingProblem) => promptTokens(tokenizer, problem).length <= longestPrompt;
  const stream = generatedStream(drawn, seed, heldOut, fits);
  return { model, stream, heldOut: heldOut.filter(fits), longestPrompt, maxNewTokens, reward: task.reward, skipped: 0 };
}

async function fileMaterial(settings: MaterialSettings, data: string): Promise<Material> {
  const { mapping, evalData, seed, evalProblems, longPrompts } = settings;
  const ask = instructed(settings);
  const read = async (path: string) => (await readProblems(path, { mapping })).map(withSolution).map(ask);
  const all = await read(data);
  // The same problems are held out for every seed.
  const order = shuffled(all.length, new Random(splitSeed));
  const own = order.flatMap((i) => all[i] ?? []);
  const others = evalData === undefined ? undefined : await read(evalData);
  if (others === undefined && all.length <= evalProblems) {
    throw new UsageError(
      `--eval-problems ${evalProblems}: ${data} has only ${all.length} problems; hold fewer out, or give --eval-data`,
    );
  }
  const held = others?.slice(0, evalProblems) ?? own.slice(0, evalProblems);
  const train = others === undefined ? own.slice(evalProblems) : own;
  const texts = [...all, ...(others ?? [])].flatMap(({ text, prompt = text, solution = "" }) => [prompt, solution]);
  const model = await startingModel(settings, settings.model === undefined ? charactersOf(texts) : "");
  const { tokenizer } = model;
  const lengthOf = (problem: TrainingProblem) => promptTokens(tokenizer, problem).length;
  const maxNewTokens = settings.maxNewTokens ?? workedTokens;
  const room = settings.maxPromptTokens ?? model.config.maxLength - maxNewTokens;
  const tooLong = [...train, ...held].filter((problem) => lengthOf(problem) > room);
  const [first] = tooLong;
  if (first && longPrompts === "error") {
    throw new UsageError(
      `${data}: the prompt of problem ${first.id} has ${lengthOf(first)} tokens, of which ${room} fit beside --max-new-tokens ${maxNewTokens}; leave such problems out with --long-prompts skip`,
    );
  }
  const fits = (problem: TrainingProblem) => !tooLong.includes(problem);
  const [kept, heldOut] = [train.filter(fits), held.filter(fits)];
  if (kept.length === 0 || heldOut.length === 0)
    throw new UsageError(`${data}: no problem's prompt fits into ${room} tokens`);
  const longestPrompt = Math.max(...[...kept, ...heldOut].map(lengthOf));
  requireContext(model, longestPrompt, maxNewTokens);
  const stream = listStream(kept, seed);
  return { model, stream, heldOut, longestPrompt, maxNewTokens, reward: "math", skipped: tooLong.length };
}

const splitSeed = 20_251_009;

async function startingModel(settings: MaterialSettings, characters: string): Promise<LanguageModel> {
  return settings.model === undefined
    ? newModel({ ...settings, characters, maxLength: newContext })
    : readModel(settings.model);
}

/** A problem of a file with its worked solution, where its record has one: GSM8K's is the `answer`. */
const withSolution = (problem: TrainingProblem): TrainingProblem => {
  const { solution, answer } = problem.fields;
  return { ...problem, solution: [solution, answer].find((text) => typeof text === "string") ?? problem.answer };
};

/** What `--instruction` says is put below each problem's text. */
const instructed =
  ({ instruction }: MaterialSettings) =>
  <P extends TrainingProblem>(problem: P): P =>
    instruction === undefined ? problem : { ...problem, text: withInstruction(problem.text, instruction) };

const charactersOf = (texts: readonly string[]): string =>
  [...new Set(texts.flatMap((text) => [...text]))].sort().join("");

function requireContext({ config }: LanguageModel, longestPrompt: number, maxNewTokens: number): void {
  if (longestPrompt + maxNewTokens <= config.maxLength) return;
  throw new UsageError(
    `--max-new-tokens ${maxNewTokens}: with prompts of ${longestPrompt} tokens they exceed the model's context of ${config.maxLength}`,
  );
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
