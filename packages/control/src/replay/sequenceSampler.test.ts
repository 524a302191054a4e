import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { createReplayBatch } from "./replayBatch.ts";
import { ReplayBuffer } from "./replayBuffer.ts";
import { sampleSequences } from "./sequenceSampler.ts";

/** Episodes of the given lengths; the observation is (episode, time), the action the transition's number. */
function bufferOf(lengths: readonly number[], capacity = 1000): ReplayBuffer {
  const buffer = new ReplayBuffer({ capacity, observationSize: 2, actionSize: 1 });
  lengths.forEach((length, episode) => {
    for (let t = 0; t < length; t++) {
      buffer.add([episode, t], [buffer.count], t, t === length - 1, [episode, t + 1]);
    }
  });
  return buffer;
}

describe("sequences from replay", () => {
  it("lie within one episode, time first, every start equally often", () => {
    const buffer = bufferOf([5, 2, 4, 3]);
    const [horizon, sequences] = [3, 1000];
    const batch = createReplayBatch(horizon * sequences, 2, 1);
    sampleSequences(buffer, new Random(1), horizon, batch);
    const starts = new Map<number, number>();
    for (let b = 0; b < sequences; b++) {
      const start = batch.actions[b] ?? Number.NaN;
      starts.set(start, (starts.get(start) ?? 0) + 1);
      for (let t = 0; t < horizon; t++) {
        const row = t * sequences + b;
        expect(batch.actions[row]).toBe(start + t);
        expect(batch.observations[2 * row]).toBe(batch.observations[2 * b]);
        expect(batch.nextObservations[2 * row + 1]).toBe((batch.observations[2 * row + 1] ?? 0) + 1);
      }
    }
    // Episodes of 5, 4 and 3 steps have 3, 2 and 1 starts; that of 2 has none.
    expect([...starts.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 7, 8, 11]);
    for (const count of starts.values())
      expect(Math.abs(count - sequences / 6)).toBeLessThan(5 * Math.sqrt(sequences / 6));
  });

  it("never reach back over what a full buffer has dropped", () => {
    const buffer = bufferOf([20], 6);
    const batch = createReplayBatch(3 * 200, 2, 1);
    sampleSequences(buffer, new Random(2), 3, batch);
    expect(Math.min(...batch.actions)).toBe(14);
  });

  it("say that there are none, whatever is held", () => {
    const batch = createReplayBatch(6, 2, 1);
    for (const lengths of [[], [2], [2, 2, 2, 2]]) {
      expect(() => sampleSequences(bufferOf(lengths), new Random(3), 3, batch)).toThrow(
        /none of the episodes held has 3 steps/,
      );
    }
    expect(() => sampleSequences(bufferOf([9]), new Random(3), 4, batch)).toThrow(
      /6 rows does not hold sequences of 4/,
    );
  });
});
