import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { addSuite } from "./addSuite.ts";
import type { ModelSuite } from "./modelSuite.ts";

/**
 * Registers a suite for this file's tests from the `shared` folder beside the project's, in a home of their own.
 *
 * @returns why tests that need the models can't run; undefined where they can
 */
export function useSharedSuite(suite: ModelSuite): string | undefined {
  const folder = fileURLToPath(new URL(`../../../../../../shared/models/${suite.name}`, import.meta.url));
  if (!existsSync(folder)) return `SKIPPED, because ../shared/models/${suite.name} is absent`;
  useEraHome();
  addSuite(suite, folder);
  return undefined;
}

/** Gives this file's tests an empty home of their own, which is deleted after them. */
export function useEraHome(): string {
  const home = mkdtempSync(join(tmpdir(), "era-home-"));
  const before = process.env.ERA_HOME;
  process.env.ERA_HOME = home;
  afterAll(() => {
    if (before === undefined) delete process.env.ERA_HOME;
    else process.env.ERA_HOME = before;
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}
