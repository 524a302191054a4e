/**
 * The safetensors file format, written and read (https://github.com/huggingface/safetensors#format): 8 bytes
 * little-endian header length, a JSON header (name → dtype, shape, byte range), then the tensors' bytes without gaps.
 *
 * The reader trusts nothing: every number in the header is checked against the bytes that are there before it is used,
 * and nothing is allocated on its word.
 */

/**
 * In the order of the reference implementation, which writes a file's tensors by it: wide types first, which keeps all
 * of them aligned.
 */
const ARRAYS = {
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  /** bfloat16, as raw bits. */
  BF16: Uint16Array,
  /** IEEE half precision, as raw bits. */
  F16: Uint16Array,
  U16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  /** One byte an element, 0 or 1. */
  BOOL: Uint8Array,
} as const;

/** An element type of the format that this project reads and writes. */
export type SafetensorsDtype = keyof typeof ARRAYS;

/** The class's instances, on any buffer (the class's own `InstanceType` would insist on an unshared one). */
type ArrayOf<C> = C extends { prototype: infer T } ? T : never;

const DTYPES = Object.keys(ARRAYS) as SafetensorsDtype[];

/**
 * One array of a file: `data` holds the product of `shape` elements in row-major order (F16 and BF16 as raw 16-bit
 * patterns).
 */
export type SafeTensor = {
  [D in SafetensorsDtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: ArrayOf<(typeof ARRAYS)[D]>;
  };
}[SafetensorsDtype];

/** What a file holds: the tensors in the file's order, and its `__metadata__` strings. */
export interface SafetensorsFile {
  readonly tensors: Map<string, SafeTensor>;
  readonly metadata: Map<string, string>;
}

/** A file that isn't valid safetensors: the message is one line that names what is wrong. */
export class SafetensorsError extends Error {
  override readonly name = "SafetensorsError";
}

type Named<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>;

const PREFIX_BYTES = 8;
/** The reference implementation refuses longer headers too. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const entriesOf = <T>(named: Named<T>): Iterable<readonly [string, T]> =>
  named instanceof Map ? named.entries() : Object.entries(named);

function requireLittleEndian(): void {
  if (!IS_LITTLE_ENDIAN) throw new SafetensorsError("safetensors files are little-endian and this machine isn't");
}

/** Elements of a shape; NaN where the shape isn't a list of counts or its product isn't exact. */
function elementCount(shape: readonly unknown[]): number {
  let count = 1;
  for (const size of shape) {
    if (!isCount(size)) return Number.NaN;
    count *= size;
  }
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * The file as a list of byte chunks to be written one after another: the header, then each tensor's own memory (views,
 * not copies), so that writing needs no second copy of the data. Tensors are ordered by dtype and name, byte for byte
 * as the reference implementation does.
 *
 * @throws SafetensorsError if a tensor's data doesn't fit its dtype or shape, or a name is reserved.
 */
export function safetensorsChunks(tensors: Named<SafeTensor>, metadata: Named<string> = {}): Uint8Array[] {
  requireLittleEndian();
  const ordered = [...entriesOf(tensors)].sort(
    ([nameA, a], [nameB, b]) => DTYPES.indexOf(a.dtype) - DTYPES.indexOf(b.dtype) || (nameA < nameB ? -1 : 1),
  );
  const members: string[] = [];
  const member = (name: string, value: unknown) => members.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);

  const strings = [...entriesOf(metadata)];
  for (const [key, value] of strings) {
    if (typeof value !== "string")
      throw new SafetensorsError(`metadata "${key}" must be a string, got ${typeof value}`);
  }
  if (strings.length > 0) member(METADATA, Object.fromEntries(strings));

  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === METADATA) throw new SafetensorsError(`a tensor can't be named ${METADATA}: the format reserves it`);
    if (!(data instanceof ARRAYS[dtype])) {
      throw new SafetensorsError(`tensor "${name}": ${dtype} needs a ${ARRAYS[dtype].name}`);
    }
    if (elementCount(shape) !== data.length) {
      throw new SafetensorsError(`tensor "${name}": shape [${shape.join(", ")}] doesn't hold ${data.length} elements`);
    }
    const end = offset + data.byteLength;
    member(name, { dtype, shape, data_offsets: [offset, end] });
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset = end;
  }

  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new SafetensorsError(`the header would take ${headerBytes} bytes; the format allows ${MAX_HEADER_BYTES}`);
  }
  const head = new Uint8Array(PREFIX_BYTES + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(json, PREFIX_BYTES);
  return [head, ...chunks];
}

/** The whole file in one array; see {@link safetensorsChunks} for writing without the copy. Throws as that does. */
export function encodeSafetensors(tensors: Named<SafeTensor>, metadata: Named<string> = {}): Uint8Array {
  const chunks = safetensorsChunks(tensors, metadata);
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/**
 * Reads a whole file. Tensors are views into `bytes` where alignment allows (always, when `bytes` starts its buffer and
 * the writer aligned as this one and the reference do), copies otherwise: treat them as read-only or copy them.
 *
 * @throws SafetensorsError on anything that isn't valid: a truncated or overlong file, a header that isn't JSON, an
 *   unknown dtype, a shape that contradicts its byte range, ranges that overlap or leave gaps, a name given twice.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  requireLittleEndian();
  const { header, dataStart } = readHeader(bytes);
  const dataBytes = bytes.length - dataStart;

  const metadata = new Map<string, string>();
  const ranges: { name: string; begin: number; end: number; tensor: SafeTensor }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      for (const [key, value] of Object.entries(readObject(METADATA, entry))) {
        if (typeof value !== "string") throw new SafetensorsError(`${METADATA} "${key}" isn't a string`);
        metadata.set(key, value);
      }
    } else {
      ranges.push(readTensor(name, readObject(`tensor "${name}"`, entry), bytes, dataStart, dataBytes));
    }
  }

  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  const tensors = new Map<string, SafeTensor>();
  for (const { name, begin, end, tensor } of ranges) {
    if (begin < covered) throw new SafetensorsError(`tensor "${name}": its bytes ${begin} to ${end} overlap another's`);
    if (begin > covered) throw new SafetensorsError(`bytes ${covered} to ${begin} belong to no tensor`);
    covered = end;
    tensors.set(name, tensor);
  }
  if (covered < dataBytes) throw new SafetensorsError(`bytes ${covered} to ${dataBytes} belong to no tensor`);
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < PREFIX_BYTES) {
    throw new SafetensorsError(`not a safetensors file: ${bytes.length} bytes, and the header's length alone takes 8`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw new SafetensorsError(`not a safetensors file: a header of ${length} bytes`);
  const dataStart = PREFIX_BYTES + Number(length);
  if (dataStart > bytes.length) {
    throw new SafetensorsError(
      `truncated: the header takes ${length} bytes and ${bytes.length - PREFIX_BYTES} are there`,
    );
  }
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(PREFIX_BYTES, dataStart));
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError("not a safetensors file: the header isn't JSON", { cause: error });
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw new SafetensorsError(`the header gives ${repeated} twice`);
  return { header: readObject("the header", header), dataStart };
}

function readObject(what: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SafetensorsError(`${what} isn't a JSON object`);
}

function readTensor(
  name: string,
  { dtype, shape, data_offsets: offsets }: Record<string, unknown>,
  bytes: Uint8Array,
  dataStart: number,
  dataBytes: number,
): { name: string; begin: number; end: number; tensor: SafeTensor } {
  const fail = (problem: string): never => {
    throw new SafetensorsError(`tensor "${name}": ${problem}`);
  };
  if (typeof dtype !== "string" || !Object.hasOwn(ARRAYS, dtype)) {
    return fail(`dtype ${JSON.stringify(dtype)} isn't one of ${DTYPES.join(", ")}`);
  }
  const known = dtype as SafetensorsDtype;
  if (!Array.isArray(shape) || !shape.every(isCount))
    return fail(`shape ${JSON.stringify(shape)} isn't a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2) return fail("data_offsets isn't a pair of numbers");
  const [begin, end] = offsets as unknown[];
  if (!isCount(begin) || !isCount(end) || begin > end)
    return fail(`byte range ${JSON.stringify(offsets)} isn't a range`);
  if (end > dataBytes) return fail(`truncated: its bytes end at ${end} and ${dataBytes} are there`);
  const Data = ARRAYS[known];
  const count = elementCount(shape);
  // A shape whose product isn't exact is NaN here and equals nothing.
  if (count * Data.BYTES_PER_ELEMENT !== end - begin) {
    return fail(`${known} of shape [${shape.join(", ")}] doesn't take ${end - begin} bytes`);
  }
  const at = bytes.byteOffset + dataStart + begin;
  const aligned = at % Data.BYTES_PER_ELEMENT === 0;
  const buffer = aligned ? bytes.buffer : bytes.slice(dataStart + begin, dataStart + end).buffer;
  const data = new Data(buffer as ArrayBuffer, aligned ? at : 0, count);
  return { name, begin, end, tensor: { dtype: known, shape, data } as SafeTensor };
}

/**
 * The first key that some object of valid JSON text gives twice (as it is written there): JSON.parse silently keeps the
 * last.
 */
function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
      // Only a key is followed by a colon. (A sticky pattern looks at this place alone.)
      COLON.lastIndex = at + 1;
      if (!COLON.test(text)) continue;
      const written = text.slice(start, at + 1);
      const key = JSON.parse(written) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return written;
      keys?.add(key);
    }
  }
  return undefined;
}

const COLON = /[ \t\r\n]*:/y;
