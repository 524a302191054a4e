import type { Env, ResetResult, StepResult } from "./env.ts";

/** An environment around another one, that answers as this does but for what a subclass changes. */
export abstract class EnvWrapper implements Env {
  protected readonly env: Env;

  constructor(env: Env) {
    this.env = env;
  }

  get id() {
    return this.env.id;
  }

  get observationSpace() {
    return this.env.observationSpace;
  }

  get actionSpace() {
    return this.env.actionSpace;
  }

  get unwrapped() {
    return this.env.unwrapped;
  }

  reset(options?: { seed?: number }): ResetResult {
    return this.env.reset(options);
  }

  step(action: ArrayLike<number>): StepResult {
    return this.env.step(action);
  }

  saveState(): Float64Array {
    return this.env.saveState();
  }

  restoreState(state: Float64Array): void {
    this.env.restoreState(state);
  }

  close(): void {
    this.env.close();
  }
}
