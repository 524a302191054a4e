/** `era eval <run>` of a language model: how often it is right, with one response and with several. */
import { existsSync, statSync } from "node:fs";
import { openRun, UsageError } from "@era/lab";
import { evaluateRun, isLanguageRun } from "@era/language";
import type { Command } from "commander";
import { wholeNumber } from "./eval.ts";

/** Options that mean nothing of other runs, with what they say. */
export const languageOptions = {
  problems: ["--problems <number>", "language model: held-out problems; as many as in training if left out"],
  samples: ["--samples <number>", "language model: responses to each; as many as in training if left out"],
  temperature: ["--temperature <number>", "language model: of sampling; the run's own if left out"],
} as const;

export interface LanguageEvalOptions extends Partial<Readonly<Record<keyof typeof languageOptions, string>>> {
  readonly json?: boolean;
}

export function addLanguageOptions(command: Command): void {
  for (const [usage, help] of Object.values(languageOptions)) command.option(usage, help);
}

/** Whether there is a run of a language model at a path. */
export const isLanguageRunFolder = (target: string): boolean =>
  existsSync(target) && statSync(target).isDirectory() && isLanguageRun(openRun(target).record.kind);

export async function evalLanguage(target: string, options: LanguageEvalOptions): Promise<void> {
  const count = (flag: keyof typeof languageOptions, text: string | undefined) =>
    text === undefined ? undefined : wholeNumber(`--${flag}`, text, 1);
  const { metrics, responses } = await evaluateRun(target, {
    problems: count("problems", options.problems),
    samples: count("samples", options.samples),
    temperature: temperature(options.temperature),
  });
  const problems = new Set(responses.map(({ problem }) => problem.id)).size;
  const named = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name.replace("eval/", ""), value]));
  if (options.json) console.log(JSON.stringify({ run: target, problems, responses: responses.length, ...named }));
  else {
    console.log(`${problems} problems, ${responses.length / problems} responses to each`);
    for (const [name, value] of Object.entries(named)) console.log(`${name.padEnd(12)} ${value.toFixed(4)}`);
  }
}

function temperature(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && Number.isFinite(value))) {
    throw new UsageError(`--temperature ${text}: must be a number of at least 0`);
  }
  return value;
}
