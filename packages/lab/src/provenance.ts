import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

export const provenanceSchema = z.object({
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  /** The program's name and its arguments. */
  command: z.array(z.string()),
  node: z.string(),
  /** Operating system and architecture. */
  platform: z.string(),
  processor: z.string(),
  /** Of the folder where the command was given; null where that isn't a git checkout. */
  git: z.object({ revision: z.string(), changed: z.boolean() }).nullable(),
  /** Versions of the packages that decide the numbers. */
  packages: z.record(z.string(), z.string()),
});

/** Where results come from: enough to produce them again. */
export type Provenance = z.infer<typeof provenanceSchema>;

/** Describes this process. @param packages see {@link packageVersions} */
export function describeProvenance(packages: Readonly<Record<string, string>> = {}): Provenance {
  const processors = cpus();
  return {
    startedAt: new Date().toISOString(),
    command: [basename(process.argv[1] ?? process.argv0), ...process.argv.slice(2)],
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`,
    git: gitState(),
    packages: { ...packageVersions(["@era/lab"], import.meta.url), ...packages },
  };
}

/**
 * The versions of packages as the module `from` (its `import.meta.url`) would load them; those that aren't installed
 * are left out. (Looked up in the folders rather than resolved: most packages don't export their package.json.)
 */
export function packageVersions(names: readonly string[], from: string): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const name of names) {
    for (let folder = dirname(fileURLToPath(from)); ; folder = dirname(folder)) {
      const version = readVersion(join(folder, "node_modules", name, "package.json"));
      if (version !== undefined) versions[name] = version;
      if (version !== undefined || folder === dirname(folder)) break;
    }
  }
  return versions;
}

function readVersion(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version;
  } catch {
    return undefined;
  }
}

function gitState(): Provenance["git"] {
  const git = (...args: string[]) =>
    execFileSync("git", args, { encoding: "utf8", timeout: 5000, stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return { revision: git("rev-parse", "HEAD"), changed: git("status", "--porcelain", "--untracked-files=no") !== "" };
  } catch {
    // No git, no checkout, or no commit yet: the run is as good without.
    return null;
  }
}
