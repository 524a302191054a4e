import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@era/lab";
import { type ModelSuite, sha256 } from "./modelSuite.ts";
import { registerFolder } from "./registeredFolders.ts";

/** How a folder compares with a suite's manifest: paths in the suite's folder. */
export interface SuiteCheck {
  readonly missing: readonly string[];
  /** Files of another content. */
  readonly differing: readonly string[];
}

/**
 * Registers the folder in which a suite's models lie, after comparing every file with the manifest. Nothing is copied: the folder has to
 * stay.
 *
 * @param from that folder itself, or one above it: a package, a checkout, a virtual environment
 * @returns the folder that is now registered
 * @throws UsageError where the models are not there, incomplete or changed; nothing is registered then
 */
export function addSuite(suite: ModelSuite, from: string): string {
  if (!existsSync(from)) throw new UsageError(`--from: there is no folder ${from}`);
  const folder = findSuite(suite, realpathSync(from));
  if (folder === undefined) {
    throw new UsageError(
      `--from: no models of ${suite.name} in ${from}; looked there and in ${suite.layouts.slice(1).join(", ")}`,
    );
  }
  const problem = describeCheck(suite, checkSuite(suite, folder));
  if (problem !== undefined) throw new UsageError(`--from: ${folder} is not what ${suite.release} has: ${problem}`);
  registerFolder(suite.name, folder);
  return folder;
}

/** Compares every file of a suite with its manifest. */
export function checkSuite(suite: ModelSuite, folder: string): SuiteCheck {
  const paths = Object.keys(suite.files);
  const missing = paths.filter((path) => !existsSync(join(folder, path)));
  const differing = paths.filter(
    (path) => !missing.includes(path) && sha256(readFileSync(join(folder, path))) !== suite.files[path],
  );
  return { missing, differing };
}

/** What a check found in a few words; undefined where all is well. */
export function describeCheck(suite: ModelSuite, { missing, differing }: SuiteCheck): string | undefined {
  const parts = [
    ...(missing.length > 0 ? [`${missing.length} of ${Object.keys(suite.files).length} files missing`] : []),
    ...(differing.length > 0 ? [`${differing.length} changed`] : []),
  ];
  if (parts.length === 0) return undefined;
  const names = [...missing, ...differing];
  return `${parts.join(", ")} (${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""})`;
}

/** The folder at or below `from` that holds most of the suite's files; undefined where none holds any. */
function findSuite(suite: ModelSuite, from: string): string | undefined {
  const roots = [from, ...sitePackages(from)];
  const candidates = roots.flatMap((root) => suite.layouts.map((layout) => join(root, layout)));
  const counts = candidates.map(
    (folder) => Object.keys(suite.files).filter((path) => existsSync(join(folder, path))).length,
  );
  const most = Math.max(...counts);
  return most === 0 ? undefined : candidates[counts.indexOf(most)];
}

/** Where a Python environment at `folder` keeps its packages. */
function sitePackages(folder: string): string[] {
  const windows = join(folder, "Lib", "site-packages");
  const libraries = join(folder, "lib");
  const versions = existsSync(libraries) ? readdirSync(libraries) : [];
  return [windows, ...versions.map((version) => join(libraries, version, "site-packages"))].filter(existsSync);
}
