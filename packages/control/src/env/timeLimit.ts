import { type Env, EnvError, type ResetResult, type StepResult } from "./env.ts";
import { EnvWrapper } from "./envWrapper.ts";

/**
 * Truncates an episode after a number of steps (Gymnasium's `TimeLimit`): `truncated` is true from step `maxEpisodeSteps` on, beside
 * whatever `terminated` says.
 */
export class TimeLimit extends EnvWrapper {
  readonly maxEpisodeSteps: number;
  #elapsedSteps = 0;

  /** @throws Where `maxEpisodeSteps` is not a positive integer. */
  constructor(env: Env, maxEpisodeSteps: number) {
    if (!Number.isInteger(maxEpisodeSteps) || maxEpisodeSteps < 1) {
      throw new EnvError(`${env.id}: maxEpisodeSteps is ${maxEpisodeSteps}; it must be a positive integer`);
    }
    super(env);
    this.maxEpisodeSteps = maxEpisodeSteps;
  }

  override reset(options?: { seed?: number }): ResetResult {
    this.#elapsedSteps = 0;
    return super.reset(options);
  }

  override step(action: ArrayLike<number>): StepResult {
    const result = super.step(action);
    this.#elapsedSteps++;
    return this.#elapsedSteps >= this.maxEpisodeSteps ? { ...result, truncated: true } : result;
  }

  override saveState(): Float64Array {
    const inner = super.saveState();
    const state = new Float64Array(inner.length + 1);
    state[0] = this.#elapsedSteps;
    state.set(inner, 1);
    return state;
  }

  override restoreState(state: Float64Array): void {
    super.restoreState(state.subarray(1));
    this.#elapsedSteps = state[0] ?? 0;
  }
}
