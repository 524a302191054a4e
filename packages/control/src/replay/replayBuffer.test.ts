import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, contents, rows, transitions, xorshift } from "./replay.fixture.ts";
import { createReplayBatch } from "./replayBatch.ts";
import { ReplayBuffer } from "./replayBuffer.ts";

const layout = { observationSize: 3, actionSize: 2 };
const streams = transitions(layout.observationSize, layout.actionSize, 80);
const capacities = fc.integer({ min: 1, max: 12 });

describe("against an array of objects", () => {
  test("it holds exactly the last `capacity` transitions, after every addition", () => {
    fc.assert(
      fc.property(capacities, streams, (capacity, stream) => {
        const buffer = new ReplayBuffer({ ...layout, capacity });
        for (const [index, transition] of stream.entries()) {
          add(buffer, transition);
          expect(contents(buffer)).toEqual(stream.slice(Math.max(0, index + 1 - capacity), index + 1));
        }
        expect(buffer.count).toBe(stream.length);
        expect(buffer.size).toBe(Math.min(capacity, stream.length));
      }),
    );
  });

  test("it samples held transitions, whole, and each of them", () => {
    fc.assert(
      fc.property(capacities, streams, fc.integer(), (capacity, stream, seed) => {
        fc.pre(stream.length > 0);
        const buffer = new ReplayBuffer({ ...layout, capacity });
        const numbered = stream.map((transition, reward) => ({ ...transition, reward }));
        for (const transition of numbered) add(buffer, transition);
        const held = numbered.slice(-capacity);
        const batch = createReplayBatch(40 * held.length, layout.observationSize, layout.actionSize);
        buffer.sample(xorshift(seed), batch);
        const seen = new Set<number>();
        for (const row of rows(batch)) {
          expect(row).toEqual(numbered[row.reward]);
          seen.add(row.reward);
        }
        // Each is missed with probability e⁻⁴⁰.
        expect([...seen].sort((a, b) => a - b)).toEqual(held.map(({ reward }) => reward));
      }),
    );
  });
});

test("sampling is uniform after a wrap (chi-square, 63 degrees of freedom, 99.9 % point 103.4)", () => {
  const capacity = 64;
  const buffer = new ReplayBuffer({ capacity, observationSize: 1, actionSize: 1 });
  for (let t = 0; t < 100; t++) buffer.add([t], [0], t, false, [t + 1]);
  const batch = createReplayBatch(64_000, 1, 1);
  buffer.sample(xorshift(7), batch);
  const counts = new Map<number, number>();
  for (const reward of batch.rewards) counts.set(reward, (counts.get(reward) ?? 0) + 1);
  expect(counts.size).toBe(capacity);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeLessThan(103.4);
});

test("the same generator state draws the same batches, one after the other", () => {
  const buffer = new ReplayBuffer({ capacity: 32, observationSize: 1, actionSize: 1 });
  for (let t = 0; t < 50; t++) buffer.add([t], [0], t, false, [t + 1]);
  const draw = (seed: number, sizes: number[]) => {
    const generator = xorshift(seed);
    return sizes.flatMap((size) => {
      const batch = createReplayBatch(size, 1, 1);
      buffer.sample(generator, batch);
      return Array.from(batch.rewards);
    });
  };
  expect(draw(5, [8, 8])).toEqual(draw(5, [16]));
  expect(draw(5, [16])).not.toEqual(draw(6, [16]));
});

test("numbers are rounded to float32, also to see whether a float64 observation is the one before", () => {
  const buffer = new ReplayBuffer({ capacity: 4, observationSize: 2, actionSize: 1 });
  const middle = Float64Array.of(0.1, 1 / 3);
  buffer.add([0, 0], [0.7], 0.2, false, middle);
  buffer.add(middle, [0.7], 0.2, true, [1, 1]);
  expect(buffer.continues(1)).toBe(true);
  expect(contents(buffer)[1]).toEqual({
    observation: [Math.fround(0.1), Math.fround(1 / 3)],
    action: [Math.fround(0.7)],
    reward: Math.fround(0.2),
    terminated: true,
    nextObservation: [1, 1],
  });
});

test("arrays that the caller reuses are copied", () => {
  const buffer = new ReplayBuffer({ capacity: 4, observationSize: 1, actionSize: 1 });
  const [observation, action, next] = [Float64Array.of(1), Float32Array.of(2), Float64Array.of(3)];
  buffer.add(observation, action, 0, false, next);
  observation[0] = action[0] = next[0] = 9;
  expect(contents(buffer)).toEqual([
    { observation: [1], action: [2], reward: 0, terminated: false, nextObservation: [3] },
  ]);
});

describe("it refuses, and stores nothing of,", () => {
  const good = { observation: [1, 2, 3], action: [4, 5], reward: 6, terminated: false, nextObservation: [7, 8, 9] };
  const cases: [string, Partial<typeof good>, RegExp][] = [
    ["a NaN observation", { observation: [1, Number.NaN, 3] }, /: observation\[1\] of transition 1 is NaN/],
    ["an infinite action", { action: [0, Number.NEGATIVE_INFINITY] }, /: action\[1\] of transition 1 is -Infinity/],
    ["a NaN reward", { reward: Number.NaN }, /: reward of transition 1 is NaN/],
    [
      "an infinite next observation",
      { nextObservation: [1, 2, Number.POSITIVE_INFINITY] },
      /: nextObservation\[2\] of transition 1 is Infinity/,
    ],
    ["what float32 cannot hold", { reward: 1e300 }, /: reward of transition 1 is 1e\+300; .*float32/],
    ["a short observation", { observation: [1, 2] }, /: observation has 2 numbers; this buffer takes 3/],
    ["a hole in an observation", { observation: new Array<number>(3) }, /: observation\[0\] .* is undefined/],
    ["a long action", { action: [1, 2, 3] }, /: action has 3 numbers; this buffer takes 2/],
    ["a long next observation", { nextObservation: [1, 2, 3, 4] }, /: nextObservation has 4 numbers/],
  ];
  test.each(cases)("%s", (_, bad, message) => {
    const buffer = new ReplayBuffer({ ...layout, capacity: 3 });
    add(buffer, good);
    expect(() => add(buffer, { ...good, ...bad })).toThrow(message);
    expect(contents(buffer)).toEqual([good]);
    add(buffer, { ...good, reward: 1 });
    expect(contents(buffer)).toEqual([good, { ...good, reward: 1 }]);
  });
});

test("impossible sizes, an empty buffer, a batch that does not fit and a transition that is gone are named", () => {
  expect(() => new ReplayBuffer({ ...layout, capacity: 0 })).toThrow(/capacity is 0; it must be an integer from 1/);
  expect(() => new ReplayBuffer({ ...layout, capacity: 1.5 })).toThrow(/capacity is 1.5/);
  expect(() => new ReplayBuffer({ capacity: 1, observationSize: -1, actionSize: 1 })).toThrow(/observationSize is -1/);
  const buffer = new ReplayBuffer({ ...layout, capacity: 2 });
  const batch = createReplayBatch(4, 3, 2);
  expect(() => buffer.sample(xorshift(1), batch)).toThrow(/nothing to sample/);
  for (let t = 0; t < 3; t++) buffer.add([t, t, t], [0, 0], 0, false, [t, t, t]);
  expect(() => buffer.sample(xorshift(1), createReplayBatch(4, 3, 1))).toThrow(
    /a batch of 4 needs observations of 3 and actions of 2/,
  );
  expect(() => buffer.sample(xorshift(1), { ...batch, masks: new Float32Array(3) })).toThrow(
    /a batch of 4 needs observations of 3 and actions of 2/,
  );
  expect(() => buffer.read(0, batch, 0)).toThrow(/holds transitions 1 to 2, not 0/);
  expect(() => buffer.read(3, batch, 0)).toThrow(/holds transitions 1 to 2, not 3/);
});
