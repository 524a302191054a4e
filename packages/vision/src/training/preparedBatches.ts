/** Batches that worker threads prepare while the steps before them run. They are the same ones with any number of workers. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FailureError } from "@era/lab";
import { type AnySet, isStreamed } from "../data/imageSet.ts";
import { inSharedMemory } from "../data/sharedMemory.ts";
import { Batches, type BatchOptions, type BatchSource, type PreparedBatch } from "./batches.ts";

let program = new URL("./batchWorkerMain.js", import.meta.url);

/** Says where the program of the worker threads is: for those who bundle this package, and for tests, which run its sources. */
export function useBatchProgram(url: URL): void {
  program = url;
}

/** What a worker is started with. All of it can be sent to a thread; pixels lie in memory that all threads share. */
export interface BatchTask {
  readonly set: AnySet;
  readonly options: BatchOptions;
}

/** A worker's message: a step's batch, or why there is none. */
export type BatchAnswer = { readonly step: number } & (
  | { readonly batch: PreparedBatch }
  | { readonly error: string; readonly isFailure: boolean }
);

/**
 * Batches of a set, prepared by so many worker threads; 0: in the calling one, when they are asked for. Left out: where images are decoded on the
 * way, as many as there are cores beside the one that takes steps, at most {@link mostWorkers}; otherwise none, as a batch then takes far less time
 * than a step.
 * @throws RangeError where the set does not fill a batch
 */
export function openBatches(set: AnySet, options: BatchOptions, workers = usualWorkers(set)): BatchSource {
  const here = new Batches(set, options);
  return workers === 0 ? here : new PreparedBatches(set, options, here.perEpoch, workers);
}

const mostWorkers = 4;

const usualWorkers = (set: AnySet): number =>
  isStreamed(set) ? Math.min(Math.max(availableParallelism() - 1, 1), mostWorkers) : 0;

/** Steps whose batches are prepared beyond the one asked for, a worker: one at work, and one ready. */
const ahead = 2;

class PreparedBatches implements BatchSource {
  readonly perEpoch: number;
  readonly #workers: readonly BatchWorker[];
  /** By step: what is asked for and not taken yet. */
  readonly #coming = new Map<number, Promise<PreparedBatch>>();

  constructor(set: AnySet, options: BatchOptions, perEpoch: number, workers: number) {
    this.perEpoch = perEpoch;
    const task = { set: inSharedMemory({ ...set, skipped: [] }), options };
    this.#workers = Array.from({ length: workers }, (_, i) => new BatchWorker(task, i));
  }

  async at(step: number): Promise<PreparedBatch> {
    for (const known of this.#coming.keys()) if (known < step) this.#coming.delete(known);
    for (let next = step; next <= step + ahead * this.#workers.length; next++) this.#ask(next);
    const coming = this.#coming.get(step);
    this.#coming.delete(step);
    const worker = this.#workers[step % this.#workers.length];
    // Only while a batch is waited for does a worker keep the program from ending.
    worker?.hold(true);
    try {
      return (await coming) as PreparedBatch;
    } finally {
      worker?.hold(false);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #ask(step: number): void {
    if (this.#coming.has(step)) return;
    const batch = this.#workers[step % this.#workers.length]?.prepare(step) as Promise<PreparedBatch>;
    // An error counts when its step is at hand, if ever.
    batch.catch(() => {});
    this.#coming.set(step, batch);
  }
}

/** One worker thread, which prepares the batches that it is asked for one after another. */
class BatchWorker {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #pending = new Map<number, { resolve(batch: PreparedBatch): void; reject(error: Error): void }>();
  /** Why there is no thread any more. */
  #ended: Error | undefined;

  constructor(task: BatchTask, index: number) {
    this.#name = `worker ${index} that prepares batches`;
    this.#worker = new Worker(program, { workerData: task, name: `batches ${index}` });
    this.#worker.unref();
    this.#worker.on("message", (answer: BatchAnswer) => this.#receive(answer));
    this.#worker.on("error", (error) => this.#end(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => this.#end(`it exited with code ${code}`));
  }

  prepare(step: number): Promise<PreparedBatch> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#pending.set(step, { resolve, reject });
      this.#worker.postMessage(step);
    });
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref();
    else this.#worker.unref();
  }

  async terminate(): Promise<void> {
    this.#end("it was closed");
    await this.#worker.terminate();
  }

  #receive(answer: BatchAnswer): void {
    const pending = this.#pending.get(answer.step);
    this.#pending.delete(answer.step);
    if ("batch" in answer) pending?.resolve(answer.batch);
    // Class and fields of an error do not survive the way from another thread; its message does.
    else pending?.reject(answer.isFailure ? new FailureError(answer.error) : new Error(answer.error));
  }

  /** The thread is gone, or about to be: the first reason counts. */
  #end(reason: string): void {
    this.#ended ??= new FailureError(`${this.#name} ended: ${reason.replace(/\s*\n\s*/g, "; ")}`);
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
