import { Random } from "@era/tensor";
import type { z } from "zod";
import type { Box } from "../box.ts";
import type { ActionSpace } from "../discrete.ts";
import { type Env, EnvError, type ResetResult, type StepResult } from "../env.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { parseOptions } from "../parseOptions.ts";
import { randomWords, restoredRandom, savedRandom } from "../savedRandom.ts";

/** The physics of a classic control task. All that changes is in the state, a vector of float64. */
export interface ClassicTask {
  readonly stateSize: number;
  /** Draws an episode's first state into `state`. */
  begin(random: Random, state: Float64Array): void;
  /** The observation of a state. */
  observe(state: Float64Array): readonly number[];
  /** Moves `state` on by one step; `action` is the number of a discrete action, or the only element of a continuous one. */
  step(state: Float64Array, action: number): { readonly reward: number; readonly terminated: boolean };
}

/** What is written down for a classic control environment. */
export interface ClassicDefinition<Options> {
  readonly id: string;
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: ActionSpace;
  readonly maxEpisodeSteps: number;
  readonly rewardThreshold: number | null;
  readonly options: z.ZodType<Options>;
  task(options: Options): ClassicTask;
}

/** Turns a definition into one that the registry knows. */
export const defineClassic = <Options>(definition: ClassicDefinition<Options>): EnvDefinition => ({
  ...definition,
  suite: "classic_control",
  create: async (given) =>
    new ClassicControl(definition, definition.task(parseOptions(definition.id, definition.options, given))),
});

/** A {@link ClassicTask} as an environment. Observations are rounded to float32, as Gymnasium's are. */
export class ClassicControl implements Env {
  readonly id: string;
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: ActionSpace;
  readonly #task: ClassicTask;
  readonly #state: Float64Array;
  #random: Random | undefined;
  /** Steps of this episode; -1 before the first reset. */
  #steps = -1;
  #closed = false;

  constructor(spaces: Pick<Env, "id" | "observationSpace" | "actionSpace">, task: ClassicTask) {
    this.id = spaces.id;
    this.observationSpace = spaces.observationSpace;
    this.actionSpace = spaces.actionSpace;
    this.#task = task;
    this.#state = new Float64Array(task.stateSize);
  }

  get unwrapped(): ClassicControl {
    return this;
  }

  reset({ seed }: { seed?: number } = {}): ResetResult {
    this.#checkOpen();
    if (seed !== undefined) {
      if (!Number.isSafeInteger(seed)) throw new EnvError(`${this.id}: the seed is ${seed}; it must be an integer`);
      this.#random = new Random(seed);
    }
    this.#random ??= new Random(Math.floor(Math.random() * 2 ** 32));
    this.#state.fill(0);
    this.#task.begin(this.#random, this.#state);
    this.#steps = 0;
    return { observation: this.#observe(), info: {} };
  }

  step(action: ArrayLike<number>): StepResult {
    this.#checkOpen();
    if (this.#steps < 0)
      throw new EnvError(`${this.id}: step before the first reset; call reset() to begin an episode`);
    this.#steps++;
    const { reward, terminated } = this.#task.step(this.#state, this.#checkedAction(action));
    return { observation: this.#observe(), reward, terminated, truncated: false, info: {} };
  }

  /**
   * Puts the task into a state, and returns the observation there.
   *
   * @throws EnvError Where the state has the wrong length.
   */
  setState(state: ArrayLike<number>): Float64Array {
    this.#checkOpen();
    const { stateSize } = this.#task;
    if (state.length !== stateSize)
      throw new EnvError(`${this.id}: the state has ${state.length} numbers; it must have ${stateSize}`);
    this.#state.set(state);
    return this.#observe();
  }

  saveState(): Float64Array {
    this.#checkOpen();
    if (this.#random === undefined) throw new EnvError(`${this.id}: nothing to save before the first reset`);
    const saved = new Float64Array(1 + randomWords + this.#state.length);
    saved[0] = this.#steps;
    saved.set(savedRandom(this.#random), 1);
    saved.set(this.#state, 1 + randomWords);
    return saved;
  }

  restoreState(saved: Float64Array): void {
    this.#checkOpen();
    const expected = 1 + randomWords + this.#state.length;
    if (saved.length !== expected) {
      throw new EnvError(
        `${this.id}: a saved state has ${expected} numbers, this one ${saved.length}: it is another environment's`,
      );
    }
    this.#steps = saved[0] ?? 0;
    this.#random = restoredRandom(saved.subarray(1, 1 + randomWords));
    this.#state.set(saved.subarray(1 + randomWords));
  }

  close(): void {
    this.#closed = true;
  }

  #observe(): Float64Array {
    return Float64Array.from(this.#task.observe(this.#state), Math.fround);
  }

  #checkOpen(): void {
    if (this.#closed) throw new EnvError(`${this.id}: the environment is closed`);
  }

  #checkedAction(action: ArrayLike<number>): number {
    const value = action[0];
    if (action.length !== 1 || value === undefined) {
      throw new EnvError(`${this.id}: the action has ${action.length} elements at step ${this.#steps}; it must have 1`);
    }
    if ("n" in this.actionSpace) {
      const { n } = this.actionSpace;
      if (!(Number.isInteger(value) && value >= 0 && value < n))
        throw new EnvError(
          `${this.id}: the action is ${value} at step ${this.#steps}; it must be one of 0 to ${n - 1}`,
        );
    } else if (!Number.isFinite(value)) {
      throw new EnvError(`${this.id}: action[0] is ${value} at step ${this.#steps}; it must be finite`);
    }
    return value;
  }
}

/** `value` brought within ±`bound`. */
export const within = (value: number, bound: number): number => Math.min(Math.max(value, -bound), bound);

/** The box of float32 bounds ±`bounds`, as Gymnasium's observation spaces here have it. */
export const symmetric = (...bounds: readonly number[]): readonly [low: number[], high: number[]] => [
  bounds.map((bound) => Math.fround(-bound)),
  bounds.map(Math.fround),
];
