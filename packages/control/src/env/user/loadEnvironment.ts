import { createRequire } from "node:module";
import { resolve } from "node:path";
import { importDefault, isModuleFile, UsageError } from "@era/lab";
import type { EnvDefinition } from "../envDefinition.ts";
import { registerEnvironment } from "../registry.ts";
import { checkedDefinition } from "./checkedDefinition.ts";

const require = createRequire(import.meta.url);

const loaded = new Map<string, Promise<EnvDefinition>>();

/** Whether what was given as an environment is a file of one. */
export const isEnvironmentFile = isModuleFile;

/**
 * Loads and registers the environment that a file has as its default export (see `defineEnvironment`); `makeEnv`, and worker threads too,
 * then know it by its id. A file is loaded once.
 *
 * @throws UsageError in one line where there is no such file, it can't be loaded, its default export is no environment, or the id is taken
 */
export function loadEnvironment(file: string): Promise<EnvDefinition> {
  const path = resolve(file);
  const before = loaded.get(path);
  if (before) return before;
  const loading = load(path, file);
  loaded.set(path, loading);
  return loading;
}

async function load(path: string, shown: string): Promise<EnvDefinition> {
  const packages = ["@era/control", "@era/tensor", "zod"].map((name) => [name, require.resolve(name)] as const);
  const exported = await importDefault(path, shown, Object.fromEntries(packages));
  const definition = { ...checkedDefinition(exported, shown), module: path };
  try {
    registerEnvironment(definition);
  } catch (error) {
    throw new UsageError(`${shown}: ${(error as Error).message}`, { cause: error });
  }
  return definition;
}
