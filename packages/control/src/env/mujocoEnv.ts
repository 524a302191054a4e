import { Random } from "@era/tensor";
import { Box } from "./box.ts";
import { type Env, EnvError, type Info, type ResetResult, type StepResult } from "./env.ts";
import { randomWords, restoredRandom, savedRandom } from "./savedRandom.ts";
import { type Simulation, Unstable } from "./simulation.ts";

/**
 * What one task adds to a simulated robot. It keeps no state of its own between steps, except in `memory`: whatever else it compares with
 * lies in the simulation's fields, which are saved.
 */
export interface Task {
  /** What the task remembers between steps (a goal, a stage reached); saved with the environment. */
  readonly memory?: Float64Array;
  /** Actions lie in [−1, 1] and are scaled to the actuators' control ranges; without, they are the controls. */
  readonly normalizedActions?: boolean;
  /** Number of elements of an observation. */
  readonly observationSize: number;
  /** Physics steps per environment step. */
  readonly frameSkip: number;
  /** Begins an episode: adds the initial state's noise to positions `[nq]` and velocities `[nv]`, in place, and draws whatever else is random. */
  perturb(random: Random, qpos: Float64Array, qvel: Float64Array): void;
  /** Writes the observation of the present state into `out` `[observationSize]`. */
  observe(out: Float64Array): void;
  /** What is told about the present state at reset. */
  resetInfo(): Info;
  /**
   * One environment step: `advance` takes the `frameSkip` physics steps under `action` and is called exactly once, so the task can look
   * before and after.
   */
  step(action: ArrayLike<number>, advance: () => void): { reward: number; terminated: boolean; info: Info };
}

/** A robot in MuJoCo with a {@link Task}, as an environment. */
export class MujocoEnv implements Env {
  readonly id: string;
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: Box<"float32">;
  readonly simulation: Simulation;
  /** What the robot is to do. Its memory may be written, as the simulation's fields may. */
  readonly task: Task;

  readonly #advance: () => void;
  #random: Random | undefined;
  #action: ArrayLike<number> = [];
  /** Steps of this episode; -1 before the first reset. */
  #steps = -1;
  #closed = false;

  constructor(id: string, simulation: Simulation, task: Task) {
    this.id = id;
    this.simulation = simulation;
    this.task = task;
    this.observationSpace = Box.unbounded(task.observationSize);
    const controls = controlSpace(simulation);
    this.actionSpace = task.normalizedActions ? Box.uniform("float32", controls.size, -1, 1) : controls;
    // Made once, because a closure per step would be garbage.
    this.#advance = () => {
      const { ctrl } = simulation.fields;
      if (task.normalizedActions) scale(this.#action, controls, ctrl);
      else ctrl.set(this.#action);
      simulation.advance(task.frameSkip);
    };
  }

  get unwrapped(): MujocoEnv {
    return this;
  }

  reset(options: { seed?: number } = {}): ResetResult {
    this.#checkOpen();
    const { seed } = options;
    if (seed !== undefined) {
      if (!Number.isSafeInteger(seed)) throw new EnvError(`${this.id}: the seed is ${seed}; it must be an integer`);
      this.#random = new Random(seed);
    }
    this.#random ??= new Random(Math.floor(Math.random() * 2 ** 32));
    const { simulation } = this;
    const random = this.#random;
    this.#guard(() => {
      simulation.reset();
      const { qpos, qvel } = simulation.fields;
      this.task.perturb(random, qpos, qvel);
      simulation.forward();
    });
    this.#steps = 0;
    return { observation: this.#observe(), info: this.task.resetInfo() };
  }

  step(action: ArrayLike<number>): StepResult {
    this.#checkOpen();
    if (this.#steps < 0)
      throw new EnvError(`${this.id}: step before the first reset; call reset() to begin an episode`);
    this.#checkAction(action);
    this.#steps++;
    this.#action = action;
    const { reward, terminated, info } = this.#guard(() => this.task.step(action, this.#advance));
    return { observation: this.#observe(), reward, terminated, truncated: false, info };
  }

  /**
   * Puts the robot at positions `[nq]` and velocities `[nv]` (Gymnasium's `set_state`), and returns the observation there. The solver's
   * warm start stays as it is.
   */
  setState(qpos: ArrayLike<number>, qvel: ArrayLike<number>): Float64Array {
    this.#checkOpen();
    const { simulation } = this;
    this.#checkVector("qpos", qpos, simulation.nq);
    this.#checkVector("qvel", qvel, simulation.nv);
    simulation.fields.qpos.set(qpos);
    simulation.fields.qvel.set(qvel);
    simulation.forward();
    return this.#observe();
  }

  saveState(): Float64Array {
    this.#checkOpen();
    if (this.#random === undefined) throw new EnvError(`${this.id}: nothing to save before the first reset`);
    const simulation = this.simulation.saveState();
    const memory = this.task.memory ?? [];
    const state = new Float64Array(1 + randomWords + memory.length + simulation.length);
    state[0] = this.#steps;
    state.set(savedRandom(this.#random), 1);
    state.set(memory, 1 + randomWords);
    state.set(simulation, 1 + randomWords + memory.length);
    return state;
  }

  restoreState(state: Float64Array): void {
    this.#checkOpen();
    const { memory } = this.task;
    const simulationStart = 1 + randomWords + (memory?.length ?? 0);
    const expected = simulationStart + this.simulation.stateSize;
    if (state.length !== expected) {
      throw new EnvError(
        `${this.id}: a saved state has ${expected} numbers, this one ${state.length}: it is another environment's`,
      );
    }
    this.#steps = state[0] ?? 0;
    this.#random = restoredRandom(state.subarray(1, 1 + randomWords));
    memory?.set(state.subarray(1 + randomWords, simulationStart));
    this.simulation.restoreState(state.subarray(simulationStart));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.simulation.close();
  }

  #observe(): Float64Array {
    const observation = new Float64Array(this.task.observationSize);
    this.task.observe(observation);
    return observation;
  }

  #checkOpen(): void {
    if (this.#closed) throw new EnvError(`${this.id}: the environment is closed`);
  }

  #checkAction(action: ArrayLike<number>): void {
    const { nu } = this.simulation;
    const step = this.#steps + 1;
    if (action.length !== nu) {
      throw new EnvError(`${this.id}: the action has ${action.length} elements at step ${step}; it must have ${nu}`);
    }
    for (let i = 0; i < nu; i++) {
      if (!Number.isFinite(action[i])) {
        throw new EnvError(`${this.id}: action[${i}] is ${action[i]} at step ${step}; it must be finite`);
      }
    }
  }

  #checkVector(name: string, values: ArrayLike<number>, length: number): void {
    if (values.length !== length)
      throw new EnvError(`${this.id}: ${name} has ${values.length} elements; it must have ${length}`);
    for (let i = 0; i < length; i++) {
      if (!Number.isFinite(values[i]))
        throw new EnvError(`${this.id}: ${name}[${i}] is ${values[i]}; it must be finite`);
    }
  }

  /** Runs physics; says where it went wrong if it did. */
  #guard<R>(physics: () => R): R {
    try {
      return physics();
    } catch (error) {
      if (!(error instanceof Unstable)) throw error;
      throw new EnvError(`${this.id}: the simulation is unstable at step ${this.#steps}: ${error.message}`);
    }
  }
}

/** Gymnasium's action space: the actuators' control ranges. */
function controlSpace(simulation: Simulation): Box<"float32"> {
  const range = simulation.model.actuator_ctrlrange as Float64Array;
  const bounds = (column: number) => Array.from({ length: simulation.nu }, (_, i) => range[2 * i + column] ?? 0);
  return new Box("float32", bounds(0), bounds(1));
}

/** Controls of an action in [−1, 1]: (action + 1)/2·(high − low) + low, in float32 as the action space is. */
function scale(action: ArrayLike<number>, { low, high, size }: Box<"float32">, controls: Float64Array): void {
  const { fround } = Math;
  for (let i = 0; i < size; i++) {
    const bottom = low[i] ?? 0;
    const fraction = fround(fround(fround(action[i] ?? 0) + 1) / 2);
    controls[i] = fround(fround(fraction * fround((high[i] ?? 0) - bottom)) + bottom);
  }
}
