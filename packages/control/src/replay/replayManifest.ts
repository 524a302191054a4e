import { z } from "zod";

const natural = z.int().min(0);
const positive = z.int().min(1);

const segmentSchema = z.strictObject({
  /** Names the file: segment 7 is `segment-000007.bin`. */
  number: natural,
  /** Number of the first transition in it. */
  first: natural,
  /** Transitions in it. */
  count: positive,
  /** Length of what counts; the file may be longer (what a killed run wrote after its last checkpoint). */
  bytes: positive,
  /** CRC-32 of those bytes. */
  crc32: natural,
});

/**
 * Zod schema of a {@link ReplayManifest}: the segments follow each other without a gap and hold all that the buffer
 * held.
 */
export const replayManifestSchema = z
  .strictObject({
    version: z.literal(1),
    capacity: positive,
    observationSize: positive,
    actionSize: positive,
    /** Transitions added since the beginning of the run. */
    count: natural,
    segments: z.array(segmentSchema),
  })
  .refine((manifest) => {
    let { number, first } = manifest.segments[0] ?? { number: 0, first: 0 };
    if (first > Math.max(0, manifest.count - manifest.capacity)) return false;
    for (const segment of manifest.segments) {
      if (segment.number !== number || segment.first !== first) return false;
      number++;
      first += segment.count;
    }
    return first === manifest.count;
  }, "the segments do not join up");

/** One file of a replay log, as a checkpoint saw it. */
export type ReplaySegment = z.infer<typeof segmentSchema>;

/** All that a checkpoint needs to store, as JSON, to get its replay buffer back from the log. */
export type ReplayManifest = z.infer<typeof replayManifestSchema>;

/** The name of a segment's file in the log's folder. */
export function segmentFile(number: number): string {
  return `segment-${String(number).padStart(6, "0")}.bin`;
}

/** The number of the segment that lies in a file of that name, undefined for any other file. */
export function segmentNumber(file: string): number | undefined {
  const match = /^segment-(\d{6,})\.bin$/.exec(file);
  return match === null ? undefined : Number(match[1]);
}
