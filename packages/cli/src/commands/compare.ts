/** `era compare <folders…>`: methods against each other over seeds and tasks, with intervals. */
import { existsSync, readFileSync } from "node:fs";
import {
  type Allowance,
  allowances,
  type Comparison,
  compareRuns,
  comparisonPage,
  comparisonTables,
  findRuns,
  markdownTable,
  methodNote,
  type Normalization,
  parseNormalization,
  type RunTable,
  rangeOfRuns,
  tabulate,
  textTable,
  UsageError,
  writeFileAtomic,
} from "@era/lab";
import type { Command } from "commander";
import { algorithms } from "../algorithms.ts";
import { camelCase, settingNames } from "../flags.ts";
import { wholeNumber } from "./eval.ts";

interface CompareCommandOptions extends Record<string, unknown> {
  readonly label?: string;
  readonly normalize?: string;
  readonly resamples: string;
  readonly level: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly html?: string;
}

export function addCompareCommand(program: Command): void {
  const command = program
    .command("compare")
    .description("compare methods over their seeds and tasks, with stratified bootstrap intervals")
    .argument("<folders...>", "run folders, or folders that hold some at any depth")
    .option("--label <settings>", "settings that tell methods apart besides algorithm and head, separated by commas")
    .option(
      "--normalize <file>",
      'scale of each task, from JSON: { "<task>": { "random": 0, "best": 1 } }; or "runs": from the lowest to the highest score compared',
    )
    .option("--level <number>", "what the intervals shall cover", "0.95")
    .option("--resamples <number>", "resamples of the bootstrap", "10000")
    .option("--html <file>", "write a page with pictures and all numbers")
    .option("--markdown", "print the tables as Markdown")
    .option("--json", "print everything as one JSON object");
  for (const [name, description] of Object.entries(allowances)) command.option(`--allow-${name}`, description);
  command.addHelpText(
    "after",
    `
Methods are told apart by algorithm, head and whose entropy is asked for; their runs on a task with different seeds are its repetitions.
A run's score is the last evaluation. Several tasks together need a common scale (--normalize); the probability of improvement does not.
What would make a comparison wrong without being seen is refused; the flags --allow-… compare all the same, and every output says so.`,
  );
  command.action(compareCommand);
}

async function compareCommand(folders: readonly string[], options: CompareCommandOptions): Promise<void> {
  const level = Number(options.level);
  if (!(level > 0 && level < 1)) throw new UsageError(`--level ${options.level}: must be a number between 0 and 1`);
  const resamples = wholeNumber("--resamples", options.resamples, 100);
  if (options.json && options.markdown) throw new UsageError("--json and --markdown: give only one of them");
  const names = Object.keys(allowances) as Allowance[];
  const table = tabulate(findRuns(folders), {
    labels: settingNames(options.label),
    titleOf: (kind) => algorithms.find(({ name }) => name === kind)?.title ?? kind,
    allowed: new Set(names.filter((name) => options[camelCase(`allow-${name}`)] === true)),
  });
  const normalization = options.normalize === undefined ? undefined : readNormalization(options.normalize, table);
  const comparison = compareRuns(table, { level, resamples, normalization });
  if (options.html !== undefined) {
    const made = [new Date().toISOString().slice(0, 10), `era compare ${folders.join(" ")}`];
    writeFileAtomic(options.html, await comparisonPage(comparison, made));
  }
  if (options.json) console.log(JSON.stringify(comparison));
  else if (options.markdown) console.log(markdown(comparison));
  else console.log(text(comparison));
  if (options.html !== undefined && !options.json && !options.markdown) console.log(`\npage: ${options.html}`);
}

function readNormalization(source: string, table: RunTable): Normalization {
  if (source === "runs") return rangeOfRuns(table);
  if (!existsSync(source)) throw new UsageError(`--normalize ${source}: there is no such file`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(source, "utf8"));
  } catch (error) {
    throw new UsageError(`--normalize ${source}: not JSON: ${(error as Error).message}`);
  }
  return parseNormalization(content, table.tasks, `--normalize ${source}`);
}

function text(comparison: Comparison): string {
  const notes = comparison.notes.map((note) => `note: ${note}`);
  return [...comparisonTables(comparison).map(textTable), [methodNote(comparison), ...notes].join("\n")].join("\n\n");
}

function markdown(comparison: Comparison): string {
  const notes = [methodNote(comparison), ...comparison.notes].map((note) => `- ${note}`);
  return [...comparisonTables(comparison).map(markdownTable), notes.join("\n")].join("\n\n");
}
