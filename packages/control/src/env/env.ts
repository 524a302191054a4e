import type { Box } from "./box.ts";
import type { ActionSpace } from "./discrete.ts";

/**
 * What an environment says beside observation and reward: positions, velocities, and each term of the reward, by name. The names are
 * Gymnasium's in camel case (`x_velocity` → `xVelocity`, `reward_ctrl` → `rewardCtrl`).
 */
export type Info = Readonly<Record<string, number | readonly number[]>>;

/** What {@link Env.reset} returns. */
export interface ResetResult {
  /** A new array of `observationSpace.size` elements, the caller's to keep. */
  readonly observation: Float64Array;
  readonly info: Info;
}

/** What {@link Env.step} returns. */
export interface StepResult {
  /** A new array of `observationSpace.size` elements, the caller's to keep. */
  readonly observation: Float64Array;
  readonly reward: number;
  /** The task has ended in this state: its value is zero from here on. */
  readonly terminated: boolean;
  /** The episode was cut, by its time limit; the state has a future that is not seen, so a critic still bootstraps from it. */
  readonly truncated: boolean;
  readonly info: Info;
}

/**
 * An environment with continuous observations: Gymnasium's interface (`gymnasium.Env`), synchronous, with exact saving.
 *
 * @example
 * const env = await makeEnv("HalfCheetah-v5");
 * const random = new Random(1);
 * let { observation } = env.reset({ seed: 1 });
 * for (let t = 0; t < 1000; t++) {
 *   const step = env.step(env.actionSpace.sample(random));
 *   observation = step.terminated || step.truncated ? env.reset().observation : step.observation;
 * }
 * env.close();
 */
export interface Env {
  /** The registered name, such as `"HalfCheetah-v5"`. */
  readonly id: string;
  readonly observationSpace: Box<"float64">;
  /** A discrete action is given as an array of its one number. */
  readonly actionSpace: ActionSpace;
  /** The environment inside all wrappers; itself where there is none. */
  readonly unwrapped: Env;

  /**
   * Begins an episode. With `seed`, the environment's random numbers start anew from it; without, they go on. The first reset without a
   * seed takes one from the system, so it cannot be repeated.
   */
  reset(options?: { seed?: number }): ResetResult;

  /**
   * Applies an action for one step. Actions beyond the action space's bounds are passed on; the simulator clamps the controls, the costs
   * count them as they are.
   *
   * @throws EnvError Where the action has a wrong length or a value that is not finite (of discrete ones: that is none of them), before the first reset, after `close`, and where
   * the simulation has become unstable. The message names environment, quantity and step.
   */
  step(action: ArrayLike<number>): StepResult;

  /**
   * Everything that determines the future: simulator state with its solver's warm start, derived quantities that the next reward
   * compares with, random numbers, elapsed steps. As one flat array, which stores without loss.
   */
  saveState(): Float64Array;

  /**
   * Continues, bit for bit, as the environment that saved the state would have. That one must have been made with the same id and options.
   *
   * @throws EnvError Where the state has the wrong length.
   */
  restoreState(state: Float64Array): void;

  /** Frees the simulator's memory. Further use throws. */
  close(): void;
}

/** Something an environment cannot go on from; the message is one line that names the environment, the quantity and the step. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}
