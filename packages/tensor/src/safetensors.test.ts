import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  SafetensorsError,
  safetensorsChunks,
} from "./safetensors.ts";

/** What fixtures/reference_safetensors.py wrote, and its metadata. */
const reference = new Uint8Array(readFileSync(new URL("./fixtures/reference.safetensors", import.meta.url)));
const referenceTensors: Record<string, SafeTensor> = {
  weight: { dtype: "F32", shape: [2, 3], data: Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75) },
  double: { dtype: "F64", shape: [3], data: Float64Array.of(Math.PI, -0, 1e-300) },
  step: { dtype: "I64", shape: [], data: BigInt64Array.of(2n ** 53n + 1n) },
  seed: { dtype: "U64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
  index: { dtype: "I32", shape: [2, 1], data: Int32Array.of(-1, 2 ** 31 - 1) },
  state: { dtype: "U32", shape: [2], data: Uint32Array.of(2 ** 32 - 1, 7) },
  half: { dtype: "F16", shape: [3], data: Uint16Array.of(0x3c00, 0xc100, 0x7bff) },
  brain: { dtype: "BF16", shape: [2], data: Uint16Array.of(0x3f80, 0xc040) },
  pixels: { dtype: "U8", shape: [3], data: Uint8Array.of(0, 255, 128) },
  done: { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) },
  empty: { dtype: "F32", shape: [0, 4], data: new Float32Array(0) },
  'actor/λ "quoted"': { dtype: "F32", shape: [1], data: Float32Array.of(1.5) },
};
const referenceMetadata = { note: 'line one\nλ \\ "two"' };

/** A file with this header text (or these bytes) and this many zero bytes of data. */
function fileWith(header: string | object, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("against the reference implementation", () => {
  it("writes the same bytes, whatever the order of insertion", () => {
    expect(encodeSafetensors(referenceTensors, referenceMetadata)).toEqual(reference);
    const reversed = new Map(Object.entries(referenceTensors).reverse());
    expect(encodeSafetensors(reversed, referenceMetadata)).toEqual(reference);
  });

  it("reads every dtype, shape, value and the metadata", () => {
    const { tensors, metadata } = decodeSafetensors(reference);
    expect(Object.fromEntries(tensors)).toEqual(referenceTensors);
    expect(Object.fromEntries(metadata)).toEqual(referenceMetadata);
  });
});

describe("memory", () => {
  it("writes views of the tensors' own memory and reads views of the file's", () => {
    const weights = Float32Array.of(1, 2, 3);
    const chunks = safetensorsChunks({ weights: { dtype: "F32", shape: [3], data: weights } });
    expect(chunks[1]?.buffer).toBe(weights.buffer);
    const file = encodeSafetensors({ weights: { dtype: "F32", shape: [3], data: weights } });
    expect(decodeSafetensors(file).tensors.get("weights")?.data.buffer).toBe(file.buffer);
  });

  it("reads a file that starts at an odd address", () => {
    const shifted = new Uint8Array(reference.length + 1);
    shifted.set(reference, 1);
    expect(Object.fromEntries(decodeSafetensors(shifted.subarray(1)).tensors)).toEqual(referenceTensors);
  });

  it("writes only the part that a view shows", () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const { tensors } = decodeSafetensors(encodeSafetensors({ part: { dtype: "F32", shape: [2], data } }));
    expect(tensors.get("part")?.data).toEqual(Float32Array.of(2, 3));
  });
});

describe("properties", () => {
  it("what is written is read back, bit for bit", () => {
    const tensor = fc.oneof(
      fc.float32Array().map((data): SafeTensor => ({ dtype: "F32", shape: [data.length], data })),
      fc.float64Array().map((data): SafeTensor => ({ dtype: "F64", shape: [1, data.length], data })),
      fc.uint8Array().map((data): SafeTensor => ({ dtype: "U8", shape: [data.length, 1], data })),
    );
    const named = fc.dictionary(fc.string({ unit: "grapheme" }), tensor);
    fc.assert(
      fc.property(named, fc.dictionary(fc.string(), fc.string()), (tensors, metadata) => {
        const file = decodeSafetensors(encodeSafetensors(tensors, metadata));
        expect(new Map(file.tensors)).toEqual(new Map(Object.entries(tensors)));
        expect(file.metadata).toEqual(new Map(Object.entries(metadata)));
      }),
    );
  });

  it("any truncation and any appended byte is refused", () => {
    for (let length = 0; length < reference.length; length++) {
      expect(() => decodeSafetensors(reference.slice(0, length))).toThrow(SafetensorsError);
    }
    expect(() => decodeSafetensors(Uint8Array.of(...reference, 0))).toThrow("bytes 100 to 101 belong to no tensor");
  });

  it("a flipped byte of the header gives a valid file or a one-line SafetensorsError, nothing else", () => {
    fc.assert(
      fc.property(fc.nat(0x30f), fc.nat(255), (at, value) => {
        const damaged = reference.slice();
        damaged[at] = value;
        try {
          decodeSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
          expect((error as Error).message).not.toContain("\n");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a damaged or lying file is named", () => {
  const cases: [string, Uint8Array, string][] = [
    ["empty", new Uint8Array(0), "not a safetensors file: 0 bytes"],
    ["a huge header", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255), "a header of 18446744073709551615 bytes"],
    [
      "a header longer than the file",
      Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123),
      "truncated: the header takes 9 bytes and 1 are",
    ],
    ["no JSON", fileWith("{oops"), "the header isn't JSON"],
    ["no UTF-8", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), "the header isn't JSON"],
    ["an array", fileWith("[]"), "the header isn't a JSON object"],
    ["a tensor that is a number", fileWith({ w: 1 }), 'tensor "w" isn\'t a JSON object'],
    [
      "an unknown dtype",
      fileWith({ w: { ...entry(0, 4), dtype: "F8" } }, 4),
      'tensor "w": dtype "F8" isn\'t one of U64, I64',
    ],
    ["an inherited dtype", fileWith({ w: { ...entry(0, 4), dtype: "toString" } }, 4), 'dtype "toString" isn\'t one of'],
    [
      "no shape",
      fileWith({ w: { dtype: "F32", data_offsets: [0, 4] } }, 4),
      'tensor "w": shape undefined isn\'t a list of sizes',
    ],
    ["a negative size", fileWith({ w: { ...entry(0, 4), shape: [-1] } }, 4), "shape [-1] isn't a list of sizes"],
    ["a fractional size", fileWith({ w: { ...entry(0, 4), shape: [0.5] } }, 4), "shape [0.5] isn't a list of sizes"],
    ["an overflowing shape", fileWith({ w: { ...entry(0, 4), shape: [2 ** 52, 2 ** 52] } }, 4), "doesn't take 4 bytes"],
    ["a wrong size", fileWith({ w: { ...entry(0, 8), shape: [3] } }, 8), "F32 of shape [3] doesn't take 8 bytes"],
    ["no range", fileWith({ w: { dtype: "F32", shape: [1] } }, 4), "data_offsets isn't a pair of numbers"],
    ["a backward range", fileWith({ w: entry(4, 0, [0]) }, 4), "byte range [4,0] isn't a range"],
    [
      "a range past the end",
      fileWith({ w: entry(0, 1 << 30) }, 4),
      "truncated: its bytes end at 1073741824 and 4 are there",
    ],
    [
      "an overlap",
      fileWith({ a: entry(0, 8), b: entry(4, 12) }, 12),
      'tensor "b": its bytes 4 to 12 overlap another\'s',
    ],
    ["a gap", fileWith({ a: entry(0, 4), b: entry(8, 12) }, 12), "bytes 4 to 8 belong to no tensor"],
    ["a late start", fileWith({ a: entry(4, 8) }, 8), "bytes 0 to 4 belong to no tensor"],
    ["a name given twice", fileWith('{"a":{},"\\u0061":{}}'), 'the header gives "\\u0061" twice'],
    ["a field given twice", fileWith('{"a":{"dtype":"F32","dtype":"F64"}}'), 'the header gives "dtype" twice'],
    ["metadata that isn't strings", fileWith({ __metadata__: { step: 3 } }), '__metadata__ "step" isn\'t a string'],
  ];
  for (const [what, bytes, message] of cases) {
    it(what, () => {
      expect(() => decodeSafetensors(bytes)).toThrow(SafetensorsError);
      expect(() => decodeSafetensors(bytes)).toThrow(message);
    });
  }

  it("the same key in different objects, and as a value, is no duplicate", () => {
    const { metadata } = decodeSafetensors(
      fileWith(
        '{"__metadata__":{"dtype":"dtype","a":"a","b":"{\\"b\\":1}"},"dtype":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
    );
    expect(metadata.get("b")).toBe('{"b":1}');
  });

  it("metadata of many megabytes is scanned without trouble", () => {
    const text = 'x"\\'.repeat(3_000_000);
    expect(decodeSafetensors(encodeSafetensors({}, { text })).metadata.get("text")).toBe(text);
  });
});

describe("what can't be written is named", () => {
  it("a shape that the data doesn't fill", () => {
    const tensor: SafeTensor = { dtype: "F32", shape: [2, 2], data: new Float32Array(3) };
    expect(() => encodeSafetensors({ w: tensor })).toThrow(`tensor "w": shape [2, 2] doesn't hold 3 elements`);
  });

  it("an array of another type", () => {
    const tensor = { dtype: "F32", shape: [3], data: new Float64Array(3) } as unknown as SafeTensor;
    expect(() => encodeSafetensors({ w: tensor })).toThrow('tensor "w": F32 needs a Float32Array');
  });

  it("the reserved name", () => {
    const tensor: SafeTensor = { dtype: "U8", shape: [0], data: new Uint8Array(0) };
    expect(() => encodeSafetensors({ __metadata__: tensor })).toThrow("the format reserves it");
  });
});
