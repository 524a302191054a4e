/** `era envs`: the environments that can be trained on. */
import { environments } from "@era/control";
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
        actions: actionSpace.low.length,
        actionRange: [actionSpace.low[0], actionSpace.high[0]],
        maxEpisodeSteps,
      }));
      if (json) console.log(JSON.stringify(rows));
      else {
        const width = Math.max(...rows.map(({ id }) => id.length));
        for (const { id, observations, actions, actionRange, maxEpisodeSteps } of rows) {
          console.log(
            `${id.padEnd(width)} ${`${observations}`.padStart(4)} observations  ${`${actions}`.padStart(2)} actions in [${actionRange.map((x) => Number(x?.toFixed(3))).join(", ")}]  ${maxEpisodeSteps} steps`,
          );
        }
      }
    });
}
