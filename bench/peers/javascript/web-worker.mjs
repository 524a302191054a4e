/**
 * The browser's `Worker` for Node, as far as jax-js needs it: module source from a blob URL, `postMessage`, `onmessage`.
 * jax-js is multi-threaded only where it finds this global.
 */

import { resolveObjectURL } from "node:buffer";
import { Worker } from "node:worker_threads";

const PRELUDE = `
const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => self.onmessage({ data }));
`;

class WebWorker {
  onmessage = null;
  onerror = null;
  #thread;

  constructor(url) {
    this.#thread = resolveObjectURL(url)
      .text()
      .then((source) => {
        const thread = new Worker(PRELUDE + source, { eval: true });
        thread.on("message", (data) => this.onmessage?.({ data }));
        thread.on("error", (error) => this.onerror?.(error));
        return thread;
      });
    this.#thread.then((thread) => {
      this.#thread = thread;
    });
  }

  postMessage(message) {
    if (this.#thread instanceof Worker) this.#thread.postMessage(message);
    else this.#thread.then((thread) => thread.postMessage(message));
  }
}

/** Lets libraries for browsers start `threads` workers. */
export function installWebWorkers(threads) {
  globalThis.Worker = WebWorker;
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: threads }, configurable: true });
}
