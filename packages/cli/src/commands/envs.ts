/** `era envs`: the environments that can be trained on. */
import { type ActionSpace, checkEnvironment, Discrete, environments, loadEnvironment } from "@era/control";
import type { Command } from "commander";

/** Enough for several episodes of most environments. */
const CHECKED_STEPS = 1000;

export function addEnvsCommand(program: Command): void {
  program
    .command("envs")
    .description("list the environments by suite, with their spaces, time limits, and whether their models are here")
    .argument("[file]", "a file of an environment of your own: shows and checks this one alone")
    .option("--json", "print the list as JSON")
    .action(async (file: string | undefined, { json }: { json?: boolean }) => {
      const shown = file === undefined ? environments : [await loadEnvironment(file)];
      const rows = shown.map(({ suite, id, observationSpace, actionSpace, maxEpisodeSteps, missing }) => ({
        suite,
        id,
        observations: observationSpace.low.length,
        ...actionsOf(actionSpace),
        maxEpisodeSteps,
        /** What is not on this machine, and which command adds it. */
        missing: missing?.() ?? null,
      }));
      if (json) console.log(JSON.stringify(rows));
      else
        for (const suite of new Set(rows.map((row) => row.suite)))
          printSuite(rows.filter((row) => row.suite === suite));
      if (file === undefined) return;
      for (const { id } of rows) await checkEnvironment(id, CHECKED_STEPS);
      if (!json) {
        console.log(
          `checked in ${CHECKED_STEPS} random steps: a seed repeats them, and a saved state goes on bit for bit`,
        );
      }
    });
}

type Row = Actions & {
  readonly suite: string;
  readonly id: string;
  readonly observations: number;
  readonly maxEpisodeSteps: number;
  readonly missing: string | null;
};

/** A heading, then a line for each environment. What is missing is said once where it is the same for all. */
function printSuite(rows: readonly Row[]): void {
  const [first] = rows;
  if (first === undefined) return;
  const common = rows.every(({ missing }) => missing === first.missing) ? first.missing : null;
  console.log(`${first.suite}${common === null ? "" : `: ${common}`}`);
  const width = Math.max(...rows.map(({ id }) => id.length));
  for (const { id, observations, actions, actionRange, choices, maxEpisodeSteps, missing } of rows) {
    const range = actionRange
      ? `${`${actions}`.padStart(2)} actions in [${actionRange.map((x) => Number(x.toFixed(3))).join(", ")}]`
      : ` 1 action of ${choices}`;
    const absent = missing === null ? "" : common === null ? `  ${missing}` : "  (models missing)";
    console.log(
      `  ${id.padEnd(width)} ${`${observations}`.padStart(4)} observations  ${range}  ${maxEpisodeSteps} steps${absent}`,
    );
  }
}

interface Actions {
  readonly actions: number;
  readonly actionRange?: readonly [low: number, high: number];
  readonly choices?: number;
}

/** Elements of an action and the range in which all lie, or among how many a discrete one is chosen. */
function actionsOf(space: ActionSpace): Actions {
  return space instanceof Discrete
    ? { actions: 1, choices: space.n }
    : { actions: space.size, actionRange: [Math.min(...space.low), Math.max(...space.high)] };
}
