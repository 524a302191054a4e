/** The program of a worker thread: prepares a set's batches, one after another, as it is asked for them. */
import { parentPort, workerData } from "node:worker_threads";
import { FailureError } from "@era/lab";
import { Batches, type PreparedBatch } from "./batches.ts";
import type { BatchAnswer, BatchTask } from "./preparedBatches.ts";

const port = parentPort;
if (port === null) throw new Error("this program is for a worker thread");
const { set, options } = workerData as BatchTask;
const batches = new Batches(set, options);

/** The memory of a batch, which goes to the other thread without a copy. */
const memoryOf = ({ feeds }: PreparedBatch): ArrayBuffer[] =>
  Object.values(feeds).flatMap((value) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );

let last: Promise<void> = Promise.resolve();
port.on("message", (step: number) => {
  last = last.then(async () => {
    try {
      const batch = await batches.at(step);
      port.postMessage({ step, batch } satisfies BatchAnswer, memoryOf(batch));
    } catch (error) {
      const { message } = error as Error;
      port.postMessage({ step, error: message, isFailure: error instanceof FailureError } satisfies BatchAnswer);
    }
  });
});
