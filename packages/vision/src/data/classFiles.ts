/** Sets whose images are files in a folder for each class: on disk, or in tar archives. */
import { type Dirent, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { FailureError, UsageError } from "@era/lab";
import { type EncodedImages, mostFileBytes } from "./encodedImages.ts";
import type { ImageSet, SkippedFile } from "./imageSet.ts";
import { type IndexedImages, loaded, type StreamOptions, streamed } from "./indexedImages.ts";
import { packNames } from "./packedNames.ts";
import { tarEntries } from "./tarIndex.ts";

export type ClassFilesOptions = StreamOptions;

const isImage = (name: string): boolean => /\.(jpe?g|png|webp)$/i.test(name);

/** Folders in folders: more is a link that leads back. */
const mostDepth = 16;

/** Paths of all images below a folder, each folder's entries in the order of their names. */
function* imagesIn(root: string, below = "", depth = 0): Generator<string> {
  if (depth > mostDepth) throw new FailureError(`${join(root, below)}: folders lie more than ${mostDepth} deep`);
  const children = readdirSync(join(root, below), { withFileTypes: true });
  for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === "" ? child.name : `${below}/${child.name}`;
    if (isKind(root, path, child, "isDirectory")) yield* imagesIn(root, path, depth + 1);
    else if (isImage(child.name) && isKind(root, path, child, "isFile")) yield path;
  }
}

/** Links count as what they lead to. */
function isKind(root: string, path: string, child: Dirent, kind: "isFile" | "isDirectory"): boolean {
  if (!child.isSymbolicLink()) return child[kind]();
  return statSync(join(root, path), { throwIfNoEntry: false })?.[kind]() ?? false;
}

/** The tar archives in a folder, in the order of their names. */
const archivesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".tar"))
    .sort()
    .map((name) => join(folder, name));

/**
 * Where the images of class folders are, undecoded: of a folder, of a tar archive, or of several archives, which count as one set; a folder that
 * has archives instead of images is such a set. The class is the name of the folder that a file lies in; classes are in alphabetical order.
 * @throws UsageError where there is nothing at the path; FailureError in one line where an archive is damaged, or a file lies in no folder
 * (unless `skipBad`)
 */
export function indexClassFiles(path: string | readonly string[], skipBad = false): IndexedImages {
  if (typeof path !== "string") return indexArchives(path, `${path[0]} and ${path.length - 1} more`, skipBad);
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  if (!statSync(path).isDirectory()) return indexArchives([path], path, skipBad);
  const names = [...imagesIn(path)];
  const archives = names.length === 0 ? archivesIn(path) : [];
  if (archives.length > 0) return indexArchives(archives, path, skipBad);
  const skipped: SkippedFile[] = [];
  const kept = withFolders(names, path, skipBad, skipped);
  const source: EncodedImages = { kind: "folder", root: path, names: packNames(kept) };
  return { name: path, source, ...classesOf(kept), skipped };
}

function indexArchives(archives: readonly string[], name: string, skipBad: boolean): IndexedImages {
  const names: string[] = [];
  const [offsets, lengths, owners]: [number[], number[], number[]] = [[], [], []];
  const skipped: SkippedFile[] = [];
  archives.forEach((archive, owner) => {
    for (const entry of tarEntries(archive)) {
      if (!isImage(entry.name)) continue;
      if (entry.size > mostFileBytes) {
        throw new FailureError(`${archive}: ${entry.name} is announced with ${entry.size} bytes`);
      }
      if (withFolders([entry.name], archive, skipBad, skipped).length === 0) continue;
      names.push(entry.name);
      offsets.push(entry.offset);
      lengths.push(entry.size);
      owners.push(owner);
    }
  });
  const source: EncodedImages = {
    kind: "tar",
    archives,
    names: packNames(names),
    archive: Uint16Array.from(owners),
    offsets: Float64Array.from(offsets),
    lengths: Uint32Array.from(lengths),
  };
  return { name, source, ...classesOf(names), skipped };
}

const folderOf = (file: string): string | undefined => file.split("/").at(-2);

/** The names that lie in a folder; the others are damage. */
function withFolders(names: readonly string[], where: string, skipBad: boolean, skipped: SkippedFile[]): string[] {
  return names.filter((file) => {
    if (folderOf(file) !== undefined) return true;
    const reason = "lies in no class's folder";
    if (!skipBad) throw new FailureError(`${where}: ${file} ${reason}`);
    skipped.push({ file, reason });
    return false;
  });
}

function classesOf(names: readonly string[]): Pick<IndexedImages, "classes" | "labels"> {
  const folders = names.map((name) => folderOf(name) ?? "");
  const classes = [...new Set(folders)].sort();
  const indexOf = new Map(classes.map((name, i) => [name, i]));
  return { classes, labels: Uint16Array.from(folders, (folder) => indexOf.get(folder) ?? 0) };
}

/**
 * The images of class folders, all of them decoded: JPEG, PNG or WebP, of one size, in colour.
 * @throws as {@link indexClassFiles}; FailureError naming a file that is damaged or of another size (unless `skipBad`)
 */
export async function readClassFiles(path: string, options: ClassFilesOptions = {}): Promise<ImageSet> {
  return loaded(await streamed(indexClassFiles(path, options.skipBad), options));
}
