import { Worker } from "node:worker_threads";
import { EnvError } from "../env.ts";
import { controlBytes, slots, type WorkerAnswer, type WorkerRequest, type WorkerTask } from "./workerProtocol.ts";

let program = new URL("./workerMain.js", import.meta.url);

/** Says where the program of the worker threads is: for those who bundle this package, and for tests, which run its sources. */
export function useWorkerProgram(url: URL): void {
  program = url;
}

/** A worker's answer that is no error. */
type Answered = Exclude<WorkerAnswer, { readonly error: string }>;

/** One request that is not answered yet. */
interface Pending {
  resolve(answer: Answered): void;
  reject(error: EnvError): void;
}

/** A worker thread with its share of the copies, as the thread that uses it sees it. It keeps the process alive only while it works. */
export class CopiesWorker {
  /** Resolves when the copies are made. */
  readonly ready: Promise<unknown>;
  readonly #name: string;
  readonly #worker: Worker;
  readonly #control: Int32Array<SharedArrayBuffer>;
  /** Steps done. */
  #stepped = 0;
  #pending: Pending | undefined;
  /** Why there is no thread any more. */
  #ended: EnvError | undefined;

  /** @param index The number of this worker, for error messages. */
  constructor(task: Omit<WorkerTask, "control">, index: number) {
    const { id, first, count } = task;
    const copies = count === 1 ? `copy ${first}` : `copies ${first} to ${first + count - 1}`;
    this.#name = `${id}: worker ${index} (${copies})`;
    const control = new SharedArrayBuffer(controlBytes);
    this.#control = new Int32Array(control);
    this.#worker = new Worker(program, {
      workerData: { ...task, control } satisfies WorkerTask,
      name: `${id} ${copies}`,
    });
    this.#worker.on("message", (answer: WorkerAnswer) => this.#receive(answer));
    this.#worker.on("error", (error) => this.#end(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => this.#end(`it exited with code ${code}`));
    this.ready = this.#wait(() => {});
  }

  /** Steps the copies, whose actions are in the shared arrays. */
  step(): Promise<unknown> {
    return this.#wait((pending) => {
      this.#ask(0);
      const done = Atomics.waitAsync(this.#control, slots.stepped, this.#stepped);
      const finish = () => {
        this.#stepped = (this.#stepped + 1) | 0;
        this.#settle(pending, () => pending.resolve({}));
      };
      // Where the step fails, its message rejects the request, and the count stays as it is for ever.
      if (done.async) void done.value.then(finish);
      else finish();
    });
  }

  request(request: WorkerRequest): Promise<Answered> {
    return this.#wait(() => {
      this.#worker.postMessage(request);
      this.#ask(1);
    });
  }

  /** Ends the thread; a request at hand is rejected. Resolves when it is gone. */
  async terminate(): Promise<void> {
    this.#end("it was closed");
    await this.#worker.terminate();
  }

  /** Begins a request and waits for what settles it. */
  #wait(begin: (pending: Pending) => void): Promise<Answered> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const pending = { resolve, reject };
      this.#pending = pending;
      this.#worker.ref();
      begin(pending);
    });
  }

  #ask(isMessage: 0 | 1): void {
    Atomics.store(this.#control, slots.isMessage, isMessage);
    Atomics.add(this.#control, slots.asked, 1);
    Atomics.notify(this.#control, slots.asked);
  }

  /** Ends a request, unless it has been already. */
  #settle(pending: Pending | undefined, how: () => void): void {
    if (pending === undefined || pending !== this.#pending) return;
    this.#pending = undefined;
    // An idle worker must not keep a program from ending.
    this.#worker.unref();
    how();
  }

  #receive(answer: WorkerAnswer): void {
    const pending = this.#pending;
    this.#settle(pending, () => {
      if ("error" in answer) pending?.reject(new EnvError(answer.error));
      else pending?.resolve(answer);
    });
  }

  /** The thread is gone, or about to be: the first reason counts. */
  #end(reason: string): void {
    this.#ended ??= new EnvError(`${this.#name} ended: ${reason.replace(/\s*\n\s*/g, "; ")}`);
    const [pending, ended] = [this.#pending, this.#ended];
    this.#settle(pending, () => pending?.reject(ended));
  }
}
