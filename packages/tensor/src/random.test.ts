import fc from "fast-check";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";

const draws = (count: number, draw: () => number) => Float64Array.from({ length: count }, draw);
const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

/** χ² of counts that should be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
}

/** How often each whole number below `classes` occurs. */
function histogram(classes: number, values: Float64Array): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

describe("Random", () => {
  it("draws the numbers of pure-rand's xoroshiro128+", () => {
    const random = new Random([1, 2, 3, 4]);
    const generator = xoroshiro128plusFromState([1, 2, 3, 4]);
    for (let i = 0; i < 100; i++) expect(random.nextUint32()).toBe(generator.next() >>> 0);
  });

  it("draws these numbers from seed 1, in every version", () => {
    const random = new Random(1);
    expect([random.nextUint32(), random.nextUint32(), random.integer(1000), random.uniform(), random.normal()]).toEqual(
      [3362229289, 3244824786, 502, 0.2779812812805176, -0.6610585077447828],
    );
  });

  it("draws the same from the same seed and other numbers from another", () => {
    const take = (seed: number) => Array.from(draws(20, seeded(seed)));
    expect(take(7)).toEqual(take(7));
    const firsts = new Set([0, 1, 2, 3, -1, 2 ** 32, 2 ** 40 + 1].map((seed) => take(seed).join()));
    expect(firsts.size).toBe(7);
  });

  it("draws unrelated numbers from neighbouring seeds", () => {
    // The bits in which the first draws of two neighbouring seeds differ: 32 fair coins, 2000 times.
    let differing = 0;
    for (let seed = 0; seed < 2000; seed++) {
      let bits = new Random(seed).nextUint32() ^ new Random(seed + 1).nextUint32();
      for (; bits !== 0; bits &= bits - 1) differing++;
    }
    expect(Math.abs(differing - 32_000)).toBeLessThan(5 * Math.sqrt(16_000));
  });

  it("refuses what is no seed and no saved state", () => {
    for (const seed of [0.5, Number.NaN, 2 ** 60]) expect(() => new Random(seed)).toThrow(`the seed ${seed}`);
    const wrong = [
      [],
      [1, 2, 3],
      [1, 2, 3, 4, 5, 6],
      [0, 0, 0, 0],
      [1, 2, 3, 2 ** 40],
      [1, 2, 3, 4, Number.NaN],
      [1.5, 2, 3, 4],
    ];
    for (const state of wrong) {
      expect(() => new Random(state)).toThrow("is no saved state");
      expect(() => {
        new Random(1).state = state;
      }).toThrow("is no saved state");
    }
  });
});

const seeded = (seed: number) => {
  const random = new Random(seed);
  return () => random.uniform();
};

describe("a saved state", () => {
  it("continues the sequence, also between the two numbers of one normal draw, and through JSON", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.constantFrom("normal", "uniform", "integer"), { maxLength: 12 }),
        (seed, steps) => {
          const random = new Random(seed);
          const step = (from: Random, kind: string) =>
            kind === "normal" ? from.normal() : kind === "uniform" ? from.uniform() : from.integer(7);
          for (const kind of steps) step(random, kind);
          const saved = JSON.parse(JSON.stringify(random.state));
          const restored = new Random(1);
          restored.normal();
          restored.state = saved;
          const constructed = new Random(saved);
          for (const kind of ["normal", "normal", "uniform", "normal", "integer"]) {
            const expected = step(random, kind);
            expect(step(restored, kind)).toBe(expected);
            expect(step(constructed, kind)).toBe(expected);
          }
        },
      ),
      { seed: 1 },
    );
  });

  it("is not changed by drawing from what it was restored to", () => {
    const random = new Random(3);
    random.normal();
    const { state } = random;
    const copy = [...state];
    new Random(state).normal();
    expect(state).toEqual(copy);
    expect(state).toHaveLength(5);
  });

  it("of a fork is independent of its parent's", () => {
    const [parent, same] = [new Random(5), new Random(5)];
    const [child, twin] = [parent.fork(), same.fork()];
    for (let i = 0; i < 10; i++) parent.normal();
    expect(Array.from(draws(10, () => child.uniform()))).toEqual(Array.from(draws(10, () => twin.uniform())));
    expect(child.uniform()).not.toBe(same.uniform());
  });
});

describe("distributions", () => {
  const count = 200_000;

  it("uniform numbers fill [0, 1) evenly and are float32", () => {
    const random = new Random(11);
    const values = draws(count, () => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1 && value === Math.fround(value))).toBe(true);
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(5 / Math.sqrt(12 * count));
    // 99 degrees of freedom: above 149 once in a thousand times.
    expect(
      chiSquare(
        histogram(
          100,
          values.map((value) => Math.floor(value * 100)),
        ),
      ),
    ).toBeLessThan(149);
    // Consecutive pairs fill the square.
    const pairs = values.subarray(1).map((value, i) => 10 * Math.floor(value * 10) + Math.floor((values[i] ?? 0) * 10));
    expect(chiSquare(histogram(100, pairs))).toBeLessThan(149);
  });

  it.each([1, 2, 3, 7, 64, 1000])("whole numbers below %d are equally likely", (n) => {
    const random = new Random(n);
    const counts = histogram(
      n,
      draws(count, () => random.integer(n)),
    );
    expect(counts).toHaveLength(n);
    // Five deviations above the mean of χ².
    expect(chiSquare(counts)).toBeLessThan(n - 1 + 5 * Math.sqrt(2 * n));
  });

  it("whole numbers are unbiased where 2³² is no multiple: below 3·2³⁰, by thirds", () => {
    const random = new Random(2);
    const n = 3 * 2 ** 30;
    // A remainder of 2³² would make the first third twice as likely.
    const thirds = histogram(
      3,
      draws(60_000, () => Math.floor(random.integer(n) / 2 ** 30)),
    );
    expect(chiSquare(thirds)).toBeLessThan(14);
  });

  it("whole numbers reach the ends of the largest range", () => {
    const random = new Random(4);
    const values = draws(20_000, () => random.integer(2 ** 32));
    expect(Math.max(...values)).toBeGreaterThan(2 ** 32 * 0.999);
    expect(Math.min(...values)).toBeLessThan(2 ** 32 * 0.001);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => random.integer(n)).toThrow(RangeError);
  });

  it("normal numbers have the normal's moments and tails, one by one and in pairs", () => {
    const random = new Random(12);
    const values = random.fillNormal(new Float64Array(count));
    const moment = (power: number) => mean(values.map((value) => value ** power));
    // Five standard errors of each moment: √(var(zᵖ)/n).
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
    const beyond = (limit: number) => values.filter((value) => Math.abs(value) > limit).length / count;
    expect(beyond(1.959964)).toBeCloseTo(0.05, 2);
    expect(beyond(3.290527)).toBeCloseTo(0.001, 3);
    const products = mean(values.subarray(1).map((value, i) => value * (values[i] ?? 0)));
    expect(Math.abs(products)).toBeLessThan(5 / Math.sqrt(count));
  });

  it("fill arrays with the numbers that single draws give", () => {
    const [one, other] = [new Random(9), new Random(9)];
    expect(Array.from(one.fillNormal(new Float64Array(5)))).toEqual(Array.from({ length: 5 }, () => other.normal()));
    expect(Array.from(one.fillUniform(new Float32Array(5)))).toEqual(Array.from({ length: 5 }, () => other.uniform()));
  });
});
