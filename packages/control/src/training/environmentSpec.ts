import { unknownName } from "@era/lab";
import { type EnvSpec, environments } from "../env/registry.ts";

/**
 * What is known of an environment that a user named.
 * @throws UsageError that suggests the likeliest name and lists all
 */
export function environmentSpec(id: string): EnvSpec {
  const spec = environments.find((known) => known.id === id);
  if (spec) return spec;
  throw unknownName(
    "environment",
    id,
    environments.map((known) => known.id),
  );
}
