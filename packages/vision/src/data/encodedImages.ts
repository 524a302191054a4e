/** Where a set's encoded images (JPEG, PNG, WebP) are: plain data, so that it can be sent to threads, each of which reads for itself. */
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FailureError, fileFailure } from "@era/lab";
import { nameAt, type PackedNames } from "./packedNames.ts";
import { type ParquetImages, ParquetReader } from "./parquetImages.ts";

/** Files in a folder. */
export interface FolderImages {
  readonly kind: "folder";
  readonly root: string;
  /** Paths from there. */
  readonly names: PackedNames;
}

/** Entries of tar archives. */
export interface TarImages {
  readonly kind: "tar";
  readonly archives: readonly string[];
  readonly names: PackedNames;
  /** Of each image: its archive, where its bytes begin there, and how many they are. */
  readonly archive: Uint16Array;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
}

export type EncodedImages = FolderImages | TarImages | ParquetImages;

/** No photograph as a file is larger; what announces more lies. */
export const mostFileBytes = 2 ** 26;

/** An image that can't be used; the message says why, to follow its name. */
export class DamagedImageError extends Error {
  override readonly name = "DamagedImageError";
}

/** What an image is called in messages. */
export function imageName(images: EncodedImages, i: number): string {
  if (images.kind !== "parquet") return nameAt(images.names, i);
  return `${images.files[images.file[i] ?? 0]}, row ${images.row[i]} of row group ${images.group[i]},`;
}

/** Reads images of a source; holds no files open. */
export class EncodedReader {
  readonly #images: EncodedImages;
  readonly #parquet: ParquetReader | undefined;

  constructor(images: EncodedImages) {
    this.#images = images;
    this.#parquet = images.kind === "parquet" ? new ParquetReader(images) : undefined;
  }

  /**
   * The bytes of an image.
   * @throws FailureError where they can't be read, DamagedImageError where they can't be an image
   */
  async read(i: number): Promise<Uint8Array> {
    const images = this.#images;
    if (images.kind === "folder") return readWhole(join(images.root, nameAt(images.names, i)));
    if (images.kind === "tar") {
      const archive = images.archives[images.archive[i] ?? 0] ?? "";
      return readPart(archive, images.offsets[i] ?? 0, images.lengths[i] ?? 0);
    }
    return (this.#parquet as ParquetReader).read(i);
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > mostFileBytes) throw new DamagedImageError(`is larger than ${mostFileBytes} bytes`);
    return await readFile(path);
  } catch (error) {
    throw fileFailure(path, "read", error);
  }
}

async function readPart(archive: string, offset: number, length: number): Promise<Uint8Array> {
  try {
    const file = await open(archive);
    try {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) throw new FailureError(`${archive}: has become shorter since it was indexed`);
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileFailure(archive, "read", error);
  }
}
