import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EnvError } from "../env.ts";
import type { ModelFiles } from "../modelFiles.ts";
import { registeredFolder } from "./registeredFolders.ts";

/**
 * Robot models that belong to others and are not part of this project: the user has them (an installed Python package, a checkout) and
 * registers their folder with `era models add`.
 */
export interface ModelSuite {
  readonly name: string;
  /** The release that the hashes are of, as its authors call it. */
  readonly release: string;
  /** Folders, relative to one that a user may give, in which the models may lie. */
  readonly layouts: readonly string[];
  /** What the user's pip downloads to get them; undefined where no wheel holds the models. */
  readonly wheel?: { readonly requirement: string; readonly folder: string };
  /** SHA-256 of each file by its path in the suite's folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** The command that adds a suite. */
export function addCommand(suite: ModelSuite): string {
  const pip = suite.wheel === undefined ? "" : ` (or --pip, which downloads ${suite.wheel.requirement})`;
  return `era models add ${suite.name} --from <folder>${pip}`;
}

/**
 * Why a model can't be loaded, in one line that says which command helps; undefined where nothing is in the way.
 *
 * @param path the model's file in the suite's folder
 */
export function missingModel(suite: ModelSuite, path: string): string | undefined {
  const folder = registeredFolder(suite.name);
  if (folder === undefined)
    return `the models of ${suite.name} are not on this machine; add them with: ${addCommand(suite)}`;
  if (!existsSync(join(folder, path))) {
    return `${join(folder, path)} is gone; add the models of ${suite.name} again with: ${addCommand(suite)}`;
  }
  return undefined;
}

/**
 * The content of one of the suite's files, as its authors published it.
 *
 * @throws EnvError where it is missing, or is not what the manifest says: another robot would be simulated under the same name
 */
export function suiteFile(suite: ModelSuite, path: string): Buffer {
  const missing = missingModel(suite, path);
  if (missing !== undefined) throw new EnvError(missing);
  const file = join(registeredFolder(suite.name) ?? "", path);
  const content = readFileSync(file);
  if (sha256(content) !== suite.files[path]) {
    throw new EnvError(`${file} is not the file of ${suite.release}; add the models again with: ${addCommand(suite)}`);
  }
  return content;
}

/**
 * One of the suite's models with the files that it includes, ready to be compiled.
 *
 * @param path the model's file, such as `"envs/h1_pos_walk.xml"`
 * @param uses which of the suite's files it needs, from their paths; all if left out
 * @param edits changes the text of some files, by their paths, before they are compiled
 * @throws EnvError as {@link suiteFile}
 */
export function suiteModel(
  suite: ModelSuite,
  path: string,
  {
    uses = () => true,
    edits = {},
  }: {
    uses?: (path: string) => boolean;
    edits?: Readonly<Record<string, ((text: string) => string) | undefined>>;
  } = {},
): ModelFiles {
  const needed = Object.keys(suite.files).filter((file) => file === path || uses(file));
  const files = needed.map((file): [string, Uint8Array] => {
    const content = suiteFile(suite, file);
    const edit = edits[file];
    return [file, edit === undefined ? content : Buffer.from(edit(content.toString()))];
  });
  return { path, files: new Map(files) };
}

/** Hexadecimal SHA-256. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
