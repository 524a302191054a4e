/** `era eval-lm <model>`: how often a language model solves the problems of a data set. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createProgress, type Estimate, onInterrupt, type ProgressReadings, UsageError } from "@era/lab";
import {
  type AskedProblem,
  askedProblems,
  constantParameters,
  type EvaluateProblemsOptions,
  evaluateProblems,
  Generator,
  type LanguageEvaluation,
  type LanguageModel,
  loadReward,
  type MappingName,
  mappingNames,
  type Problem,
  type ProblemRecord,
  type PromptForm,
  RecordsFile,
  readModel,
  readProblemSet,
  rewardNames,
  summarizeRecords,
  weightsDigest,
} from "@era/language";
import type { Command } from "commander";
import { stopExitCode } from "../train/trainOne.ts";
import { wholeNumber } from "./eval.ts";
import { type SamplingFlags, samplingOf } from "./generate.ts";

interface EvalLmOptions extends Omit<SamplingFlags, "temperature" | "truncate"> {
  readonly data: string;
  readonly mapping: string;
  readonly limit?: string;
  readonly reward?: string;
  readonly samples: string;
  readonly k?: string;
  readonly temperature?: string;
  readonly seed: string;
  readonly chat?: boolean;
  readonly plain?: boolean;
  readonly raw?: boolean;
  readonly system?: string;
  readonly instruction?: string;
  readonly shots: string;
  readonly shotsFrom?: string;
  readonly tooLong: string;
  readonly batch: string;
  readonly threads?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** What a data set's problems are graded by and asked for, where nothing else is said. */
const boxed = {
  reward: "math",
  instruction: "Please reason step by step, and put your final answer within \\boxed{}.",
};
const customs: Readonly<Record<MappingName, { readonly reward: string; readonly instruction: string }>> = {
  gsm8k: { ...boxed, reward: "gsm8k" },
  math500: boxed,
  aime: boxed,
  amc: boxed,
  olympiad: boxed,
  minerva: { ...boxed, reward: "science" },
  plain: boxed,
};

const tooLongChoices = ["error", "skip", "truncate"] as const;

export function addEvalLmCommand(program: Command): void {
  program
    .command("eval-lm")
    .description("let a language model solve a data set's problems and report how often it is right")
    .argument("<model>", "a folder in Hugging Face's format, a GGUF file, or a run folder of a language model")
    .requiredOption("--data <file>", "the problems, in JSON Lines or Parquet (.parquet)")
    .option(
      "--mapping <name>",
      `how records are read: auto (by their fields), ${mappingNames.join(", ")}, or problem=<field>,answer=<field>,id=<field>`,
      "auto",
    )
    .option("--limit <number>", "only the first so many problems")
    .option(
      "--reward <name>",
      `what is right: ${rewardNames.join(", ")}, or a module's file; if left out gsm8k or science for data of that kind, else math`,
    )
    .option("--samples <number>", "responses to each problem", "1")
    .option("--k <numbers>", "report pass@k of these, separated by commas; 1,2,4,… up to --samples if left out")
    .option(
      "--temperature <number>",
      "logits are divided by it; 0 takes the likeliest token; if left out 0 for one response, 1 for several",
    )
    .option("--top-k <number>", "sample only from so many likeliest tokens")
    .option("--top-p <share>", "sample only from the fewest likeliest tokens with this share of the probability", "1")
    .option("--min-p <share>", "sample only from tokens at least this share as likely as the likeliest", "0")
    .option("--max-tokens <number>", "at most so many tokens a response", "512")
    .option("--seed <number>", "seed of the random numbers", "0")
    .option("--chat", "ask by the model's chat template; so it is where the model has one")
    .option("--plain", "ask as plain text (Question: … Answer:), without the model's chat template")
    .option("--raw", "ask with the problem's text as it is, as models without a template are trained here")
    .option("--system <text>", "the system message of the conversation; the template's own if left out")
    .option(
      "--instruction <text>",
      "put behind each problem; by the kind of data if left out, none without a conversation",
    )
    .option("--shots <number>", "worked examples before each problem", "0")
    .option("--shots-from <file>", "where the examples are from, read as --data is: its first ones")
    .option(
      "--too-long <what>",
      "of a prompt that leaves no room in the model's context: error, skip, or truncate (its beginning is cut)",
      "error",
    )
    .option("--batch <number>", "responses that are worked on at once; results differ by rounding at most", "16")
    .option("--threads <number>", "threads; as many as there are cores if left out")
    .option("--out <file>", "where the records go, one JSON object a problem; <data>-<model>.records.jsonl if left out")
    .option("--resume", "continue the records of an evaluation that was interrupted")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
Records are written as they come. Ctrl-C stops and says how to resume; the result is the same as without the interruption.
--reward code runs the programs that the model writes: in a process with limits of time and memory, but no sandbox; use it where nothing can be lost.
Exit codes: 0 finished; 1 failed; 2 wrong command; 130 stopped by Ctrl-C; 143 by SIGTERM.`,
    )
    .action(evalLm);
}

async function evalLm(path: string, options: EvalLmOptions): Promise<void> {
  const samples = wholeNumber("--samples", options.samples, 1);
  const ks = ksOf(options.k, samples);
  const temperature = options.temperature ?? (samples === 1 ? "0" : "1");
  const generation = samplingOf({ ...options, temperature });
  const rows = wholeNumber("--batch", options.batch, 1);
  const threads = options.threads === undefined ? undefined : wholeNumber("--threads", options.threads, 1);
  const tooLong = tooLongChoices.find((choice) => choice === options.tooLong);
  if (!tooLong) throw new UsageError(`--too-long ${options.tooLong}: must be one of ${tooLongChoices.join(", ")}`);

  const { problems: all, mapping } = await readProblemSet(options.data, { mapping: options.mapping });
  const problems = options.limit === undefined ? all : all.slice(0, wholeNumber("--limit", options.limit, 1));
  const shots = await shotsOf(options);
  const rewardName = options.reward ?? customs[mapping].reward;
  const reward = await loadReward(rewardName);
  const model = await readModel(path);
  const form = formOf(model, options, path);
  const instruction = options.instruction ?? (form === "chat" ? customs[mapping].instruction : "");
  const evaluation: EvaluateProblemsOptions = {
    problems,
    style: { form, system: options.system, instruction, shots },
    reward,
    samples,
    generation,
    seed: wholeNumber("--seed", options.seed, 0),
    tooLong,
    rows,
  };
  const asked = askedProblems(model.tokenizer, model.config.maxLength, evaluation);
  const settings = settingsOf(evaluation, { model, path, options, mapping, rewardName });
  const out = options.out ?? `${nameOf(options.data)}-${nameOf(path)}.records.jsonl`;
  const file = RecordsFile.open(out, settings, { resume: options.resume ?? false });
  try {
    const signal = await answer(model, asked, file, evaluation, threads);
    if (signal !== undefined) {
      const done = `${file.records.length} of ${asked.length} problems are in ${out}`;
      process.stderr.write(`stopped: ${done}; continue with the same command and --resume\n`);
      process.exitCode = stopExitCode(signal);
      return;
    }
    const summary = summarizeRecords(file.records, ks);
    if (options.json) console.log(JSON.stringify({ model: path, data: options.data, records: out, ...summary }));
    else for (const line of linesOf(summary, evaluation, out)) console.log(line);
  } finally {
    file.close();
  }
}

/** Thrown out of a generation that is stopped. */
class Stopped extends Error {}

/**
 * Asks what the file has not yet, and writes it there.
 * @returns the signal that ended it before its end
 */
async function answer(
  model: LanguageModel,
  asked: readonly AskedProblem[],
  file: RecordsFile,
  options: EvaluateProblemsOptions,
  threads: number | undefined,
): Promise<"SIGINT" | "SIGTERM" | undefined> {
  const done = file.records.length;
  if (done === asked.length) return undefined;
  const generator = await Generator.create(model.config, constantParameters(model.weights), {
    rows: options.rows,
    ...(threads !== undefined && { threads }),
  });
  let stopped: "SIGINT" | "SIGTERM" | undefined;
  const restore = onInterrupt((signal) => {
    stopped = signal;
  });
  const progress = createProgress({ total: asked.length, start: done, stream: process.stderr, unit: "problem" });
  const tally = new Tally(file.records);
  const begin = performance.now();
  let tokens = 0;
  const readings = () => ({ note: `${((1000 * tokens) / (performance.now() - begin)).toFixed(0)} tokens/s` });
  const onToken = () => {
    if (stopped) throw new Stopped();
    tokens++;
    progress.update(file.records.length, readings());
  };
  try {
    const generation = { ...options.generation, onToken };
    for await (const record of evaluateProblems(generator, model.tokenizer, asked, done, { ...options, generation })) {
      file.append(record);
      for (const { error } of record.samples) {
        if (error !== undefined)
          progress.print(`problem ${record.index + 1} (${record.id}): the reward failed: ${error}`);
      }
      progress.update(file.records.length, { ...readings(), ...tally.add(record) });
    }
    return undefined;
  } catch (error) {
    if (error instanceof Stopped) return stopped;
    throw error;
  } finally {
    restore();
    progress.stop();
    await generator.dispose();
  }
}

/** Mean score and entropy of the responses so far, for the live line. */
class Tally {
  #scores = 0;
  #scored = 0;
  #entropy = 0;
  #tokens = 0;

  constructor(records: readonly ProblemRecord[]) {
    for (const record of records) this.add(record);
  }

  add({ samples }: ProblemRecord): ProgressReadings {
    for (const { score, tokens, entropy } of samples) {
      if (score !== null) this.#scored++;
      this.#scores += score ?? 0;
      this.#entropy += entropy * tokens;
      this.#tokens += tokens;
    }
    if (this.#scored === 0) return {};
    return {
      score: { label: "score", value: this.#scores / this.#scored, percent: true },
      entropy: { value: this.#entropy / this.#tokens },
    };
  }
}

/** A path's last name without its ending. */
const nameOf = (path: string): string => basename(path).replace(/\.(jsonl|parquet|gguf)$/, "");

function ksOf(text: string | undefined, samples: number): number[] {
  if (text === undefined) {
    const ks = Array.from({ length: Math.floor(Math.log2(samples)) + 1 }, (_, power) => 2 ** power);
    return samples === 1 ? [] : [...new Set([...ks, samples])];
  }
  return text.split(",").map((part) => {
    const k = wholeNumber("--k", part, 1);
    if (k > samples) throw new UsageError(`--k ${k}: there are only ${samples} responses to a problem; see --samples`);
    return k;
  });
}

async function shotsOf({ shots, shotsFrom, mapping }: EvalLmOptions): Promise<readonly Problem[]> {
  const count = wholeNumber("--shots", shots, 0);
  if (count === 0) return [];
  if (shotsFrom === undefined)
    throw new UsageError("--shots needs --shots-from: a file of other problems than those of --data");
  const { problems } = await readProblemSet(shotsFrom, { mapping });
  if (problems.length < count)
    throw new UsageError(`--shots ${count}: ${shotsFrom} has only ${problems.length} problems`);
  return problems.slice(0, count);
}

function formOf({ tokenizer }: LanguageModel, options: EvalLmOptions, path: string): PromptForm {
  const { chat, plain, raw, system } = options;
  const given = [chat && "chat", plain && "question", raw && "raw"].filter(
    (form) => form !== undefined && form !== false,
  );
  if (given.length > 1) throw new UsageError("--chat, --plain and --raw exclude each other");
  const hasTemplate = tokenizer.chatTemplate !== undefined;
  if (chat && !hasTemplate) throw new UsageError(`--chat: ${path} has no chat template`);
  const form = (given[0] as PromptForm | undefined) ?? (hasTemplate ? "chat" : "question");
  if (system !== undefined && form !== "chat") {
    throw new UsageError("--system needs a conversation, by the model's chat template");
  }
  if (form === "raw" && options.shots !== "0") throw new UsageError("--shots: --raw has no place for examples");
  return form;
}

/** What decides the records, for those that continue them to compare. */
function settingsOf(
  { problems, style, samples, generation, seed, tooLong }: EvaluateProblemsOptions,
  given: {
    readonly model: LanguageModel;
    readonly path: string;
    readonly options: EvalLmOptions;
    readonly mapping: MappingName;
    readonly rewardName: string;
  },
): Readonly<Record<string, unknown>> {
  return {
    model: given.path,
    weights: weightsDigest(given.model.weights),
    data: given.options.data,
    dataDigest: createHash("sha256").update(readFileSync(given.options.data)).digest("hex"),
    mapping: given.mapping,
    problems: problems.length,
    reward: given.rewardName,
    ...{ samples, seed, tooLong, ...generation },
    form: style.form,
    system: style.system ?? null,
    instruction: style.instruction,
    shots: style.shots.length,
    shotsFrom: given.options.shotsFrom ?? null,
  };
}

function linesOf(summary: LanguageEvaluation, { samples, generation }: EvaluateProblemsOptions, out: string): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const interval = ({ value, low, high }: Estimate) => `${percent(value)} (95 %: ${percent(low)} to ${percent(high)})`;
  const { problems, score, passAtK, entropy, length, cut, skipped, truncated, errors, responses } = summary;
  const name = samples > 1 ? `avg@${samples}` : generation.temperature === 0 ? "accuracy, greedy" : "accuracy, sampled";
  const remarks = [
    skipped > 0 && `${skipped} problems left out: their prompts leave no room in the context`,
    truncated > 0 && `${truncated} prompts cut to fit the context`,
    errors > 0 && `${errors} of ${responses} responses left out: the reward failed, see the records`,
  ].filter((line) => line !== false);
  return [
    `${problems} problems, ${responses} responses`,
    `${name}: ${interval(score)}`,
    ...Object.entries(passAtK).map(([k, estimate]) => `pass@${k}: ${interval(estimate)}`),
    `entropy of the next token ${entropy.toFixed(3)} nat; ${length.toFixed(0)} tokens a response, ${percent(cut)} of them cut`,
    ...remarks,
    `records: ${out}`,
  ];
}
