import type { ReplayBatch } from "./replayBatch.ts";
import type { ReplayBuffer } from "./replayBuffer.ts";
import { type Uint32Generator, uniformIndex } from "./uniformIndex.ts";

/** So many draws that fall on an episode's end, and it is worth looking whether any sequence is held at all. */
const patience = 1000;

/**
 * Fills `batch` with sub-trajectories of `horizon` transitions that lie within one episode, drawn uniformly with replacement from all those
 * held. Time comes first: row `t·B + b` is transition t of sequence b, with B = rows / horizon, so that every array is `[horizon, B, …]`.
 *
 * @throws RangeError where the rows are no multiple of `horizon`, or no episode held is that long
 */
export function sampleSequences(
  buffer: ReplayBuffer,
  generator: Uint32Generator,
  horizon: number,
  batch: ReplayBatch,
): void {
  const sequences = batch.rewards.length / horizon;
  if (!Number.isInteger(sequences)) {
    throw new RangeError(`sequences: a batch of ${batch.rewards.length} rows does not hold sequences of ${horizon}`);
  }
  for (let sequence = 0; sequence < sequences; sequence++) {
    const first = drawStart(buffer, generator, horizon);
    for (let t = 0; t < horizon; t++) buffer.read(first + t, batch, t * sequences + sequence);
  }
}

function drawStart(buffer: ReplayBuffer, generator: Uint32Generator, horizon: number): number {
  const starts = buffer.size - horizon + 1;
  for (let draw = 0; starts >= 1; draw++) {
    const start = buffer.oldest + uniformIndex(generator, starts);
    if (isSequence(buffer, start, horizon)) return start;
    if (draw === patience && !holdsSequence(buffer, horizon)) break;
  }
  throw new RangeError(
    `sequences: none of the episodes held has ${horizon} steps: train with a smaller horizon or more steps before the first update`,
  );
}

function holdsSequence(buffer: ReplayBuffer, horizon: number): boolean {
  for (let start = buffer.oldest; start + horizon <= buffer.count; start++) {
    if (isSequence(buffer, start, horizon)) return true;
  }
  return false;
}

function isSequence(buffer: ReplayBuffer, start: number, horizon: number): boolean {
  for (let t = 1; t < horizon; t++) if (!buffer.continues(start + t)) return false;
  return true;
}
