/**
 * Checks of a Parquet column chunk before it is decoded: sizes and counts that pages announce are compared with what can be true, since the decoder
 * allocates what they say. Layout: https://github.com/apache/parquet-format (Encodings.md: RLE / bit-packing hybrid; parquet.thrift: PageHeader).
 */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type ColumnMetaData, type Compressors, type PageHeader, snappyUncompress } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressLz4, decompressLz4Raw, decompressZstd } from "hyparquet-compressors";

/** What a row group's column may hold decompressed: its pages are in memory at once. */
export const mostColumnBytes = 2 ** 30;
/** Compressed images hardly shrink; columns of labels and paths do, but are small. */
const [mostSmallPage, mostRatio] = [2 ** 24, 64];

/** Decompression that never writes more than a page's header announces, which was checked before. */
export const compressors: Compressors = {
  SNAPPY(input, length) {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(length, 1) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(length, 1) }),
  ZSTD: (input, length) => decompressZstd(input, new Uint8Array(length)),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

/** Highest definition and repetition level of a column. */
export interface Levels {
  readonly definition: number;
  readonly repetition: number;
}

/**
 * @param bytes the whole chunk
 * @param rows rows of its row group
 * @throws Error in one line that says what can't be
 */
export function checkPages(bytes: ArrayBuffer, column: ColumnMetaData, levels: Levels, rows: number): void {
  if (levels.repetition > 0) throw new Error(`the column ${column.path_in_schema.join(".")} holds lists`);
  const reader = { view: new DataView(bytes), offset: 0 };
  let [values, total] = [0, 0];
  while (reader.offset < bytes.byteLength - 1 && values < rows) {
    const header = parquetHeader(reader) as PageHeader;
    const [packed, size] = [header.compressed_page_size, header.uncompressed_page_size];
    if (!(packed >= 0) || reader.offset + packed > bytes.byteLength) {
      throw new Error(`a page is announced with ${packed} bytes, but ${bytes.byteLength - reader.offset} follow`);
    }
    total += size;
    if (!(size >= 0) || size > Math.max(mostSmallPage, mostRatio * packed) || total > mostColumnBytes) {
      throw new Error(`a page of ${packed} bytes is announced with ${size} when decompressed`);
    }
    const body = new Uint8Array(bytes, reader.offset, packed);
    reader.offset += packed;
    values += checkPage(header, body, column, levels, rows - values);
  }
  if (values !== rows) throw new Error(`its pages hold ${values} values instead of ${rows}`);
}

/** The values of a page, at most so many as rows are left. */
function checkPage(
  header: PageHeader,
  body: Uint8Array,
  { codec }: ColumnMetaData,
  { definition }: Levels,
  rows: number,
): number {
  const size = header.uncompressed_page_size;
  const unpack = (packed: Uint8Array, length: number) => {
    if (codec === "UNCOMPRESSED") return packed;
    const decompress = compressors[codec];
    if (!decompress) throw new Error(`its compression ${codec} is none that can be read`);
    return decompress(packed, length);
  };
  const { dictionary_page_header: dictionary, data_page_header: first, data_page_header_v2: second } = header;
  if (header.type === "DICTIONARY_PAGE") {
    if (!dictionary || !(dictionary.num_values >= 0) || dictionary.num_values > size) {
      throw new Error(`a dictionary of ${size} bytes is announced with ${dictionary?.num_values} values`);
    }
    return 0;
  }
  const page = header.type === "DATA_PAGE" ? first : second;
  if (!page) throw new Error(`it has a page of the kind ${header.type}`);
  const count = page.num_values;
  if (!(count >= 0) || count > rows) throw new Error(`a page is announced with ${count} values, of ${rows} rows`);
  const isDictionary = page.encoding === "RLE_DICTIONARY" || page.encoding === "PLAIN_DICTIONARY";
  if (!isDictionary && page.encoding !== "PLAIN")
    throw new Error(`its encoding ${page.encoding} is none that can be read`);
  const width = bitsOf(definition);
  if (second && header.type === "DATA_PAGE_V2") {
    const own = second.definition_levels_byte_length;
    if (second.repetition_levels_byte_length !== 0 || !(own >= 0) || own > body.length) {
      throw new Error(`the levels of a page are announced with ${own} bytes, of ${body.length}`);
    }
    if (width > 0) checkRuns(body.subarray(0, own), width, count);
    if (isDictionary) {
      const rest = body.subarray(own);
      checkIndices(second.is_compressed === false ? rest : unpack(rest, size - own), count);
    }
    return count;
  }
  if (width === 0 && !isDictionary) return count;
  const whole = unpack(body, size);
  let start = 0;
  if (width > 0) {
    const length = new DataView(whole.buffer, whole.byteOffset, whole.byteLength).getUint32(0, true);
    if (4 + length > whole.length) throw new Error(`the levels of a page are announced with ${length} bytes`);
    checkRuns(whole.subarray(4, 4 + length), width, count);
    start = 4 + length;
  }
  if (isDictionary) checkIndices(whole.subarray(start), count);
  return count;
}

const bitsOf = (value: number): number => 32 - Math.clz32(value);

/** Places in a dictionary: their width in bits, then runs. */
function checkIndices(bytes: Uint8Array, count: number): void {
  const [width = 0] = bytes;
  if (width > 32) throw new Error(`a page is announced with indices of ${width} bits`);
  if (width > 0) checkRuns(bytes.subarray(1), width, count);
}

/** Runs of the RLE / bit-packing hybrid: none is longer than the values that are left (bit-packed ones come in eights). */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  for (let at = 0, seen = 0; seen < count && at < bytes.length; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new Error("a run's length is damaged");
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const isPacked = header % 2 === 1;
    const run = isPacked ? 8 * Math.floor(header / 2) : header / 2;
    if (run > count - seen + (isPacked ? 7 : 0))
      throw new Error(`a run is announced with ${run} of ${count - seen} values`);
    at += isPacked ? (run / 8) * width : Math.ceil(width / 8);
    seen += run;
  }
}
