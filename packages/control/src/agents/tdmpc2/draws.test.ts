import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { fillDropout, twoOf } from "./draws.ts";

describe("what TD-MPC2 draws", () => {
  it("two members of an ensemble: never the same, every ordered pair as often", () => {
    const random = new Random(1);
    const counts = new Map<string, number>();
    const draws = 12_000;
    for (let i = 0; i < draws; i++) {
      const pair = twoOf(4, random).join();
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual("0,1 0,2 0,3 1,0 1,2 1,3 2,0 2,1 2,3 3,0 3,1 3,2".split(" "));
    // Four standard deviations around a twelfth.
    for (const count of counts.values()) expect(Math.abs(count - draws / 12)).toBeLessThan(4 * Math.sqrt(draws / 12));
  });

  it.each([0.01, 0.1, 0.5, 0.9])(
    "dropout of %d: so many zeros, independent of their neighbours, and a mean of 1",
    (p) => {
      const mask = new Float32Array(200_000);
      fillDropout(mask, p, new Random(2));
      const kept = Math.fround(1 / (1 - p));
      expect(mask.every((value) => value === 0 || value === kept)).toBe(true);
      const share = (holds: (i: number) => boolean) =>
        mask.reduce((n, _, i) => n + (holds(i) ? 1 : 0), 0) / mask.length;
      const tolerance = (q: number) => 5 * Math.sqrt((q * (1 - q)) / mask.length);
      expect(Math.abs(share((i) => mask[i] === 0) - p)).toBeLessThan(tolerance(p));
      expect(Math.abs(share((i) => mask[i] === 0 && mask[i + 1] === 0) - p * p)).toBeLessThan(2 * tolerance(p * p));
    },
  );

  it("no dropout: all ones, and nothing is drawn", () => {
    const random = new Random(3);
    const before = random.state;
    const mask = new Float32Array(10);
    fillDropout(mask, 0, random);
    expect([...mask]).toEqual(new Array(10).fill(1));
    expect(random.state).toEqual(before);
  });
});
