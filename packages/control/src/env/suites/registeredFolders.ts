import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { FailureError, writeFileAtomic } from "@era/lab";
import { z } from "zod";

/** Where the user's settings and downloaded models lie: `$ERA_HOME`, or `.era` in the home folder. */
export function eraHome(): string {
  return process.env.ERA_HOME || join(homedir(), ".era");
}

const schema = z.record(z.string(), z.object({ folder: z.string() }));
type Registered = z.infer<typeof schema>;

const file = () => join(eraHome(), "suites.json");

/**
 * The folder that `era models add` registered for a suite; undefined where it has not been added.
 *
 * @throws FailureError where the file of registered suites is damaged
 */
export function registeredFolder(suite: string): string | undefined {
  return read()[suite]?.folder;
}

/** Registers a folder for a suite, in the place of the one before. */
export function registerFolder(suite: string, folder: string): void {
  writeFileAtomic(file(), `${JSON.stringify({ ...read(), [suite]: { folder } }, null, 2)}\n`);
}

function read(): Registered {
  if (!existsSync(file())) return {};
  try {
    return schema.parse(JSON.parse(readFileSync(file(), "utf8")));
  } catch {
    throw new FailureError(`${file()} is damaged: delete it and add the suites again, with: era models add`);
  }
}
