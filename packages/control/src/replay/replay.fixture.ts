import fc from "fast-check";
import { createReplayBatch, type ReplayBatch } from "./replayBatch.ts";
import type { ReplayBuffer } from "./replayBuffer.ts";
import type { Uint32Generator } from "./uniformIndex.ts";

/** One transition as an ordinary object: the naive model that the buffer is checked against. */
export interface Transition {
  readonly observation: readonly number[];
  readonly action: readonly number[];
  readonly reward: number;
  readonly terminated: boolean;
  readonly nextObservation: readonly number[];
}

// No -0: the buffer takes it for 0 where it looks whether two observations are the same.
const number = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

/** Streams of transitions in which most begin where the one before ended, as an environment's do, and some do not. */
export function transitions(
  observationSize: number,
  actionSize: number,
  maxLength: number,
): fc.Arbitrary<Transition[]> {
  const row = (length: number) => fc.array(number, { minLength: length, maxLength: length });
  const step = fc.record({
    reset: fc.option(row(observationSize), { freq: 3 }),
    action: row(actionSize),
    reward: number,
    terminated: fc.boolean(),
    nextObservation: row(observationSize),
  });
  return fc.array(step, { maxLength, size: "max" }).map((steps) => {
    let current: readonly number[] = new Array(observationSize).fill(0);
    return steps.map(({ reset, ...transition }) => {
      const observation = reset ?? current;
      current = transition.nextObservation;
      return { ...transition, observation };
    });
  });
}

/** Adds a transition as a training loop does. */
export function add(buffer: ReplayBuffer, transition: Transition): void {
  const { observation, action, reward, terminated, nextObservation } = transition;
  buffer.add(observation, action, reward, terminated, nextObservation);
}

/** What the buffer holds, oldest first, read transition by transition. */
export function contents(buffer: ReplayBuffer): Transition[] {
  const batch = createReplayBatch(buffer.size, buffer.observationSize, buffer.actionSize);
  for (let row = 0; row < buffer.size; row++) buffer.read(buffer.oldest + row, batch, row);
  return rows(batch);
}

/** The rows of a batch as objects. */
export function rows(batch: ReplayBatch): Transition[] {
  const count = batch.rewards.length;
  const row = (values: Float32Array, index: number) => {
    const length = values.length / count;
    return Array.from(values.subarray(index * length, (index + 1) * length));
  };
  return Array.from(batch.rewards, (reward, index) => ({
    observation: row(batch.observations, index),
    action: row(batch.actions, index),
    reward,
    terminated: batch.masks[index] === 0,
    nextObservation: row(batch.nextObservations, index),
  }));
}

/** A small seeded generator (Marsaglia's xorshift32; never yields 0, which no test here minds). */
export function xorshift(seed: number): Uint32Generator {
  let state = seed >>> 0 || 1;
  return {
    nextUint32() {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state;
    },
  };
}
