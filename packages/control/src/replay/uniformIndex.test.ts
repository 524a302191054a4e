import { expect, test } from "vitest";
import { xorshift } from "./replay.fixture.ts";
import { uniformIndex } from "./uniformIndex.ts";

function scripted(...draws: number[]) {
  return { nextUint32: () => draws.shift() ?? Number.NaN };
}

test("draws beyond the last whole multiple of the size are rejected, all others taken modulo it", () => {
  // 2³² = 3 · 1431655765 + 1: one draw too many.
  expect(uniformIndex(scripted(0xffffffff, 0xffffffff, 0xfffffffe), 3)).toBe(2);
  expect(uniformIndex(scripted(0), 3)).toBe(0);
  // 2³² − (2³¹ + 1) draws are too many: nearly half are rejected.
  expect(uniformIndex(scripted(2 ** 31 + 1, 2 ** 32 - 1, 2 ** 31), 2 ** 31 + 1)).toBe(2 ** 31);
});

test("a power of two takes every draw", () => {
  expect(uniformIndex(scripted(0xffffffff), 2 ** 32)).toBe(0xffffffff);
  expect(uniformIndex(scripted(0xffffffff), 8)).toBe(7);
  expect(uniformIndex(scripted(0xffffffff), 1)).toBe(0);
});

test("indices are uniform (chi-square, 49 degrees of freedom, 99.9 % point 85.35)", () => {
  const draws = 100_000;
  const counts = new Array<number>(50).fill(0);
  const generator = xorshift(1);
  for (let i = 0; i < draws; i++) {
    const index = uniformIndex(generator, counts.length);
    counts[index] = (counts[index] ?? Number.NaN) + 1;
  }
  const expected = draws / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(85.35);
});
