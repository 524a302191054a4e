import { Random } from "@era/tensor";
import { asEnvError } from "../asEnvError.ts";
import type { Box } from "../box.ts";
import { type ActionSpace, Discrete } from "../discrete.ts";
import { type Env, EnvError, type ResetResult, type StepResult } from "../env.ts";
import { randomWords, restoredRandom, savedRandom } from "../savedRandom.ts";
import type { Dynamics } from "./dynamics.ts";

interface Spaces {
  readonly id: string;
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: ActionSpace;
}

/** An environment of a user's {@link Dynamics}. Whatever goes wrong in there is an EnvError that names environment, what and step. */
export class DynamicsEnv implements Env {
  readonly id: string;
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: ActionSpace;
  readonly #dynamics: Dynamics;
  #random: Random | undefined;
  /** Steps of this episode; -1 before the first reset. */
  #steps = -1;
  #closed = false;

  constructor({ id, observationSpace, actionSpace }: Spaces, dynamics: Dynamics) {
    this.id = id;
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.#dynamics = dynamics;
  }

  get unwrapped(): DynamicsEnv {
    return this;
  }

  reset({ seed }: { seed?: number } = {}): ResetResult {
    this.#checkOpen();
    if (seed !== undefined) {
      if (!Number.isSafeInteger(seed)) throw new EnvError(`${this.id}: the seed is ${seed}; it must be an integer`);
      this.#random = new Random(seed);
    }
    const random = this.#random ?? new Random(Math.floor(Math.random() * 2 ** 32));
    this.#random = random;
    this.#steps = 0;
    return {
      observation: this.#observation(
        "reset",
        this.#run("reset", () => this.#dynamics.reset(random)),
      ),
      info: {},
    };
  }

  step(action: ArrayLike<number>): StepResult {
    this.#checkOpen();
    const random = this.#random;
    if (this.#steps < 0 || random === undefined) {
      throw new EnvError(`${this.id}: step before the first reset; call reset() to begin an episode`);
    }
    this.#checkAction(action);
    this.#steps++;
    const result = this.#run("step", () => this.#dynamics.step(Float32Array.from(action), random));
    if (typeof result !== "object" || result === null) {
      this.#fail("step", `returned ${result}; it must return { observation, reward, … }`);
    }
    const { observation, reward, terminated = false, truncated = false, info = {} } = result;
    if (!Number.isFinite(reward)) this.#fail("step", `returned the reward ${reward}; it must be a finite number`);
    return {
      observation: this.#observation("step", observation),
      reward,
      terminated: this.#flag("terminated", terminated),
      truncated: this.#flag("truncated", truncated),
      info,
    };
  }

  saveState(): Float64Array {
    this.#checkOpen();
    if (this.#random === undefined) throw new EnvError(`${this.id}: nothing to save before the first reset`);
    const inner = this.#run("saveState", () => Float64Array.from(this.#dynamics.saveState()));
    const state = new Float64Array(1 + randomWords + inner.length);
    state[0] = this.#steps;
    state.set(savedRandom(this.#random), 1);
    state.set(inner, 1 + randomWords);
    return state;
  }

  restoreState(state: Float64Array): void {
    this.#checkOpen();
    try {
      this.#random = restoredRandom(state.subarray(1, 1 + randomWords));
    } catch (error) {
      throw new EnvError(`${this.id}: this is no saved state of an environment like this one`, { cause: error });
    }
    this.#steps = state[0] ?? 0;
    this.#run("restoreState", () => this.#dynamics.restoreState(state.slice(1 + randomWords)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#run("close", () => this.#dynamics.close?.());
  }

  #checkOpen(): void {
    if (this.#closed) throw new EnvError(`${this.id}: the environment is closed`);
  }

  #checkAction(action: ArrayLike<number>): void {
    const { actionSpace } = this;
    const step = this.#steps + 1;
    if (action.length !== actionSpace.size) {
      throw new EnvError(
        `${this.id}: the action has ${action.length} elements at step ${step}; it must have ${actionSpace.size}`,
      );
    }
    if (actionSpace instanceof Discrete && !actionSpace.contains(action)) {
      throw new EnvError(
        `${this.id}: the action is ${action[0]} at step ${step}; it must be a whole number from 0 to ${actionSpace.n - 1}`,
      );
    }
    for (let i = 0; i < action.length; i++) {
      if (!Number.isFinite(action[i])) {
        throw new EnvError(`${this.id}: action[${i}] is ${action[i]} at step ${step}; it must be finite`);
      }
    }
  }

  /** An observation as it must be. */
  #observation(method: string, values: ArrayLike<number>): Float64Array {
    const size = this.observationSpace.size;
    const length: unknown = values?.length;
    if (length !== size) {
      const what = typeof length === "number" ? `an observation of ${length} numbers` : `${values} as observation`;
      this.#fail(method, `returned ${what}; the observation space has ${size}`);
    }
    const observation = Float64Array.from(values);
    for (let i = 0; i < size; i++) {
      if (!Number.isFinite(observation[i])) {
        this.#fail(method, `returned ${values[i]} as observation[${i}]; it must be a finite number`);
      }
    }
    return observation;
  }

  #flag(name: string, value: unknown): boolean {
    if (typeof value !== "boolean") this.#fail("step", `returned ${name}: ${value}; it must be true or false`);
    return value;
  }

  #fail(method: string, problem: string): never {
    throw new EnvError(`${this.id}: ${method} (step ${this.#steps}) ${problem}`);
  }

  /** Runs the user's code. */
  #run<R>(method: string, work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw asEnvError(this.id, `${method} (step ${this.#steps})`, error);
    }
  }
}
