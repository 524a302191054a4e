/** A Parquet file whose word is not taken for anything that would have to be allocated. */
import { type FileHandle, open } from "node:fs/promises";
import { FailureError, fileFailure } from "@era/lab";
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { checkPages, compressors, type Levels, mostColumnBytes } from "./parquetPages.ts";

export type ParquetRow = Readonly<Record<string, unknown>>;

export interface ParquetFile {
  readonly path: string;
  readonly metadata: FileMetaData;
  /** Rows of each row group. */
  readonly groupRows: readonly number[];
  /** The columns at the top, with those within. */
  readonly columns: readonly SchemaTree[];
}

/** Of a file's description: millions of row groups would fit. */
const mostFooterBytes = 2 ** 27;

/**
 * Reads a file's description.
 * @throws FailureError in one line where it is none, or can't be true
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  return naming(path, async (file) => {
    const tail = new DataView(await file.slice(Math.max(file.byteLength - 8, 0)));
    if (tail.byteLength < 8 || tail.getUint32(4, true) !== 0x31524150) throw new Error("is no Parquet file");
    const footer = tail.getUint32(0, true);
    if (footer > Math.min(file.byteLength - 12, mostFooterBytes)) {
      throw new Error(`its description is announced with ${footer} bytes, of ${file.byteLength}`);
    }
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    const groupRows = metadata.row_groups.map(({ num_rows: rows }) => Number(rows));
    if (!groupRows.every((rows) => Number.isSafeInteger(rows) && rows >= 0 && rows < 2 ** 31)) {
      throw new Error(`a row group is announced with ${groupRows.find((rows) => !(rows >= 0 && rows < 2 ** 31))} rows`);
    }
    return { path, metadata, groupRows, columns: parquetSchema(metadata).children };
  });
}

/** The chunks of a row group that belong to columns at the top, in the order of their bytes. */
function chunksOf({ metadata }: ParquetFile, group: number, columns: readonly string[]): ColumnMetaData[] {
  const chunks = metadata.row_groups[group]?.columns ?? [];
  const own = chunks.flatMap(({ meta_data: meta }) =>
    meta && columns.includes(meta.path_in_schema[0] ?? "") ? [meta] : [],
  );
  return own.sort((a, b) => firstByte(a) - firstByte(b));
}

const firstByte = (column: ColumnMetaData): number =>
  Number(
    column.dictionary_page_offset && column.dictionary_page_offset < column.data_page_offset
      ? column.dictionary_page_offset
      : column.data_page_offset,
  );

/** Bytes that a row group's columns have in the file. */
export const bytesOf = (file: ParquetFile, group: number, columns: readonly string[]): number =>
  chunksOf(file, group, columns).reduce((sum, { total_compressed_size: size }) => sum + Number(size), 0);

/**
 * The rows of a row group, of some of its columns at the top.
 * @throws FailureError in one line where they can't be read
 */
export async function readGroup(file: ParquetFile, group: number, columns: readonly string[]): Promise<ParquetRow[]> {
  const rows = file.groupRows[group] ?? 0;
  if (rows === 0) return [];
  return naming(file.path, async (bytes) => {
    const parts: { start: number; buffer: ArrayBuffer }[] = [];
    for (const column of chunksOf(file, group, columns)) {
      const [start, size] = [firstByte(column), Number(column.total_compressed_size)];
      if (!(start >= 0 && size >= 0) || start + size > bytes.byteLength || size > mostColumnBytes) {
        throw new Error(`row group ${group} is announced with ${size} bytes at ${start}, of ${bytes.byteLength}`);
      }
      const buffer = await bytes.slice(start, start + size);
      checkPages(buffer, column, levelsOf(file, column), rows);
      parts.push({ start, buffer });
    }
    if (parts.length === 0) throw new Error(`row group ${group} has no column ${columns.join(" or ")}`);
    const before = file.groupRows.slice(0, group).reduce((sum, own) => sum + own, 0);
    return parquetReadObjects({
      file: cached(parts, bytes.byteLength),
      metadata: file.metadata,
      columns: [...columns],
      rowStart: before,
      rowEnd: before + rows,
      compressors,
      utf8: false,
    });
  });
}

/** The parts of a file that were read and checked, and nothing else. */
const cached = (parts: readonly { start: number; buffer: ArrayBuffer }[], byteLength: number): AsyncBuffer => ({
  byteLength,
  slice(start, end = byteLength) {
    const whole = parts.find((part) => part.start === start && end - start === part.buffer.byteLength);
    if (whole) return whole.buffer;
    const bytes = new Uint8Array(end - start);
    for (const part of parts) {
      const [from, to] = [Math.max(start, part.start), Math.min(end, part.start + part.buffer.byteLength)];
      if (from < to) bytes.set(new Uint8Array(part.buffer, from - part.start, to - from), from - start);
    }
    return bytes.buffer;
  },
});

function levelsOf({ columns }: ParquetFile, column: ColumnMetaData): Levels {
  let [definition, repetition] = [0, 0];
  let within = columns;
  for (const name of column.path_in_schema) {
    const found = within.find(({ element }) => element.name === name);
    if (found?.element.repetition_type !== "REQUIRED") definition++;
    if (found?.element.repetition_type === "REPEATED") repetition++;
    within = found?.children ?? [];
  }
  return { definition, repetition };
}

/** Does something with the file's bytes; what goes wrong names the file, in one line. */
async function naming<R>(path: string, work: (bytes: AsyncBuffer) => Promise<R>): Promise<R> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    return await work(await bytesOfFile(handle));
  } catch (error) {
    const failure = fileFailure(path, "read", error);
    if (failure instanceof FailureError) throw failure;
    throw new FailureError(`${path}: ${(error as Error).message.split("\n")[0]}`, { cause: error });
  } finally {
    await handle?.close();
  }
}

async function bytesOfFile(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      if (!(start >= 0 && start <= end && end <= size))
        throw new Error(`bytes ${start} to ${end} lie outside of its ${size}`);
      const bytes = new Uint8Array(end - start);
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) throw new Error("has become shorter while it was read");
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}
