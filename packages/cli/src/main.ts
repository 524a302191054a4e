/** The command `era`. Errors are one line on standard error; exit code 2 for a wrong command, 1 for work that failed. */
import { inspect } from "node:util";
import { exitCodeOf, UsageError, unknownFlag, unknownName } from "@era/lab";
import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./commands/bench.ts";
import { addCompareCommand } from "./commands/compare.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addEnvsCommand } from "./commands/envs.ts";
import { addEvalCommand } from "./commands/eval.ts";
import { addEvalLmCommand } from "./commands/evalLm.ts";
import { addExportCommand } from "./commands/export.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addModelsCommand } from "./commands/models.ts";
import { addPredictCommand } from "./commands/predict.ts";
import { addRecordCommand } from "./commands/record.ts";
import { addReportCommand } from "./commands/report.ts";
import { addTrainCommand } from "./commands/train.ts";
import { addVerifyCommand } from "./commands/verify.ts";

const program = new Command("era").description("train, evaluate and compare with the Entropy Regularizing Activation");
addTrainCommand(program);
addEvalCommand(program);
addEvalLmCommand(program);
addPredictCommand(program);
addGenerateCommand(program);
addRecordCommand(program);
addExportCommand(program);
addReportCommand(program);
addCompareCommand(program);
addEnvsCommand(program);
addModelsCommand(program);
addVerifyCommand(program);
addBenchCommand(program);
addDemoCommand(program);
configure(program);

/** Commander throws instead of exiting and says nothing by itself, in this command and all below it. */
function configure(command: Command): void {
  command
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {} });
  command.commands.forEach(configure);
}

/** The command that the arguments name. */
function commandOf(words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((sub) => sub.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

/** A wrong command line in this project's words, with what was probably meant. */
function usageError({ message }: CommanderError, words: readonly string[]): UsageError {
  const { commands, options } = commandOf(words);
  const flag = /unknown option '--?([^']+)'/.exec(message)?.[1];
  const names = options.filter((option) => !option.hidden).map((option) => option.name());
  if (flag !== undefined) return unknownFlag(flag, names);
  const word = /unknown command '([^']+)'/.exec(message)?.[1];
  if (word !== undefined) {
    return unknownName(
      "command",
      word,
      commands.map((command) => command.name()),
    );
  }
  return new UsageError(message.replace(/^error: /, ""));
}

/** Libraries' messages may have several lines. */
const oneLine = (message: string): string => message.trim().replace(/\s*\n\s*/g, "; ");

// A reader that has seen enough (`era train … | head`) must not end the work.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  const words = process.argv.slice(2);
  if (error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help")) {
    // --help and --version have printed what they had to.
    if (error.code === "commander.help") process.stderr.write(`era: choose a command; see era --help\n`);
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const shown = error instanceof CommanderError ? usageError(error, words) : error;
    process.stderr.write(`era: ${oneLine((shown as Error).message)}\n`);
    if (process.env.ERA_DEBUG) process.stderr.write(`${inspect(shown)}\n`); // Causes included.
    process.exitCode = exitCodeOf(shown);
  }
}
