import { type Env, EnvError, type ResetResult, type StepResult } from "./env.ts";

/**
 * Takes each action for several steps and adds up their rewards; an episode's end cuts the repetition short. Observation, flags and info are
 * those of the last step taken. Published results on the DeepMind Control suite mostly repeat actions twice.
 */
export class ActionRepeat implements Env {
  readonly repeat: number;
  readonly #env: Env;

  /** @throws EnvError Where `repeat` is not a positive integer. */
  constructor(env: Env, repeat: number) {
    if (!Number.isInteger(repeat) || repeat < 1) {
      throw new EnvError(`${env.id}: actionRepeat is ${repeat}; it must be a positive integer`);
    }
    this.#env = env;
    this.repeat = repeat;
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
    return this.#env.reset(options);
  }

  step(action: ArrayLike<number>): StepResult {
    let result = this.#env.step(action);
    let { reward } = result;
    for (let taken = 1; taken < this.repeat && !result.terminated && !result.truncated; taken++) {
      result = this.#env.step(action);
      reward += result.reward;
    }
    return { ...result, reward };
  }

  saveState(): Float64Array {
    return this.#env.saveState();
  }

  restoreState(state: Float64Array): void {
    this.#env.restoreState(state);
  }

  close(): void {
    this.#env.close();
  }
}
