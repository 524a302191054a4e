import { UsageError, unknownName } from "@era/lab";
import type { EnvSpec } from "../env/envDefinition.ts";
import { environments } from "../env/registry.ts";

/**
 * What is known of an environment that a user named.
 *
 * @throws UsageError that suggests the likeliest name and lists all; where the environment's models are not on this machine, one that says
 * which command adds them.
 */
export function environmentSpec(id: string): EnvSpec {
  const definition = environments.find((known) => known.id === id);
  if (definition === undefined) {
    throw unknownName(
      "environment",
      id,
      environments.map((known) => known.id),
    );
  }
  const missing = definition.missing?.();
  if (missing !== undefined) throw new UsageError(`${id}: ${missing}`);
  return definition;
}
