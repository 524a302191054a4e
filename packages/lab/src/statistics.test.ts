import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootstrap, interquartileMean, mean, quantile, RunningRange } from "./statistics.ts";

/** Made with SciPy and NumPy by fixtures/scipy_statistics.py. */
const cases: {
  values: number[];
  mean: number;
  iqm: number;
  quantiles: number[];
  meanBrackets?: number[];
  iqmBrackets?: number[];
}[] = JSON.parse(readFileSync(new URL("./fixtures/scipy_statistics.json", import.meta.url), "utf8"));

describe("as SciPy and NumPy compute them", () => {
  for (const { values, quantiles, meanBrackets, iqmBrackets, ...expected } of cases) {
    it(`mean, interquartile mean and quantiles of ${values.length} values`, () => {
      expect(mean(values)).toBeCloseTo(expected.mean, 9);
      expect(interquartileMean(values)).toBeCloseTo(expected.iqm, 9);
      const sorted = values.toSorted((a, b) => a - b);
      for (const [index, probability] of [0, 0.025, 0.3, 0.5, 0.975, 1].entries()) {
        expect(quantile(sorted, probability)).toBeCloseTo(quantiles[index] ?? Number.NaN, 9);
      }
    });

    const intervals = [
      ["mean", mean, meanBrackets],
      ["interquartile mean", interquartileMean, iqmBrackets],
    ] as const;
    for (const [name, statistic, brackets] of intervals) {
      if (brackets === undefined) continue;
      it(`bootstrap interval of the ${name} of ${values.length} values`, () => {
        const { low, high } = bootstrap(values, statistic, { resamples: 20_000, seed: 3 });
        const [lowest, lower, higher, highest] = brackets as [number, number, number, number];
        // 1e-9 of the width for the rounding of sums in another order.
        const rounding = 1e-9 * (highest - lowest);
        expect(low).toBeGreaterThanOrEqual(lowest - rounding);
        expect(low).toBeLessThanOrEqual(lower + rounding);
        expect(high).toBeGreaterThanOrEqual(higher - rounding);
        expect(high).toBeLessThanOrEqual(highest + rounding);
      });
    }
  }
});

describe("bootstrap", () => {
  it("of two values has the means of all four resamples: a quarter low, half between, a quarter high", () => {
    const at = (level: number) => bootstrap([0, 1], mean, { level });
    expect(at(0.95)).toEqual({ value: 0.5, low: 0, high: 1 });
    expect(at(0.4)).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  });

  it("is the same for the same seed, and another for another", () => {
    const values = cases.at(-1)?.values ?? [];
    expect(bootstrap(values, mean, { seed: 7 })).toEqual(bootstrap(values, mean, { seed: 7 }));
    expect(bootstrap(values, mean, { seed: 7 })).not.toEqual(bootstrap(values, mean, { seed: 8 }));
  });

  it("of no values is NaN, not an error", () => {
    expect(bootstrap([])).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN });
  });
});

it("a running range is that of all values", () => {
  const numbers = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  fc.assert(
    fc.property(numbers, (values) => {
      const range = new RunningRange();
      range.add(1e9);
      range.reset();
      for (const value of values) range.add(value);
      expect([range.count, range.min, range.max]).toEqual([values.length, Math.min(...values), Math.max(...values)]);
      expect(range.mean).toBeCloseTo(mean(values), 5);
    }),
  );
  expect(new RunningRange().min).toBeNaN();
});
