import { Random } from "@era/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Box } from "./box.ts";

const bound = fc.double({ noNaN: true, min: -1e6, max: 1e6 });

test("a box contains its samples, whatever its bounds", () => {
  const interval = fc.tuple(bound, bound, fc.boolean(), fc.boolean()).map(([a, b, openBelow, openAbove]) => ({
    low: openBelow ? -Infinity : Math.min(a, b),
    high: openAbove ? Infinity : Math.max(a, b),
  }));
  fc.assert(
    fc.property(
      fc.array(interval, { minLength: 1, maxLength: 5 }),
      fc.integer(),
      fc.boolean(),
      (intervals, seed, single) => {
        const low = intervals.map((i) => i.low);
        const high = intervals.map((i) => i.high);
        const box = new Box(single ? "float32" : "float64", low, high);
        const point = box.sample(new Random(seed));
        return point.length === intervals.length && box.contains(point);
      },
    ),
  );
});

test("bounded elements are sampled uniformly, unbounded ones normally, half-bounded ones exponentially from their bound", () => {
  const box = new Box("float64", [-1, -Infinity, 2, -Infinity], [3, Infinity, Infinity, 5]);
  const random = new Random(3);
  const sums = [0, 0, 0, 0];
  const squares = [0, 0, 0, 0];
  const n = 20_000;
  for (let k = 0; k < n; k++) {
    box.sample(random).forEach((x, i) => {
      sums[i] = (sums[i] ?? 0) + x;
      squares[i] = (squares[i] ?? 0) + x * x;
    });
  }
  const means = sums.map((sum) => sum / n);
  const variances = squares.map((sum, i) => sum / n - (means[i] ?? 0) ** 2);
  // Five standard errors of each mean and more of each variance.
  [1, 0, 3, 4].forEach((mean, i) => {
    expect(Math.abs((means[i] ?? 0) - mean)).toBeLessThan(0.05);
  });
  [16 / 12, 1, 1, 1].forEach((variance, i) => {
    expect(Math.abs((variances[i] ?? 0) - variance)).toBeLessThan(0.15);
  });
});

test("a float32 box holds bounds and points in float32, so a policy's clipped output is inside", () => {
  const box = Box.uniform("float32", 2, -0.4, 0.4);
  expect(box.high).toEqual(new Float32Array([0.4, 0.4]));
  expect(box.contains(new Float32Array([0.4, -0.4]))).toBe(true);
  expect(box.sample(new Random(0))).toBeInstanceOf(Float32Array);
  expect(Box.unbounded(3).sample(new Random(0))).toBeInstanceOf(Float64Array);
});

test("contains refuses wrong lengths, values outside and NaN", () => {
  const box = Box.uniform("float64", 2, -1, 1);
  for (const point of [[0], [0, 0, 0], [0, 1.01], [Number.NaN, 0]]) expect(box.contains(point)).toBe(false);
});

test("impossible bounds are refused", () => {
  expect(() => new Box("float64", [0, 1], [1])).toThrow("Box: 2 lower bounds, but 1 upper bounds");
  expect(() => new Box("float64", [0, 2], [1, 1])).toThrow("Box: low[1] = 2 is not below high[1] = 1");
  expect(() => new Box("float64", [Number.NaN], [1])).toThrow("low[0] = NaN");
});
