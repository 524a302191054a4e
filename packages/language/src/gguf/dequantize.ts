/**
 * GGUF's block formats to float32. The layouts are those of ggml (`ggml-quants.c`): a block has its scale (and minimum) in half precision
 * and a few bits per number; the K formats have 256 numbers a block, with scales of their own for each 16 or 32.
 */
import { fromBfloat16, fromFloat16, halfNumber } from "../halfPrecision.ts";

/** Writes one block's numbers to `out` from `to` on; `at` is the block's first byte. */
type Decode = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

interface Format {
  /** Numbers and bytes of a block. */
  readonly numbers: number;
  readonly bytes: number;
  readonly decode: Decode;
}

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const signed = (bytes: Uint8Array, at: number): number => (byte(bytes, at) << 24) >> 24;
const half = (bytes: Uint8Array, at: number): number => halfNumber(byte(bytes, at) | (byte(bytes, at + 1) << 8));

/** 32 numbers of 4 bits, the first half in the low nibbles; a fifth bit of each may stand before them. */
const legacy =
  (bits: 4 | 5, hasMinimum: boolean): Decode =>
  (bytes, at, out, to) => {
    const scale = half(bytes, at);
    const minimum = hasMinimum ? half(bytes, at + 2) : -scale * 2 ** (bits - 1);
    const high = at + (hasMinimum ? 4 : 2);
    const low = bits === 5 ? high + 4 : high;
    for (let i = 0; i < 32; i++) {
      const nibble = (byte(bytes, low + (i % 16)) >> (i < 16 ? 0 : 4)) & 15;
      const fifth = bits === 5 ? (byte(bytes, high + (i >> 3)) >> (i & 7)) & 1 : 0;
      out[to + i] = (nibble | (fifth << 4)) * scale + minimum;
    }
  };

const decodeQ8: Decode = (bytes, at, out, to) => {
  const scale = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = signed(bytes, at + 2 + i) * scale;
};

/** Q2_K and Q3_K lay 2-bit numbers out alike: of each 128, four runs of 32 at rising bits of the same 32 bytes. */
const twoBits = (bytes: Uint8Array, at: number, i: number): number =>
  (byte(bytes, at + 32 * (i >> 7) + (i & 31)) >> (2 * ((i >> 5) & 3))) & 3;

const decodeQ2K: Decode = (bytes, at, out, to) => {
  const [scale, minimum] = [half(bytes, at + 80), half(bytes, at + 82)];
  for (let i = 0; i < 256; i++) {
    const own = byte(bytes, at + (i >> 4));
    out[to + i] = scale * (own & 15) * twoBits(bytes, at + 16, i) - minimum * (own >> 4);
  }
};

const decodeQ3K: Decode = (bytes, at, out, to) => {
  const scale = half(bytes, at + 108);
  for (let i = 0; i < 256; i++) {
    // Sixteen scales of six bits: four in nibbles of eight bytes, two in the four bytes after them.
    const group = i >> 4;
    const nibble = (byte(bytes, at + 96 + (group & 7)) >> (group < 8 ? 0 : 4)) & 15;
    const top = (byte(bytes, at + 104 + (group & 3)) >> (2 * (group >> 2))) & 3;
    const isHigh = (byte(bytes, at + (i & 31)) >> (i >> 5)) & 1;
    out[to + i] = scale * ((nibble | (top << 4)) - 32) * (twoBits(bytes, at + 32, i) - (isHigh ? 0 : 4));
  }
};

/** Q4_K and Q5_K: eight scales and eight minima of six bits each in twelve bytes. */
function sixBitScales(bytes: Uint8Array, at: number, group: number): [scale: number, minimum: number] {
  if (group < 4) return [byte(bytes, at + group) & 63, byte(bytes, at + group + 4) & 63];
  const nibbles = byte(bytes, at + group + 4);
  return [
    (nibbles & 15) | ((byte(bytes, at + group - 4) >> 6) << 4),
    (nibbles >> 4) | ((byte(bytes, at + group) >> 6) << 4),
  ];
}

const decodeQ45K =
  (bits: 4 | 5): Decode =>
  (bytes, at, out, to) => {
    const [scale, minimum] = [half(bytes, at), half(bytes, at + 2)];
    const low = at + (bits === 5 ? 48 : 16);
    for (let group = 0; group < 8; group++) {
      const [own, ownMinimum] = sixBitScales(bytes, at + 4, group);
      for (let i = 0; i < 32; i++) {
        const nibble = (byte(bytes, low + 32 * (group >> 1) + i) >> (group & 1 ? 4 : 0)) & 15;
        const fifth = bits === 5 ? (byte(bytes, at + 16 + i) >> group) & 1 : 0;
        out[to + 32 * group + i] = scale * own * (nibble | (fifth << 4)) - minimum * ownMinimum;
      }
    }
  };

const decodeQ6K: Decode = (bytes, at, out, to) => {
  const scale = half(bytes, at + 208);
  for (let i = 0; i < 256; i++) {
    const [part, quarter, within] = [i >> 7, (i >> 5) & 3, i & 31];
    const nibble = (byte(bytes, at + 64 * part + 32 * (quarter & 1) + within) >> (quarter < 2 ? 0 : 4)) & 15;
    const top = (byte(bytes, at + 128 + 32 * part + within) >> (2 * quarter)) & 3;
    out[to + i] = scale * signed(bytes, at + 192 + (i >> 4)) * ((nibble | (top << 4)) - 32);
  }
};

const format = (numbers: number, bytes: number, decode: Decode): Format => ({ numbers, bytes, decode });

/** Formats of blocks by their names. */
const blocks = {
  Q4_0: format(32, 18, legacy(4, false)),
  Q4_1: format(32, 20, legacy(4, true)),
  Q5_0: format(32, 22, legacy(5, false)),
  Q5_1: format(32, 24, legacy(5, true)),
  Q8_0: format(32, 34, decodeQ8),
  Q2_K: format(256, 84, decodeQ2K),
  Q3_K: format(256, 110, decodeQ3K),
  Q4_K: format(256, 144, decodeQ45K(4)),
  Q5_K: format(256, 176, decodeQ45K(5)),
  Q6_K: format(256, 210, decodeQ6K),
} as const satisfies Record<string, Format>;

const plain = { F32: 4, F16: 2, BF16: 2 } as const;

export type GgufType = keyof typeof blocks | keyof typeof plain;

/** The element types that are read. */
export const ggufTypes = [...Object.keys(plain), ...Object.keys(blocks)] as GgufType[];

const blockOf = (type: GgufType): Format | undefined =>
  type in blocks ? blocks[type as keyof typeof blocks] : undefined;

/** Bytes of an array whose rows have `row` numbers; undefined where a row does not fill whole blocks. */
export function ggufBytes(type: GgufType, row: number, rows: number): number | undefined {
  const block = blockOf(type);
  if (!block) return row * rows * plain[type as keyof typeof plain];
  return row % block.numbers === 0 ? (row / block.numbers) * block.bytes * rows : undefined;
}

/** The numbers of an array as float32, exact but for the rounding of scale times number. `bytes` has whole blocks. */
export function dequantize(type: GgufType, bytes: Uint8Array): Float32Array {
  const block = blockOf(type);
  if (!block) {
    // A copy starts at a multiple of any element's size.
    const { buffer } = bytes.slice();
    if (type === "F32") return new Float32Array(buffer);
    return type === "F16" ? fromFloat16(new Uint16Array(buffer)) : fromBfloat16(new Uint16Array(buffer));
  }
  const count = bytes.length / block.bytes;
  const out = new Float32Array(count * block.numbers);
  for (let i = 0; i < count; i++) block.decode(bytes, i * block.bytes, out, i * block.numbers);
  return out;
}
