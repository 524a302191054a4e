/** 16-bit floats: every pattern goes to float32 and back; numbers between round to the nearest. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./halfPrecision.ts";

const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);

describe.each([
  ["half precision", fromFloat16, toFloat16, 0x7c00, 10],
  ["bfloat16", fromBfloat16, toBfloat16, 0x7f80, 7],
] as const)("%s", (_name, decode, encode, infinity, fractionBits) => {
  it("keeps every number, infinity and sign, and NaN as NaN", () => {
    const numbers = decode(all);
    const back = encode(numbers);
    const isNaNPattern = (pattern: number) => (pattern & 0x7fff) > infinity;
    const wrong = all.filter((pattern, i) =>
      isNaNPattern(pattern)
        ? !Number.isNaN(numbers[i]) || !isNaNPattern(back[i] ?? 0)
        : Number.isNaN(numbers[i]) || back[i] !== pattern,
    );
    expect([...wrong]).toEqual([]);
  });

  it("has the published values", () => {
    const [one, two, smallest] = decode(Uint16Array.of(15 << fractionBits, 16 << fractionBits, 1));
    const bias = fractionBits === 10 ? 15 : 127;
    expect(one).toBe(2 ** (15 - bias));
    expect(two).toBe(2 ** (16 - bias));
    expect(smallest).toBe(Math.fround(2 ** (1 - bias - fractionBits)));
  });

  it("rounds to the nearest, and of two nearest to the even pattern", () => {
    const largest = decode(Uint16Array.of(infinity - 1))[0] ?? 0;
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: Math.fround(-largest), max: Math.fround(largest) }), (value) => {
        const pattern = encode(Float32Array.of(value))[0] ?? 0;
        const near = [pattern - 1, pattern, pattern + 1].filter((p) => (p & 0x7fff) < infinity && p >= 0);
        const distance = (p: number) => Math.abs((decode(Uint16Array.of(p))[0] ?? Number.NaN) - value);
        for (const other of near) {
          expect(distance(pattern)).toBeLessThanOrEqual(distance(other));
          if (other !== pattern && distance(other) === distance(pattern)) expect(pattern % 2).toBe(0);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
