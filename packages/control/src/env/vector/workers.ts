import { EnvError } from "../env.ts";
import { environments } from "../registry.ts";
import { CopiesWorker } from "./copiesWorker.ts";
import type { Autoreset } from "./envCopies.ts";
import { type VectorArrays, vectorArrays, vectorBytes } from "./vectorArrays.ts";
import { checkActions, checkSeed, checkStates, type VectorEnv, type VectorStep } from "./vectorEnv.ts";

/** What all copies have in common. */
export interface WorkersSpec extends Pick<VectorEnv, "id" | "count" | "observationSpace" | "actionSpace"> {
  readonly workers: number;
  readonly autoreset: Autoreset;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * A vector environment whose copies are stepped by worker threads, each with neighbouring ones. Actions and results lie in memory that all threads share;
 * the calling thread waits without blocking, so that signals and timers are still seen.
 */
export class WorkersVectorEnv implements VectorEnv {
  readonly id: string;
  readonly count: number;
  readonly observationSpace: VectorEnv["observationSpace"];
  readonly actionSpace: VectorEnv["actionSpace"];
  readonly #workers: readonly CopiesWorker[];
  /** The copies of each worker: from the first to before the second. */
  readonly #shares: readonly (readonly [number, number])[];
  readonly #arrays: VectorArrays;
  #isBusy = false;
  /** Why it cannot go on. */
  #broken: string | undefined;

  private constructor({ id, count, observationSpace, actionSpace, workers, autoreset, options }: WorkersSpec) {
    this.id = id;
    this.count = count;
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    const module = environments.find((known) => known.id === id)?.module;
    const sizes = { count, observationSize: observationSpace.size, actionSize: actionSpace.size };
    const arrays = new SharedArrayBuffer(vectorBytes(sizes));
    this.#arrays = vectorArrays(arrays, sizes);
    this.#shares = shares(count, workers);
    this.#workers = this.#shares.map(
      ([first, end], index) =>
        new CopiesWorker({ id, module, options, autoreset, first, count: end - first, sizes, arrays }, index),
    );
  }

  /**
   * Starts the threads and makes the copies in them.
   * @throws EnvError where a copy can't be made, or a thread does not start; all threads are ended then
   */
  static async start(spec: WorkersSpec): Promise<WorkersVectorEnv> {
    const env = new WorkersVectorEnv(spec);
    await env.#each((worker) => worker.ready);
    return env;
  }

  async reset({ seed }: { seed?: number } = {}): Promise<{ observations: Float32Array }> {
    checkSeed(this.id, seed);
    await this.#each((worker) => worker.request({ kind: "reset", seed }));
    return { observations: this.#arrays.observations };
  }

  async step(actions: Float32Array): Promise<VectorStep> {
    checkActions(this, actions);
    this.#checkUsable();
    this.#arrays.actions.set(actions);
    await this.#each((worker) => worker.step());
    return this.#arrays;
  }

  async saveState(): Promise<Float64Array[]> {
    const answers = await this.#each((worker) => worker.request({ kind: "save" }));
    return answers.flatMap(({ states = [] }) => states);
  }

  async restoreState(states: readonly Float64Array[]): Promise<void> {
    checkStates(this, states);
    await this.#each((worker, share) => worker.request({ kind: "restore", states: states.slice(...share) }));
  }

  async close(): Promise<void> {
    this.#broken ??= "it is closed";
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #checkUsable(): void {
    if (this.#broken !== undefined)
      throw new EnvError(`${this.id}: the vector environment can't be used: ${this.#broken}`);
    if (this.#isBusy) throw new EnvError(`${this.id}: the vector environment is still at work: wait for its last call`);
  }

  /** Has every worker do something at once. Where one fails, all are ended, and the error of the lowest copies is thrown. */
  async #each<R>(work: (worker: CopiesWorker, share: readonly [number, number]) => Promise<R>): Promise<R[]> {
    this.#checkUsable();
    this.#isBusy = true;
    const outcomes = await Promise.allSettled(
      this.#workers.map((worker, i) => work(worker, this.#shares[i] as readonly [number, number])),
    );
    this.#isBusy = false;
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) {
      this.#broken ??= `it failed before (${(failed.reason as Error).message})`;
      await this.close();
      throw failed.reason;
    }
    return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<R>).value);
  }
}

/** Divides `count` copies between `workers` threads, as evenly as it goes; no thread is without one. */
function shares(count: number, workers: number): (readonly [number, number])[] {
  const used = Math.min(count, workers);
  const start = (worker: number) => Math.floor((worker * count) / used);
  return Array.from({ length: used }, (_, worker) => [start(worker), start(worker + 1)] as const);
}
