import { asEnvError } from "../asEnvError.ts";
import { type Env, EnvError } from "../env.ts";
import type { VectorArrays } from "./vectorArrays.ts";

/**
 * When the next episode of a copy begins. `"same-step"`: in the step that ended the last one; its observation is then the new episode's first.
 * `"next-step"`: in the step after, which ignores the action, has reward 0 and ends nothing (Gymnasium's `AutoresetMode`, `SAME_STEP` and `NEXT_STEP`).
 */
export type Autoreset = "same-step" | "next-step";

/** Numbers that a copy's saved state has before the environment's own. */
const ownNumbers = 2;

/** Some of a vector environment's copies, stepped one after the other in the thread that made them. */
export class EnvCopies {
  readonly #id: string;
  readonly #envs: readonly Env[];
  readonly #first: number;
  readonly #autoreset: Autoreset;
  readonly #arrays: VectorArrays;
  readonly #observationSize: number;
  readonly #actionSize: number;
  /** Steps of each copy's episode. */
  readonly #steps: number[];
  /** Whether a copy's episode has ended and the next one has not begun. */
  readonly #isOver: boolean[];

  /**
   * @param envs The copies, which are this object's from now on.
   * @param first The index of the first of them among all copies.
   * @param arrays The arrays of all copies: these ones use their rows alone.
   */
  constructor(envs: readonly [Env, ...Env[]], first: number, autoreset: Autoreset, arrays: VectorArrays) {
    this.#id = envs[0].id;
    this.#envs = envs;
    this.#first = first;
    this.#autoreset = autoreset;
    this.#arrays = arrays;
    this.#observationSize = envs[0].observationSpace.size;
    this.#actionSize = envs[0].actionSpace.size;
    this.#steps = envs.map(() => 0);
    this.#isOver = envs.map(() => false);
  }

  /** Begins an episode in every copy; copy i (of all) with `seed + i` where a seed is given. Writes `observations`. */
  reset(seed?: number): void {
    for (let i = 0; i < this.#envs.length; i++) {
      const copy = this.#first + i;
      this.#begin(i, seed === undefined ? {} : { seed: seed + copy });
      this.#arrays.finalObservations.set(
        row(this.#arrays.observations, copy, this.#observationSize),
        copy * this.#observationSize,
      );
    }
  }

  /**
   * Steps every copy with its row of `actions`, and writes its rows of all other arrays.
   * @throws EnvError with environment and copy where one fails, or its observation or reward is not what it must be
   */
  step(): void {
    for (let i = 0; i < this.#envs.length; i++) this.#stepCopy(i);
  }

  /** The state of each copy, which does not depend on what else is in this object. */
  saveState(): Float64Array[] {
    return this.#envs.map((env, i) => {
      const inner = this.#guard(i, "saveState", () => env.saveState());
      const state = new Float64Array(ownNumbers + inner.length);
      state[0] = this.#isOver[i] ? 1 : 0;
      state[1] = this.#steps[i] ?? 0;
      state.set(inner, ownNumbers);
      return state;
    });
  }

  /** Puts back what {@link saveState} returned, a state for each copy. */
  restoreState(states: readonly Float64Array[]): void {
    this.#envs.forEach((env, i) => {
      const state = states[i] ?? new Float64Array(ownNumbers);
      this.#guard(i, "restoreState", () => env.restoreState(state.subarray(ownNumbers)));
      this.#isOver[i] = state[0] === 1;
      this.#steps[i] = state[1] ?? 0;
    });
  }

  close(): void {
    for (const env of this.#envs) env.close();
  }

  #stepCopy(i: number): void {
    const { actions, observations, finalObservations, rewards, terminated, truncated } = this.#arrays;
    const copy = this.#first + i;
    const size = this.#observationSize;
    if (this.#isOver[i]) {
      this.#begin(i);
      finalObservations.set(row(observations, copy, size), copy * size);
      rewards[copy] = 0;
      terminated[copy] = 0;
      truncated[copy] = 0;
      return;
    }
    this.#steps[i] = (this.#steps[i] ?? 0) + 1;
    // A copy of the numbers, since an environment may keep its action to compare the next one with.
    const action = actions.slice(copy * this.#actionSize, (copy + 1) * this.#actionSize);
    const result = this.#guard(i, "step", () => (this.#envs[i] as Env).step(action));
    if (!Number.isFinite(result.reward)) this.#fail(i, `reward is ${result.reward}`);
    this.#write(i, result.observation, finalObservations);
    rewards[copy] = result.reward;
    terminated[copy] = result.terminated ? 1 : 0;
    truncated[copy] = result.truncated ? 1 : 0;
    const hasEnded = result.terminated || result.truncated;
    if (hasEnded && this.#autoreset === "same-step") this.#begin(i);
    else {
      this.#isOver[i] = hasEnded;
      observations.set(row(finalObservations, copy, size), copy * size);
    }
  }

  /** Begins an episode and writes its first observation. */
  #begin(i: number, options: { seed?: number } = {}): void {
    this.#steps[i] = 0;
    this.#isOver[i] = false;
    const { observation } = this.#guard(i, "reset", () => (this.#envs[i] as Env).reset(options));
    this.#write(i, observation, this.#arrays.observations);
  }

  /** Writes a copy's observation into its row, checked. */
  #write(i: number, observation: ArrayLike<number>, rows: Float32Array): void {
    const size = this.#observationSize;
    if (observation.length !== size) {
      this.#fail(
        i,
        `the observation has ${observation.length} elements`,
        `it must have ${size}, as the observation space says`,
      );
    }
    const start = (this.#first + i) * size;
    rows.set(observation, start);
    for (let element = 0; element < size; element++) {
      if (!Number.isFinite(rows[start + element])) this.#fail(i, `observation[${element}] is ${observation[element]}`);
    }
  }

  #guard<R>(i: number, action: string, work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw this.#named(i, asEnvError(this.#id, action, error));
    }
  }

  /** An error with the copy that it comes from. */
  #named(i: number, error: EnvError): EnvError {
    const { message } = error;
    const reason = message.startsWith(`${this.#id}: `) ? message.slice(this.#id.length + 2) : message;
    return new EnvError(`${this.#id}, copy ${this.#first + i}: ${reason}`, { cause: error });
  }

  #fail(i: number, problem: string, rule = "it must be finite, also in float32"): never {
    throw this.#named(i, new EnvError(`${problem} at step ${this.#steps[i]}; ${rule}`));
  }
}

const row = (rows: Float32Array, copy: number, size: number): Float32Array =>
  rows.subarray(copy * size, (copy + 1) * size);
