import { FailureError } from "@era/lab";
import { ReplayBuffer, type ReplayLayout } from "../replay/replayBuffer.ts";

/**
 * A replay buffer that holds nothing yet.
 * @throws FailureError in one line where there is no memory for it
 */
export function emptyReplay(layout: ReplayLayout): ReplayBuffer {
  try {
    return new ReplayBuffer(layout);
  } catch (error) {
    throw new FailureError(
      `there is no memory for a replay buffer of ${layout.capacity} transitions (${(error as Error).message}): choose a smaller one`,
      { cause: error },
    );
  }
}
