import { Random } from "@era/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nStepSampler } from "./nStepSampler.ts";
import { ReplayBuffer } from "./replayBuffer.ts";

/** An episode of so many steps, and how it ended. */
interface Episode {
  readonly length: number;
  readonly terminated: boolean;
}

const episodes = fc.array(fc.record({ length: fc.integer({ min: 1, max: 7 }), terminated: fc.boolean() }), {
  minLength: 1,
  maxLength: 8,
});

/** The transitions of a copy's episodes, one after the other: the observation is [copy, episode, time], the action and the reward the transition's number. */
function transitionsOf(copy: number, played: readonly Episode[]) {
  let number = 0;
  return played.flatMap(({ length, terminated }, episode) =>
    Array.from({ length }, (_, time) => ({
      observation: [copy, episode, time],
      next: [copy, episode, time + 1],
      number: number++,
      terminated: terminated && time === length - 1,
      last: time === length - 1,
    })),
  );
}

function bufferOf(transitions: ReturnType<typeof transitionsOf>, capacity: number): ReplayBuffer {
  const buffer = new ReplayBuffer({ capacity, observationSize: 3, actionSize: 1 });
  for (const { observation, next, number, terminated } of transitions) {
    buffer.add(observation, [number], number, terminated, next);
  }
  return buffer;
}

describe("n-step transitions", () => {
  it("add up discounted rewards to the episode's end, the newest transition or n steps, whichever comes first", () => {
    fc.assert(
      fc.property(
        fc.tuple(episodes, episodes),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer(),
        (played, nStep, capacity, seed) => {
          const discount = 0.5;
          const transitions = played.map((list, copy) => transitionsOf(copy, list));
          const buffers = transitions.map((list) => bufferOf(list, capacity));
          const batchSize = 40;
          const sample = nStepSampler(buffers as [ReplayBuffer, ReplayBuffer], { batchSize, nStep, discount });
          const batch = sample(new Random(seed));
          for (let row = 0; row < batchSize; row++) {
            const copy = row % 2;
            const list = transitions[copy] ?? [];
            const first = batch.actions[row] ?? NaN;
            const steps = list.slice(first, first + nStep);
            const end = steps.findIndex(({ last }) => last);
            const taken = end < 0 ? steps : steps.slice(0, end + 1);
            const final = taken.at(-1);
            expect(first).toBeGreaterThanOrEqual(Math.max(0, list.length - capacity));
            const of = (values: Float32Array) => Array.from(values.subarray(3 * row, 3 * row + 3));
            expect(of(batch.observations)).toEqual(list[first]?.observation);
            expect(of(batch.nextObservations)).toEqual(final?.next);
            expect(batch.rewards[row]).toBeCloseTo(
              taken.reduce((sum, { number }, step) => sum + discount ** step * number, 0),
              4,
            );
            expect(batch.discounts[row]).toBeCloseTo(final?.terminated ? 0 : discount ** taken.length, 6);
          }
        },
      ),
    );
  });

  it("come from every copy and, of a copy, from every transition equally often", () => {
    const buffers = [0, 1, 2, 3].map((copy) => bufferOf(transitionsOf(copy, [{ length: 5, terminated: false }]), 10));
    const batchSize = 4 * 2500;
    const sample = nStepSampler(buffers as [ReplayBuffer, ...ReplayBuffer[]], { batchSize, nStep: 3, discount: 0.9 });
    const { observations, actions } = sample(new Random(1));
    const counts = new Map<string, number>();
    for (let row = 0; row < batchSize; row++) {
      const key = `${observations[3 * row]} ${actions[row]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(500));
  });
});
