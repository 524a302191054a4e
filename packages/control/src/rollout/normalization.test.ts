import { expect, test } from "vitest";
import { ppoFixture } from "../agents/ppo.fixture.ts";
import { ObservationNormalizer, RewardNormalizer } from "./normalization.ts";
import { initialMoments, RunningMoments } from "./runningMoments.ts";

const fixture = ppoFixture.normalization;
const moments = (size: number) => new RunningMoments(initialMoments(size));
const close = (actual: ArrayLike<number>, expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(value)));
  });
};

test("observations as Gymnasium's NormalizeObservation, clipped", () => {
  const { size } = fixture;
  const normalizer = new ObservationNormalizer(moments(size));
  const rows = Float32Array.from(fixture.observations);
  const out = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += size) {
    const row = rows.subarray(at, at + size);
    normalizer.see(row);
    normalizer.normalize(row, out.subarray(at, at + size));
  }
  close(out, fixture.normalizedObservations);
});

test("rewards as Gymnasium's NormalizeReward, clipped", () => {
  const normalizer = new RewardNormalizer(moments(1), new Float64Array(1), fixture.discount);
  const paid = fixture.rewards.map((reward, i) => {
    const out = new Float32Array(1);
    normalizer.normalize(Float64Array.of(reward), Uint8Array.of(fixture.terminated[i] ?? 0), out);
    return out[0] ?? Number.NaN;
  });
  close(paid, fixture.normalizedRewards);
});

test("moments are those of all that was seen, however it came", () => {
  const rows = Float64Array.from({ length: 300 }, (_, i) => 5 + Math.sin(i * i) * (1 + (i % 3)));
  const [whole, parts] = [moments(3), moments(3)];
  whole.add(rows);
  for (let at = 0; at < rows.length; at += 30) parts.add(rows.subarray(at, at + 30));
  for (let i = 0; i < 3; i++) {
    const column = [...rows].filter((_, at) => at % 3 === i);
    const mean = column.reduce((sum, value) => sum + value, 0) / 100;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 100;
    // The count of 1e-4 that they begin with pulls a little.
    for (const { mean: m, variance: v } of [whole, parts]) {
      expect(m[i]).toBeCloseTo(mean, 4);
      expect(v[i]).toBeCloseTo(variance, 3);
    }
    expect(whole.mean[i]).toBeCloseTo(parts.mean[i] ?? Number.NaN, 12);
    expect(whole.variance[i]).toBeCloseTo(parts.variance[i] ?? Number.NaN, 12);
  }
});

test("several copies share one set of statistics", () => {
  const [shared, single] = [moments(2), moments(2)];
  const normalizer = new ObservationNormalizer(shared);
  normalizer.see(Float32Array.of(1, 2, 3, 4));
  single.add([1, 2, 3, 4]);
  expect(shared).toEqual(single);
  const out = new Float32Array(4);
  normalizer.normalize(Float32Array.of(1, 2, 3, 4), out);
  for (const [i, sign] of [-1, -1, 1, 1].entries()) expect(out[i]).toBeCloseTo(sign, 3);
});
