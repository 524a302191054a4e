import { type Env, EnvError } from "../env.ts";
import type { VectorArrays } from "./vectorArrays.ts";

/**
 * Many copies of an environment, stepped together (Gymnasium's `VectorEnv`). All arrays are row-major `[count, …]`, belong to the environment, and
 * are valid until its next call: copy what is to stay.
 *
 * An error of one copy breaks the whole: it is thrown (with the copy's index, from 0), and the environment can only be closed then.
 */
export interface VectorEnv {
  readonly id: string;
  /** Number of copies. */
  readonly count: number;
  /** Of one copy. */
  readonly observationSpace: Env["observationSpace"];
  /** Of one copy. */
  readonly actionSpace: Env["actionSpace"];
  /**
   * Begins an episode in every copy: copy i with the seed `seed + i`; without a seed, with the random numbers that it goes on with.
   * @throws EnvError where a copy fails
   */
  reset(options?: { seed?: number }): Promise<{ readonly observations: Float32Array }>;
  /**
   * Steps every copy.
   * @param actions `[count, actionSize]`, in the environment's units
   * @throws EnvError where `actions` has a wrong length, or a copy fails: its message, or the element of its observation that is not finite,
   *   with environment, copy and step
   */
  step(actions: Float32Array): Promise<VectorStep>;
  /** Everything that determines the future, a state for each copy, whatever the number of workers. The arrays are the caller's to keep. */
  saveState(): Promise<Float64Array[]>;
  /**
   * Continues, bit for bit, as the environment that saved the states would have: one with the same id, options, autoreset and number of copies. The
   * last observations are not among them: keep those too.
   * @throws EnvError where the states are not of such an environment
   */
  restoreState(states: readonly Float64Array[]): Promise<void>;
  /** Ends the workers and frees all memory. Further use throws. */
  close(): Promise<void>;
}

/** What {@link VectorEnv.step} returns. */
export interface VectorStep extends Omit<VectorArrays, "actions"> {
  /** `[count, observationSize]`: what to act on next. */
  readonly observations: Float32Array;
  /**
   * `[count, observationSize]`: what each action led to. Where an episode ended that is its last observation, elsewhere the same as in `observations`: a
   * transition's next observation in every row (of same-step autoreset; with next-step, leave out the rows that begin an episode).
   */
  readonly finalObservations: Float32Array;
}

/** @throws EnvError where a seed is no integer */
export function checkSeed(id: string, seed: number | undefined): void {
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new EnvError(`${id}: the seed is ${seed}; it must be an integer`);
  }
}

/** @throws EnvError where `actions` is not `[count, actionSize]` */
export function checkActions({ id, count, actionSpace }: VectorEnv, actions: Float32Array): void {
  const size = actionSpace.size;
  if (actions.length !== count * size) {
    throw new EnvError(
      `${id}: ${actions.length} numbers of actions; ${count} copies with ${size} each need ${count * size}`,
    );
  }
}

/** @throws EnvError where there is not a state for each copy */
export function checkStates({ id, count }: VectorEnv, states: readonly Float64Array[]): void {
  if (states.length !== count) throw new EnvError(`${id}: ${states.length} states; ${count} copies need one each`);
}
