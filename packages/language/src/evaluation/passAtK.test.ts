import { expect, test } from "vitest";
import { passAtK } from "./passAtK.ts";

const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);

test("the closed form, wherever binomials are exact", () => {
  for (let n = 1; n <= 20; n++) {
    for (let c = 0; c <= n; c++) {
      for (let k = 1; k <= n; k++) {
        const closed = 1 - (n - c < k ? 0 : choose(n - c, k) / choose(n, k));
        expect(passAtK(n, c, k)).toBeCloseTo(closed, 12);
      }
    }
  }
});

test("pass@1 is the share of right responses, pass@n whether there is one; large numbers do not overflow", () => {
  expect(passAtK(200, 37, 1)).toBeCloseTo(37 / 200, 12);
  expect([passAtK(8, 0, 8), passAtK(8, 1, 8)]).toEqual([0, 1]);
  expect(passAtK(100_000, 10, 1000)).toBeCloseTo(1 - 0.99 ** 10, 3);
});

test("it is the average over all choices of k responses", () => {
  const right = [1, 0, 0, 1, 0, 0];
  let [hits, all] = [0, 0];
  for (let a = 0; a < 6; a++) {
    for (let b = a + 1; b < 6; b++) {
      hits += Math.max(right[a] ?? 0, right[b] ?? 0);
      all++;
    }
  }
  expect(passAtK(6, 2, 2)).toBeCloseTo(hits / all, 12);
});
