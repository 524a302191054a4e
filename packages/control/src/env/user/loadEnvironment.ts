import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { UsageError } from "@era/lab";
import type { Jiti } from "jiti";
import type { EnvDefinition } from "../envDefinition.ts";
import { registerEnvironment } from "../registry.ts";
import { checkedDefinition } from "./checkedDefinition.ts";

const require = createRequire(import.meta.url);

const loaded = new Map<string, Promise<EnvDefinition>>();

/** Whether what was given as an environment is a file of one. */
export const isEnvironmentFile = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

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
  if (!existsSync(path)) throw new UsageError(`${shown}: there is no such file`);
  let module: { readonly default?: unknown };
  try {
    module = await (await moduleLoader()).import(path);
  } catch (error) {
    throw new UsageError(`${shown} can't be loaded: ${reasonOf(error, path)}`, { cause: error });
  }
  const definition = { ...checkedDefinition(module.default, shown), module: path };
  try {
    registerEnvironment(definition);
  } catch (error) {
    throw new UsageError(`${shown}: ${(error as Error).message}`, { cause: error });
  }
  return definition;
}

/** What a module threw, in one line, with the place in its file where the message does not tell it. */
function reasonOf(error: unknown, path: string): string {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const text = message.replace(/\s*\n\s*/g, "; ");
  const [, frame = ""] = message.includes(path) ? [] : stack.split(path);
  const [, line, column] = /^:(\d+):(\d+)/.exec(frame) ?? [];
  return line === undefined ? text : `${text} (line ${line}, column ${column})`;
}

let loader: Jiti | undefined;

/**
 * Loads TypeScript and JavaScript alike in every version of Node. A file finds these packages wherever it lies, and always the ones that
 * are running: a second copy of them would have classes of its own.
 */
async function moduleLoader(): Promise<Jiti> {
  const { createJiti } = await import("jiti");
  loader ??= createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    alias: Object.fromEntries(["@era/control", "@era/tensor", "zod"].map((name) => [name, require.resolve(name)])),
  });
  return loader;
}
