import { EnvError } from "../env.ts";
import type { Autoreset } from "./envCopies.ts";
import { InProcessVectorEnv } from "./inProcess.ts";
import { makeCopies } from "./makeCopies.ts";
import type { VectorEnv } from "./vectorEnv.ts";
import { WorkersVectorEnv } from "./workers.ts";

export interface VectorOptions {
  /** Number of copies. */
  readonly count: number;
  /** Threads that step them, each with its share of the copies; 0, the default: the calling thread does. */
  readonly workers?: number;
  /** When the next episode of a copy begins; "same-step" if left out. */
  readonly autoreset?: Autoreset;
  /** The options of each copy, as {@link makeEnv} takes them. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * Makes `count` copies of an environment. The numbers do not depend on `workers`.
 * @throws EnvError as {@link makeEnv}, and where a count is impossible
 */
export async function makeVectorEnv(
  id: string,
  { count, workers = 0, autoreset = "same-step", options = {} }: VectorOptions,
): Promise<VectorEnv> {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new EnvError(`${id}: ${count} copies; there must be at least one`);
  }
  if (!Number.isSafeInteger(workers) || workers < 0) {
    throw new EnvError(`${id}: ${workers} workers; there must be a whole number of them, or 0 for the calling thread`);
  }
  if (workers === 0) return new InProcessVectorEnv(await makeCopies(id, count, options), autoreset);
  // One copy here tells the spaces, and what is wrong with id or options before any thread is started.
  const [probe] = await makeCopies(id, 1, options);
  const { observationSpace, actionSpace } = probe;
  probe.close();
  return WorkersVectorEnv.start({ id, count, observationSpace, actionSpace, workers, autoreset, options });
}
