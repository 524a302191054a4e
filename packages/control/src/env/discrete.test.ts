import { Random } from "@era/tensor";
import { expect, test } from "vitest";
import { Discrete } from "./discrete.ts";

test("a discrete space contains the numbers of its actions and nothing else", () => {
  const space = new Discrete(3);
  for (const point of [[0], [1], Float32Array.of(2)]) expect(space.contains(point)).toBe(true);
  for (const point of [[], [-1], [3], [0.5], [Number.NaN], [1, 1]]) expect(space.contains(point)).toBe(false);
});

test("samples are its actions, all about equally often", () => {
  const [space, random, counts] = [new Discrete(3), new Random(1), [0, 0, 0]];
  for (let i = 0; i < 3000; i++) {
    const [action = -1] = space.sample(random);
    counts[action] = (counts[action] ?? Number.NaN) + 1;
  }
  // Five standard deviations of a count.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(3000 * (2 / 9)));
});

test.each([0, -1, 1.5, Number.NaN])("there is no space of %d actions", (n) => {
  expect(() => new Discrete(n)).toThrow(`Discrete: n is ${n}; it must be a positive integer`);
});
