import { setImmediate } from "node:timers/promises";
import { type Env, EnvError } from "../env.ts";
import { type Autoreset, EnvCopies } from "./envCopies.ts";
import { type VectorArrays, vectorArrays, vectorBytes } from "./vectorArrays.ts";
import { checkActions, checkSeed, checkStates, type VectorEnv, type VectorStep } from "./vectorEnv.ts";

/** How long the event loop may stand still, in milliseconds: signals and timers are seen only when it turns. */
const turnEvery = 10;

/** A vector environment whose copies are stepped one after the other in the calling thread. */
export class InProcessVectorEnv implements VectorEnv {
  readonly id: string;
  readonly count: number;
  readonly observationSpace: Env["observationSpace"];
  readonly actionSpace: Env["actionSpace"];
  readonly #copies: EnvCopies;
  readonly #arrays: VectorArrays;
  #turnedAt = performance.now();
  /** Why it cannot go on. */
  #broken: string | undefined;

  /** @param envs The copies, all with the same spaces; they are closed with this environment. */
  constructor(envs: readonly [Env, ...Env[]], autoreset: Autoreset) {
    const [{ id, observationSpace, actionSpace }] = envs;
    this.id = id;
    this.count = envs.length;
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    const sizes = { count: envs.length, observationSize: observationSpace.size, actionSize: actionSpace.size };
    this.#arrays = vectorArrays(new ArrayBuffer(vectorBytes(sizes)), sizes);
    this.#copies = new EnvCopies(envs, 0, autoreset, this.#arrays);
  }

  async reset({ seed }: { seed?: number } = {}): Promise<{ observations: Float32Array }> {
    checkSeed(this.id, seed);
    await this.#run(() => this.#copies.reset(seed));
    return { observations: this.#arrays.observations };
  }

  async step(actions: Float32Array): Promise<VectorStep> {
    checkActions(this, actions);
    await this.#run(() => {
      this.#arrays.actions.set(actions);
      this.#copies.step();
    });
    return this.#arrays;
  }

  saveState(): Promise<Float64Array[]> {
    return this.#run(() => this.#copies.saveState());
  }

  async restoreState(states: readonly Float64Array[]): Promise<void> {
    checkStates(this, states);
    await this.#run(() => this.#copies.restoreState(states));
  }

  async close(): Promise<void> {
    if (this.#broken === "it is closed") return;
    this.#broken = "it is closed";
    this.#copies.close();
  }

  async #run<R>(work: () => R): Promise<R> {
    if (this.#broken !== undefined)
      throw new EnvError(`${this.id}: the vector environment can't be used: ${this.#broken}`);
    let result: R;
    try {
      result = work();
    } catch (error) {
      this.#broken = `it failed before (${(error as Error).message})`;
      throw error;
    }
    if (performance.now() - this.#turnedAt > turnEvery) {
      await setImmediate();
      this.#turnedAt = performance.now();
    }
    return result;
  }
}
