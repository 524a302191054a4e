import { existsSync } from "node:fs";

import { UsageError } from "@era/lab";
import { isEnvironmentFile, loadEnvironment } from "./loadEnvironment.ts";

/** What of a run's settings says where it takes place. */
interface Place {
  /** An environment's id, or a file of one. */
  readonly env: string;
  /** The file that defines it, where it is a user's own. */
  readonly envModule?: string | undefined;
}

/**
 * Settings whose environment is known from here on: a file given as `env` is loaded and registered, and stands in `envModule` by its absolute
 * path then, with the environment's id as `env`; so does what stands in `envModule` already. Every command passes its settings through here
 * before it does anything else with them.
 *
 * @param source The file that the settings are from, for error messages.
 * @throws UsageError in one line where the file is not there, or is no environment, or another than the settings name
 */
export async function knownEnvironment<Settings extends Place>(settings: Settings, source?: string): Promise<Settings> {
  const { env, envModule } = settings;
  if (isEnvironmentFile(env)) {
    const { id, module } = await loadEnvironment(env);
    return { ...settings, env: id, envModule: module };
  }
  if (envModule === undefined) return settings;
  const stored = source === undefined ? "" : `: put it back, or write its new place as envModule into ${source}`;
  if (!existsSync(envModule)) throw new UsageError(`${envModule}, which defines ${env}, is not there${stored}`);
  const { id, module } = await loadEnvironment(envModule);
  if (id !== env)
    throw new UsageError(
      `${envModule} defines ${id} now, not ${env}${source === undefined ? "" : `, which ${source} names`}`,
    );
  return { ...settings, envModule: module };
}
