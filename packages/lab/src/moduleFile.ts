import { existsSync } from "node:fs";
import { UsageError } from "./errors.ts";

/** Whether what was given as a name is a file of a module. */
export const isModuleFile = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

/**
 * The default export of a user's file, TypeScript or JavaScript alike in every version of Node; undefined where it has none.
 *
 * @param path where it lies, absolute
 * @param shown what error messages call it
 * @param packages by name the files of packages that it shall find wherever it lies: those that are running, since a second copy would have classes of its own
 * @throws UsageError in one line where there is no such file, or it can't be loaded
 */
export async function importDefault(
  path: string,
  shown: string,
  packages: Readonly<Record<string, string>>,
): Promise<unknown> {
  if (!existsSync(path)) throw new UsageError(`${shown}: there is no such file`);
  const { createJiti } = await import("jiti");
  const loader = createJiti(import.meta.url, { fsCache: false, interopDefault: false, alias: { ...packages } });
  try {
    return ((await loader.import(path)) as { readonly default?: unknown }).default;
  } catch (error) {
    throw new UsageError(`${shown} can't be loaded: ${reasonOf(error, path)}`, { cause: error });
  }
}

/** What a module threw, in one line, with the place in its file where the message does not tell it. */
function reasonOf(error: unknown, path: string): string {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const text = message.replace(/\s*\n\s*/g, "; ");
  const [, frame = ""] = message.includes(path) ? [] : stack.split(path);
  const [, line, column] = /^:(\d+):(\d+)/.exec(frame) ?? [];
  return line === undefined ? text : `${text} (line ${line}, column ${column})`;
}
