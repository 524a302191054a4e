/** `era eval <run>`: plays episodes with a trained policy, from a run folder or an exported `.onnx`; evaluates a trained classifier. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "@era/control";
import { mean, runFolders, UsageError } from "@era/lab";
import type { Command } from "commander";
import { addClassifierOptions, classifierRun, evalClassifier, requireFitting } from "./evalClassifier.ts";
import { type ClassifiersEvalOptions, evalClassifiers } from "./evalClassifiers.ts";
import { addLanguageOptions, evalLanguage, isLanguageRunFolder, type LanguageEvalOptions } from "./evalLanguage.ts";
import { locatePolicy, withPolicy } from "./trainedPolicy.ts";

interface EvalOptions extends ClassifiersEvalOptions, LanguageEvalOptions {
  readonly env?: string;
  readonly episodes?: string;
  readonly seed?: string;
}

export function addEvalCommand(program: Command): void {
  const command = program
    .command("eval")
    .description(
      "play episodes with a trained policy and report their returns; of a classifier or language model, how often it is right",
    )
    .argument(
      "<runs...>",
      "a run folder, or an exported policy (.onnx) together with --env; of classifiers also several, or folders that hold some",
    )
    .option("--env <id>", "environment to play in, or a file of one; a run's own if left out")
    .option("--episodes <number>", "episodes to play; 10 if left out")
    .option("--seed <number>", "seed of the first episode; if left out, the one that training evaluates with")
    .option("--json", "print the result as one JSON object");
  addClassifierOptions(command);
  addLanguageOptions(command);
  command
    .option("--label <settings>", "several classifiers: settings that tell methods apart, separated by commas")
    .option("--markdown", "several classifiers: print the table as Markdown");
  command.action(async (targets: readonly string[], options: EvalOptions) => {
    const [target = ""] = targets;
    if (targets.length > 1 || holdsRuns(target)) {
      requireFitting(targets.join(" "), "a classifier", options);
      return evalClassifiers(targets, options);
    }
    for (const name of ["label", "markdown"] as const) {
      if (options[name] !== undefined)
        throw new UsageError(`--${name}: is for several classifiers; ${target} is one run`);
    }
    const episodes = wholeNumber("--episodes", options.episodes ?? "10", 1);
    if (isLanguageRunFolder(target)) {
      requireFitting(target, "a language model", options);
      return evalLanguage(target, options);
    }
    const run = classifierRun(target);
    requireFitting(target, run ? "a classifier" : "a policy", options);
    if (run) return evalClassifier(run, options);
    const found = await locatePolicy(target, options.env);
    const seed = options.seed === undefined ? found.seed : wholeNumber("--seed", options.seed, 0);
    const { returns, lengths } = await withPolicy(found, (env, policy) => evaluate(env, policy.act, episodes, seed));
    const deviation = Math.sqrt(mean(returns.map((value) => (value - mean(returns)) ** 2)));
    const summary = {
      env: found.env,
      model: found.model,
      episodes,
      seed,
      return: { mean: mean(returns), deviation, min: Math.min(...returns), max: Math.max(...returns) },
      length: mean(lengths),
      returns,
    };
    if (options.json) console.log(JSON.stringify(summary));
    else {
      for (const [i, value] of returns.entries()) {
        console.log(`episode ${i + 1}: return ${value.toFixed(1)}, ${lengths[i]} steps`);
      }
      console.log(
        `${found.env}: mean return ${summary.return.mean.toFixed(1)} ± ${deviation.toFixed(1)} (${episodes} episodes, mean length ${summary.length.toFixed(0)})`,
      );
    }
  });
}

/** Whether a path is a folder of run folders, not one itself. */
const holdsRuns = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true &&
  !existsSync(join(path, "config.json")) &&
  runFolders(path).length > 0;

export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${flag} ${text}: must be a whole number of at least ${least}`);
  }
  return value;
}
