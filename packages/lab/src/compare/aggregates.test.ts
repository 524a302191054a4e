import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Estimate } from "../statistics.ts";
import {
  aggregateIqm,
  aggregateMean,
  aggregateMedian,
  optimalityGap,
  performanceProfile,
  probabilityOfImprovement,
} from "./aggregates.ts";
import { resampleStrata, type Strata, stratifiedBootstrap } from "./stratifiedBootstrap.ts";

type Brackets = [lowest: number, lower: number, higher: number, highest: number];

/** Made with rliable by fixtures/make_rliable.py. */
const cases: {
  first: number[][];
  second: number[][];
  aggregates: number[];
  aggregateBrackets: Brackets[];
  improvement: number;
  improvementBrackets: Brackets[];
  thresholds: number[];
  profile: number[];
  profileBrackets: Brackets[];
  resamples: { indices: number[][]; aggregates: number[] }[];
}[] = JSON.parse(readFileSync(new URL("./fixtures/rliable.json", import.meta.url), "utf8"));

const aggregates = (scores: Strata<number>) => [
  aggregateIqm(scores),
  aggregateMedian(scores),
  aggregateMean(scores),
  optimalityGap(scores),
];

function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(values[i]).toBeCloseTo(value, 12);
}

function expectWithin(estimates: readonly Estimate[], brackets: readonly Brackets[]): void {
  expect(estimates).toHaveLength(brackets.length);
  for (const [i, [lowest, lower, higher, highest]] of brackets.entries()) {
    const { low, high } = estimates[i] ?? { low: Number.NaN, high: Number.NaN };
    // For the rounding of sums in another order.
    expect(low).toBeGreaterThanOrEqual(lowest - 1e-9);
    expect(low).toBeLessThanOrEqual(lower + 1e-9);
    expect(high).toBeGreaterThanOrEqual(higher - 1e-9);
    expect(high).toBeLessThanOrEqual(highest + 1e-9);
  }
}

describe.each(cases)("as rliable computes them, case %#", (expected) => {
  const { first, second, thresholds } = expected;

  it("aggregates, profile and probability of improvement", () => {
    expectClose(aggregates(first), expected.aggregates);
    expectClose(performanceProfile(first, thresholds), expected.profile);
    expectClose([probabilityOfImprovement(first, second)], [expected.improvement]);
  });

  it("the same resamples", () => {
    for (const { indices, aggregates: values } of expected.resamples) {
      const drawn = indices.flat().values();
      expectClose(aggregates(resampleStrata(first, () => drawn.next().value ?? Number.NaN)), values);
    }
  });

  it("stratified bootstrap intervals", () => {
    expectWithin(
      stratifiedBootstrap([first], ([drawn = []]) => aggregates(drawn)),
      expected.aggregateBrackets,
    );
    expectWithin(
      stratifiedBootstrap([first], ([drawn = []]) => performanceProfile(drawn, thresholds)),
      expected.profileBrackets,
    );
    expectWithin(
      stratifiedBootstrap([first, second], ([a = [], b = []]) => [probabilityOfImprovement(a, b)]),
      expected.improvementBrackets,
    );
  });
});

const scores = fc.array(fc.array(fc.double({ noNaN: true, min: -10, max: 10 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 5,
});

describe("the probability of improvement", () => {
  it("is 1 of what is always better, ½ of the same, and adds up to 1 both ways", () => {
    expect(
      probabilityOfImprovement(
        [[3, 4], [9]],
        [
          [1, 2],
          [8, 7],
        ],
      ),
    ).toBe(1);
    expect(probabilityOfImprovement([[5, 5]], [[5]])).toBe(0.5);
    fc.assert(
      fc.property(scores, scores, (first, second) => {
        const tasks = Math.min(first.length, second.length);
        const [a, b] = [first.slice(0, tasks), second.slice(0, tasks)];
        expect(probabilityOfImprovement(a, b) + probabilityOfImprovement(b, a)).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe("the stratified bootstrap", () => {
  it("never mixes tasks", () => {
    const strata = [
      [1, 2, 3],
      [10, 20],
    ];
    const check = (drawn: Strata<number> = []) => {
      expect(drawn.map((runs) => runs.length)).toEqual([3, 2]);
      expect(drawn[0]?.every((score) => score < 10)).toBe(true);
      expect(drawn[1]?.every((score) => score >= 10)).toBe(true);
      return [];
    };
    stratifiedBootstrap([strata], ([drawn]) => check(drawn), { resamples: 50 });
  });

  it("of two runs on each of two tasks has the five means of the closed form", () => {
    // A resample's mean is 0, ¼, ½, ¾ or 1 with probabilities 1/16, 4/16, 6/16, 4/16 and 1/16.
    const task = [0, 1];
    const at = (level: number) =>
      stratifiedBootstrap([[task, task]], ([drawn = []]) => [aggregateMean(drawn)], { level })[0];
    expect(at(0.95)).toEqual({ value: 0.5, low: 0, high: 1 });
    expect(at(0.8)).toEqual({ value: 0.5, low: 0.25, high: 0.75 });
    expect(at(0.3)).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  });

  it("has no interval where no task has a second run", () => {
    const [estimate] = stratifiedBootstrap([[[3], [5]]], ([drawn = []]) => [aggregateMean(drawn)]);
    expect(estimate).toEqual({ value: 4, low: Number.NaN, high: Number.NaN });
  });

  it("is the same for the same seed", () => {
    const of = (seed: number) => stratifiedBootstrap([[[1, 5, 9, 2]]], ([a = []]) => [aggregateMean(a)], { seed });
    expect(of(1)).toEqual(of(1));
  });
});

it("a profile falls from 1 below all scores to 0 at the highest", () => {
  fc.assert(
    fc.property(scores, (strata) => {
      const all = strata.flat().sort((a, b) => a - b);
      const profile = performanceProfile(strata, [(all[0] ?? 0) - 1, ...all]);
      expect([profile[0], profile.at(-1)]).toEqual([1, 0]);
      expect(profile).toEqual(profile.toSorted((a, b) => b - a));
    }),
  );
});
