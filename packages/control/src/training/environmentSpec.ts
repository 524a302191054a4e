import { UsageError, unknownName } from "@era/lab";
import type { Box } from "../env/box.ts";
import { Discrete } from "../env/discrete.ts";
import type { EnvSpec } from "../env/envDefinition.ts";
import { environments } from "../env/registry.ts";
import type { TrainingConfig } from "./algorithm.ts";

/**
 * What is known of an environment that a user named.
 *
 * @throws UsageError that suggests the likeliest name and says what lists all; where the environment's models are not on this machine, one that says
 * which command adds them.
 */
export function environmentSpec(id: string): EnvSpec {
  const definition = environments.find((known) => known.id === id);
  if (definition === undefined) {
    throw unknownName(
      "environment",
      id,
      environments.map((known) => known.id),
      "npx era envs",
    );
  }
  const missing = definition.missing?.();
  if (missing !== undefined) throw new UsageError(`${id}: ${missing}`);
  return definition;
}

/** The options with which the settings' environment is made, for training and for evaluation. */
export const environmentOptions = ({ actionRepeat = 1 }: Pick<TrainingConfig, "actionRepeat" | "env">) => ({
  actionRepeat,
});

/**
 * What is known of an environment, for an algorithm whose actions are continuous.
 * @throws UsageError also where the environment's actions are discrete
 */
export function continuousSpec(id: string): EnvSpec & { readonly actionSpace: Box<"float32"> } {
  const spec = environmentSpec(id);
  const { actionSpace } = spec;
  if (actionSpace instanceof Discrete) {
    throw new UsageError(
      `--env ${id}: it has ${actionSpace.n} discrete actions, and this algorithm's are continuous; era train ppo takes both`,
    );
  }
  return { ...spec, actionSpace };
}
