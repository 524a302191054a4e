/** Images in Parquet files with the columns that data sets on Hugging Face have: a struct of `bytes` and `path`, and a label. */
import { basename } from "node:path";
import { FailureError } from "@era/lab";
import type { FileMetaData } from "hyparquet";
import * as z from "zod";
import { DamagedImageError, mostFileBytes } from "./encodedImages.ts";
import type { IndexedImages } from "./indexedImages.ts";
import { bytesOf, openParquet, type ParquetFile, readGroup } from "./parquetFile.ts";

/** Rows of Parquet files. */
export interface ParquetImages {
  readonly kind: "parquet";
  readonly files: readonly string[];
  /** The column of images. */
  readonly column: string;
  /** Of each image: its file, its row group there and its row in that. */
  readonly file: Uint16Array;
  readonly group: Uint32Array;
  readonly row: Uint32Array;
  /** Bytes of an image in its file, on average. */
  readonly meanBytes: number;
}

const imageColumns = ["image", "img"];
const labelColumns = ["label", "fine_label", "labels"];

/**
 * The images and labels of Parquet files, which count as one set; images are left in their files. Class names are those of Hugging Face's schema in
 * the file's metadata; without it, numbers.
 * @throws FailureError in one line where a file is damaged, lies about its sizes, or has other columns
 */
export async function indexParquet(paths: readonly string[], name: string): Promise<IndexedImages> {
  const [owners, groups, rows, labels]: [number[], number[], number[], number[]] = [[], [], [], []];
  let names: readonly string[] | undefined;
  let [column, bytes] = ["", 0];
  for (const [owner, path] of paths.entries()) {
    const file = await openParquet(path);
    const image = columnOf(file, imageColumns, "images");
    const label = columnOf(file, labelColumns, "labels");
    if (owner > 0 && image !== column) throw new FailureError(`${path}: its images are in ${image}, not in ${column}`);
    column = image;
    names ??= classNames(file.metadata, label);
    for (const [group, count] of file.groupRows.entries()) {
      bytes += bytesOf(file, group, [image]);
      for (const [row, fields] of (await readGroup(file, group, [label])).entries()) {
        const value = fields[label];
        const number = typeof value === "number" || typeof value === "bigint" ? Number(value) : -1;
        if (!Number.isInteger(number) || number < 0 || number >= 2 ** 16) {
          throw new FailureError(
            `${path}: row ${row} of row group ${group} of ${count} has the ${label} ${String(value)}`,
          );
        }
        owners.push(owner);
        groups.push(group);
        rows.push(row);
        labels.push(number);
      }
    }
  }
  const most = labels.reduce((highest, label) => Math.max(highest, label), -1);
  const classes = names ?? Array.from({ length: most + 1 }, (_, i) => String(i));
  const source: ParquetImages = {
    kind: "parquet",
    files: paths,
    column,
    file: Uint16Array.from(owners),
    group: Uint32Array.from(groups),
    row: Uint32Array.from(rows),
    meanBytes: bytes / Math.max(labels.length, 1),
  };
  return { name, source, labels: Uint16Array.from(labels), classes, skipped: [] };
}

function columnOf({ path, columns }: ParquetFile, names: readonly string[], what: string): string {
  const found = columns.map(({ element }) => element.name);
  const column = names.find((name) => found.includes(name));
  if (column === undefined) {
    throw new FailureError(
      `${path}: has no column of ${what} (${names.join(" or ")}), but ${found.slice(0, 9).join(", ")}`,
    );
  }
  return column;
}

const huggingFace = z.object({
  info: z.object({ features: z.record(z.string(), z.object({ names: z.array(z.string()).optional() }).loose()) }),
});

/** The names that Hugging Face's description of the columns has for a label. */
function classNames({ key_value_metadata: entries = [] }: FileMetaData, label: string): string[] | undefined {
  try {
    const text = entries.find(({ key }) => key === "huggingface")?.value ?? "";
    return huggingFace.parse(JSON.parse(text)).info.features[label]?.names;
  } catch {
    return undefined;
  }
}

/** Encoded images of row groups that are kept, while they fit; the latest are kept in any case. */
const mostCachedBytes = 2 ** 28;
const leastCached = 2;

/** Images of a window of row groups are taken in one turn: half of what is kept. */
export const windowBytes = mostCachedBytes / 2;

interface CachedGroup {
  readonly images: Promise<readonly (Uint8Array | undefined)[]>;
  readonly bytes: number;
}

/** Reads images by their row groups, of which the latest are kept. */
export class ParquetReader {
  readonly #source: ParquetImages;
  readonly #files = new Map<number, Promise<ParquetFile>>();
  /** By file and group, the latest last. */
  readonly #groups = new Map<string, CachedGroup>();

  constructor(source: ParquetImages) {
    this.#source = source;
  }

  async read(i: number): Promise<Uint8Array> {
    const { file, group, row } = this.#source;
    const images = await this.#group(file[i] ?? 0, group[i] ?? 0);
    const bytes = images[row[i] ?? 0];
    if (!bytes) throw new DamagedImageError("holds no image's bytes");
    if (bytes.length > mostFileBytes) throw new DamagedImageError(`is larger than ${mostFileBytes} bytes`);
    return bytes;
  }

  async #group(index: number, group: number): Promise<readonly (Uint8Array | undefined)[]> {
    const file = await this.#file(index);
    const key = `${index}/${group}`;
    const known = this.#groups.get(key);
    const own = known ?? {
      images: this.#read(file, group),
      bytes: bytesOf(file, group, [this.#source.column]),
    };
    this.#groups.delete(key);
    this.#groups.set(key, own);
    let total = [...this.#groups.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [oldest, { bytes }] of this.#groups) {
      if (total <= mostCachedBytes || this.#groups.size <= leastCached) break;
      this.#groups.delete(oldest);
      total -= bytes;
    }
    return own.images;
  }

  async #read(file: ParquetFile, group: number): Promise<(Uint8Array | undefined)[]> {
    const { column } = this.#source;
    const rows = await readGroup(file, group, [column]);
    return rows.map((fields) => {
      const image = fields[column];
      const bytes = image instanceof Uint8Array ? image : (image as { bytes?: unknown } | null)?.bytes;
      return bytes instanceof Uint8Array ? bytes : undefined;
    });
  }

  #file(index: number): Promise<ParquetFile> {
    const path = this.#source.files[index] ?? "";
    const file = this.#files.get(index) ?? openParquet(path);
    this.#files.set(index, file);
    return file;
  }
}

/** Whether a path names a Parquet file. */
export const isParquet = (path: string): boolean => basename(path).endsWith(".parquet");
