/** `era train <algorithm>`: one run or several seeds, in folders of their own. */
import { type Algorithm, UsageError } from "@era/lab";
import type { Command } from "commander";
import { algorithms } from "../algorithms.ts";
import { addFlags, givenFlags } from "../flags.ts";
import { createPlan, isSeedFolder, parseSeeds, readPlan, type SeedPlan, writePlan } from "../train/seedPlan.ts";
import {
  checkResumption,
  defaultFolder,
  freshRun,
  freshSettings,
  resumedRun,
  type TrainOptions,
} from "../train/settings.ts";
import { trainOne } from "../train/trainOne.ts";
import { trainSeeds } from "../train/trainSeeds.ts";
import { wholeNumber } from "./eval.ts";

export function addTrainCommand(program: Command): void {
  const train = program.command("train").description("train an agent, an image classifier, or a language model");
  for (const algorithm of algorithms) addAlgorithm(train, algorithm);
}

function addAlgorithm(train: Command, algorithm: Algorithm): void {
  const command = train
    .command(algorithm.name)
    .description(algorithm.description)
    .option(
      "--run <folder>",
      "folder to make; runs/<environment or data>-<algorithm>-<head>-<seeds>-<time> if left out",
    )
    .option("--resume <folder>", "continue this run, or all unfinished seeds in this folder; only --steps may change")
    .option("--seeds <numbers>", "train several seeds, separated by commas: a process and a run folder for each")
    .option("--parallel <number>", "with several seeds: how many at once; as many as there are cores if left out")
    .option("--config <file>", "settings from a JSON file (a run's config.json too); flags win over it")
    .option("--json", "print the final summary as one JSON object, and nothing else on standard output");
  addFlags(command, algorithm.schema);
  command.addHelpText(
    "after",
    `
Ctrl-C (or SIGTERM) saves a checkpoint after the step at hand and says how to resume; a second one ends the process at once.
Exit codes: 0 finished; 1 failed (a number that is none, a damaged checkpoint); 2 wrong command; 130 stopped by Ctrl-C; 143 by SIGTERM.
With --seeds, one that fails leaves the others at work, and the exit code is 1 at the end.`,
  );
  command.action((options: TrainOptions) => trainCommand(algorithm, options));
}

async function trainCommand(algorithm: Algorithm, options: TrainOptions): Promise<void> {
  const given = givenFlags(options, algorithm.schema);
  const parallel = options.parallel === undefined ? undefined : wholeNumber("--parallel", options.parallel, 1);
  const plan = await seedPlan(algorithm, options, given);
  if (plan) return trainSeeds(algorithm, plan, { parallel, json: options.json });
  if (parallel !== undefined) throw new UsageError("--parallel is for several seeds: give --seeds too");
  if (options.resume === undefined) return trainOne(algorithm, await freshRun(algorithm, options, given), options);
  checkResumption(options, given);
  return trainOne(algorithm, await resumedRun(algorithm, options.resume, given), options);
}

/** The seeds to train, new or resumed; undefined where it is about one run. */
async function seedPlan(
  algorithm: Algorithm,
  options: TrainOptions,
  given: Record<string, unknown>,
): Promise<SeedPlan | undefined> {
  if (options.resume !== undefined && isSeedFolder(options.resume)) {
    checkResumption(options, given);
    const plan = await readPlan(algorithm, options.resume, given);
    if (given.steps !== undefined) writePlan(algorithm, plan);
    return plan;
  }
  if (options.resume !== undefined || options.seeds === undefined) return undefined;
  if (given.seed !== undefined) throw new UsageError("--seed and --seeds: give only one of them");
  const seeds = parseSeeds(algorithm, options.seeds);
  const config = await freshSettings(algorithm, options, { ...given, seed: seeds[0] });
  await algorithm.check(config);
  const dir = options.run ?? defaultFolder(algorithm, config, `seeds${seeds.join("-")}`);
  const plan = { dir, seeds, config };
  createPlan(algorithm, plan);
  return plan;
}
