import type { Random } from "@era/tensor";
import type { Info } from "../env.ts";

/**
 * What a user writes of an environment: how an episode begins, what an action does, and what of it must be saved. `defineEnvironment` makes an environment of it,
 * which draws and saves the random numbers, counts the steps, checks what goes in and out, and ends episodes at the time limit.
 */
export interface Dynamics {
  /**
   * Begins an episode and returns its first observation, an element for each of the observation space.
   * @param random Where all that is random must come from: then a seed repeats an episode.
   */
  reset(random: Random): ArrayLike<number>;
  /**
   * One step.
   * @param action `[actionSize]`, checked and the environment's own to keep; a discrete action is its one number.
   */
  step(action: Float32Array, random: Random): DynamicsStep;
  /** Every number that decides what happens from here on (and none that does not): a run is resumed with them, bit for bit. */
  saveState(): ArrayLike<number>;
  /** Puts back what {@link saveState} returned. */
  restoreState(state: Float64Array): void;
  /** Frees what is not memory of JavaScript's; left out where there is no such thing. */
  close?(): void;
}

/** What an action led to. */
export interface DynamicsStep {
  readonly observation: ArrayLike<number>;
  readonly reward: number;
  /** The task has ended here, in success or failure: nothing comes after it. Not the time limit. False if left out. */
  readonly terminated?: boolean;
  /** The episode is cut here although it could go on. The time limit is added; false if left out. */
  readonly truncated?: boolean;
  /** Numbers to know by name. */
  readonly info?: Info;
}
