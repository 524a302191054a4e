/** `era envs`: the environments that can be trained on. */
import { type ActionSpace, Discrete, environments } from "@era/control";
import type { Command } from "commander";

export function addEnvsCommand(program: Command): void {
  program
    .command("envs")
    .description("list the environments with their spaces")
    .option("--json", "print the list as JSON")
    .action(({ json }: { json?: boolean }) => {
      const rows = environments.map(({ id, observationSpace, actionSpace, maxEpisodeSteps }) => ({
        id,
        observations: observationSpace.low.length,
        ...actionsOf(actionSpace),
        maxEpisodeSteps,
      }));
      if (json) console.log(JSON.stringify(rows));
      else {
        const width = Math.max(...rows.map(({ id }) => id.length));
        for (const { id, observations, actions, actionRange, choices, maxEpisodeSteps } of rows) {
          const range = actionRange
            ? `${`${actions}`.padStart(2)} actions in [${actionRange.map((x) => Number(x?.toFixed(3))).join(", ")}]`
            : ` 1 action of ${choices}`;
          console.log(
            `${id.padEnd(width)} ${`${observations}`.padStart(4)} observations  ${range}  ${maxEpisodeSteps} steps`,
          );
        }
      }
    });
}

/** Elements of an action and the range of the first, or among how many a discrete one is chosen. */
function actionsOf(space: ActionSpace): {
  readonly actions: number;
  readonly actionRange?: readonly (number | undefined)[];
  readonly choices?: number;
} {
  return space instanceof Discrete
    ? { actions: 1, choices: space.n }
    : { actions: space.size, actionRange: [space.low[0], space.high[0]] };
}
