import { expect, test } from "vitest";
import { Random } from "./random.ts";

function moments(draw: () => number, n = 50_000) {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const x = draw();
    sum += x;
    squares += x * x;
  }
  return { mean: sum / n, variance: squares / n - (sum / n) ** 2 };
}

test("the same seed gives the same numbers, another seed others, from the first draw on", () => {
  const first = (seed: number) => new Random(seed).uniform();
  expect(first(5)).toBe(first(5));
  // Neighbouring seeds: their first draws would be neighbours too if the generator were not warmed up.
  const draws = Array.from({ length: 1000 }, (_, seed) => first(seed));
  expect(new Set(draws).size).toBe(1000);
  const correlation = draws.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * ((draws[i] ?? 0) - 0.5), 0) / (999 / 12);
  expect(Math.abs(correlation)).toBeLessThan(0.16);
});

test("a restored state continues bit for bit", () => {
  const random = new Random(11);
  random.normal();
  const state = random.getState();
  const expected = [random.uniform(), random.normal(), random.uniform(-2, 3)];
  const restored = new Random(0);
  restored.setState(state);
  expect([restored.uniform(), restored.normal(), restored.uniform(-2, 3)]).toEqual(expected);
  expect(state).toHaveLength(Random.stateSize);
});

test("uniform fills its interval, normal has mean 0 and variance 1", () => {
  const random = new Random(1);
  const uniform = moments(() => random.uniform(-2, 4));
  expect(Math.abs(uniform.mean - 1)).toBeLessThan(0.04);
  expect(Math.abs(uniform.variance - 3)).toBeLessThan(0.08);
  const normal = moments(() => random.normal());
  expect(Math.abs(normal.mean)).toBeLessThan(0.023);
  expect(Math.abs(normal.variance - 1)).toBeLessThan(0.04);
});
