/** What the checkpoints of all training loops have in common. */
import { NonFiniteError as NonFiniteOutput, type State } from "@era/tensor";
import { type Checkpoint, CheckpointError } from "../checkpoint.ts";
import { NonFiniteError, requireFinite } from "../errors.ts";

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

/**
 * A loop's own state (plain JSON) as a checkpoint has it.
 * @throws Error where it has none
 */
export function loopState<T>({ metadata }: Checkpoint): T {
  const text = metadata.get(stateKey);
  if (text === undefined) throw new Error("it has no state of this training loop");
  return JSON.parse(text) as T;
}

/** An error of a step with the step's number where a program found a number that is none; any other error as it is. */
export const atStep = (error: unknown, step: number): unknown =>
  error instanceof NonFiniteOutput ? new NonFiniteError(error.quantity, step, error.value) : error;

/** An error of what a checkpoint holds as one that says that it cannot be continued. */
export const refused = ({ step }: Checkpoint, cause: unknown): CheckpointError =>
  new CheckpointError(`the checkpoint of step ${step} cannot be continued: ${(cause as Error).message}`, { cause });
