/** `era models`: the robot models that belong to others and that the user registers. */
import {
  addCommand,
  addSuite,
  checkSuite,
  describeCheck,
  downloadSuite,
  type ModelSuite,
  modelSuites,
  registeredFolder,
} from "@era/control";
import { UsageError, unknownName } from "@era/lab";
import type { Command } from "commander";

interface AddOptions {
  readonly from?: string;
  readonly pip?: boolean;
  readonly python: string;
}

export function addModelsCommand(program: Command): void {
  const models = program
    .command("models")
    .description("add or list the suites of robot models that are not part of this project");
  models
    .command("add")
    .description("register where a suite's models lie, after comparing every file with the suite's own")
    .argument("<suite>", `one of ${modelSuites.map(({ name }) => name).join(", ")}`)
    .option("--from <folder>", "where they are: the models' folder, an installed Python package's, or a checkout's")
    .option("--pip", "download the suite's wheel with your own pip and keep its models")
    .option("--python <command>", "the Python whose pip downloads", "python3")
    .action(async (name: string, { from, pip, python }: AddOptions) => {
      const suite = suiteOf(name);
      if ((from === undefined) === (pip === undefined)) {
        throw new UsageError(`say where the models come from: --from <folder> or --pip`);
      }
      const folder = from === undefined ? await downloadSuite(suite, python) : addSuite(suite, from);
      console.log(`${suite.name}: ${Object.keys(suite.files).length} files of ${suite.release} in ${folder}`);
    });
  models
    .command("list")
    .description("list the suites, where their models are, and whether they are complete")
    .option("--json", "print the list as JSON")
    .action(({ json }: { json?: boolean }) => {
      const rows = modelSuites.map(status);
      if (json) console.log(JSON.stringify(rows));
      else
        for (const { suite, release, folder, state } of rows) {
          console.log(`${suite.padEnd(14)}  ${release}: ${state}${folder === null ? "" : `, in ${folder}`}`);
        }
    });
}

function suiteOf(name: string): ModelSuite {
  const names = modelSuites.map((suite) => suite.name);
  const suite = modelSuites.find((known) => known.name === name);
  if (suite === undefined) throw unknownName("suite", name, names);
  return suite;
}

function status(suite: ModelSuite) {
  const folder = registeredFolder(suite.name) ?? null;
  const problem = folder === null ? undefined : describeCheck(suite, checkSuite(suite, folder));
  const state = folder === null ? `not added; add it with: ${addCommand(suite)}` : (problem ?? "complete");
  return {
    suite: suite.name,
    release: suite.release,
    folder,
    present: folder !== null && problem === undefined,
    state,
  };
}
