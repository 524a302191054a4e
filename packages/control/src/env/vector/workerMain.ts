/** The program of a worker thread: makes its share of a vector environment's copies, and steps them when asked. */
import { setImmediate } from "node:timers/promises";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { EnvError } from "../env.ts";
import { environments } from "../registry.ts";
import { loadEnvironment } from "../user/loadEnvironment.ts";
import { EnvCopies } from "./envCopies.ts";
import { makeCopies } from "./makeCopies.ts";
import { vectorArrays } from "./vectorArrays.ts";
import { slots, type WorkerAnswer, type WorkerRequest, type WorkerTask } from "./workerProtocol.ts";

/** How long the thread sleeps for the next request, in milliseconds, before its event loop turns: a step mostly follows at once. */
const sleepMilliseconds = 2;
/** How long the event loop may stand still: what an environment prints is seen only when it turns. */
const turnMilliseconds = 10;

const port = parentPort;
if (port === null) throw new Error("this program is for a worker thread");
const task = workerData as WorkerTask;
const control = new Int32Array(task.control);
const answer = (message: WorkerAnswer) => port.postMessage(message);
// A port that nobody listens to does not keep the thread alive by itself.
port.ref();

/** Waits until there are more requests than `seen`. */
async function nextRequest(seen: number): Promise<number> {
  if (Atomics.wait(control, slots.asked, seen, sleepMilliseconds) === "timed-out") {
    const woken = Atomics.waitAsync(control, slots.asked, seen);
    if (woken.async) await woken.value;
  }
  return Atomics.load(control, slots.asked);
}

function answerMessage(copies: EnvCopies): void {
  const request = receiveMessageOnPort(port as NonNullable<typeof port>)?.message as WorkerRequest;
  if (request.kind === "reset") copies.reset(request.seed);
  else if (request.kind === "restore") copies.restoreState(request.states);
  answer(request.kind === "save" ? { states: copies.saveState() } : {});
}

try {
  if (task.module !== undefined) await loadEnvironment(task.module);
  if (!environments.some(({ id }) => id === task.id)) {
    throw new EnvError(
      `${task.id}: worker threads don't know it: give it a file of its own and load that with loadEnvironment, or use no workers`,
    );
  }
  const envs = await makeCopies(task.id, task.count, task.options);
  const copies = new EnvCopies(envs, task.first, task.autoreset, vectorArrays(task.arrays, task.sizes));
  answer({});
  let turnedAt = performance.now();
  for (let seen = 0; ; ) {
    seen = await nextRequest(seen);
    if (Atomics.load(control, slots.isMessage) === 1) answerMessage(copies);
    else {
      copies.step();
      Atomics.add(control, slots.stepped, 1);
      Atomics.notify(control, slots.stepped);
    }
    if (performance.now() - turnedAt > turnMilliseconds) {
      await setImmediate();
      turnedAt = performance.now();
    }
  }
} catch (error) {
  // Class and fields of an error do not survive the way to another thread; its message does. The thread lives on until it is told to end.
  answer({ error: (error as Error).message });
}
