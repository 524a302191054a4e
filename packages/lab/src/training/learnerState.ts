/** What the checkpoints of all training loops have in common. */
import type { State } from "@era/tensor";
import { type Checkpoint, CheckpointError } from "../checkpoint.ts";
import { requireFinite } from "../errors.ts";

/** Where a loop's own state is in a checkpoint's metadata. */
export const stateKey = "era.loop";

/**
 * The state of what is trained by name.
 * @throws NonFiniteError naming the array where a number is none
 */
export function finiteArrays(state: State, step: number): ReturnType<State["arrays"]> {
  const arrays = state.arrays();
  for (const [name, { data }] of Object.entries(arrays)) {
    for (const value of data) requireFinite(name, step, Number(value));
  }
  return arrays;
}

/** An error of what a checkpoint holds as one that says that it cannot be continued. */
export const refused = ({ step }: Checkpoint, cause: unknown): CheckpointError =>
  new CheckpointError(`the checkpoint of step ${step} cannot be continued: ${(cause as Error).message}`, { cause });
