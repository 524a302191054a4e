import { type Env, EnvError, type ResetResult, type StepResult } from "./env.ts";

/**
 * Truncates an episode after a number of steps (Gymnasium's `TimeLimit`): `truncated` is true from step `maxEpisodeSteps` on, beside
 * whatever `terminated` says.
 */
export class TimeLimit implements Env {
  readonly maxEpisodeSteps: number;
  readonly #env: Env;
  #elapsedSteps = 0;

  /** @throws Where `maxEpisodeSteps` is not a positive integer. */
  constructor(env: Env, maxEpisodeSteps: number) {
    if (!Number.isInteger(maxEpisodeSteps) || maxEpisodeSteps < 1) {
      throw new EnvError(`${env.id}: maxEpisodeSteps is ${maxEpisodeSteps}; it must be a positive integer`);
    }
    this.#env = env;
    this.maxEpisodeSteps = maxEpisodeSteps;
  }

  get id() {
    return this.#env.id;
  }

  get observationSpace() {
    return this.#env.observationSpace;
  }

  get actionSpace() {
    return this.#env.actionSpace;
  }

  get unwrapped() {
    return this.#env.unwrapped;
  }

  reset(options?: { seed?: number }): ResetResult {
    this.#elapsedSteps = 0;
    return this.#env.reset(options);
  }

  step(action: ArrayLike<number>): StepResult {
    const result = this.#env.step(action);
    this.#elapsedSteps++;
    return this.#elapsedSteps >= this.maxEpisodeSteps ? { ...result, truncated: true } : result;
  }

  saveState(): Float64Array {
    const inner = this.#env.saveState();
    const state = new Float64Array(inner.length + 1);
    state[0] = this.#elapsedSteps;
    state.set(inner, 1);
    return state;
  }

  restoreState(state: Float64Array): void {
    this.#env.restoreState(state.subarray(1));
    this.#elapsedSteps = state[0] ?? 0;
  }

  close(): void {
    this.#env.close();
  }
}
