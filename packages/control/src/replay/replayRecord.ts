import { createReplayBatch } from "./replayBatch.ts";
import type { ReplayBuffer, ReplayLayout } from "./replayBuffer.ts";

// A record is float32 words in the machine's byte order (little-endian on all but rare machines):
//   reward, mask, follows, action[actionSize], nextObservation[observationSize],
//   and, where `follows` is 0, observation[observationSize].
// `follows` 1: the observation is the record before's nextObservation. A segment's first record never follows, so
// segments can be read, and deleted, one by one.

const headerWords = 3;

/** Words of a record of that layout, without (`follows`) or with its own observation. */
export function recordWords(layout: ReplayLayout, follows: boolean): number {
  return headerWords + layout.actionSize + layout.observationSize * (follows ? 1 : 2);
}

/**
 * Returns a function that writes `buffer`'s transition number `transition` into `words` from element `at` on and
 * returns the record's length. `firstInSegment` makes the record carry its own observation.
 */
export function recordEncoder(
  buffer: ReplayBuffer,
): (transition: number, firstInSegment: boolean, words: Float32Array, at: number) => number {
  const row = createReplayBatch(1, buffer.observationSize, buffer.actionSize);
  return (transition, firstInSegment, words, at) => {
    buffer.read(transition, row, 0);
    const follows = !firstInSegment && buffer.continues(transition);
    let end = at;
    words[end++] = row.rewards[0] as number;
    words[end++] = row.masks[0] as number;
    words[end++] = follows ? 1 : 0;
    words.set(row.actions, end);
    end += row.actions.length;
    words.set(row.nextObservations, end);
    end += row.nextObservations.length;
    if (follows) return end - at;
    words.set(row.observations, end);
    return end + row.observations.length - at;
  };
}

/**
 * Adds the records of one segment to `buffer`.
 * @param words the segment's whole content
 * @returns how many records there were, or undefined if `words` is not a sequence of records of the buffer's layout
 */
export function decodeRecords(words: Float32Array, buffer: ReplayBuffer): number | undefined {
  const { observationSize, actionSize } = buffer;
  let observation: Float32Array | undefined;
  let records = 0;
  for (let at = 0; at < words.length; records++) {
    const mask = words[at + 1];
    const follows = words[at + 2] === 1;
    const end = at + recordWords(buffer, follows);
    if (end > words.length || !(mask === 0 || mask === 1) || !(follows || words[at + 2] === 0)) return undefined;
    const action = words.subarray(at + headerWords, at + headerWords + actionSize);
    const next = words.subarray(at + headerWords + actionSize, at + headerWords + actionSize + observationSize);
    if (!follows) observation = words.subarray(end - observationSize, end);
    if (observation === undefined) return undefined;
    buffer.add(observation, action, words[at] as number, mask === 0, next);
    observation = next;
    at = end;
  }
  return records;
}
