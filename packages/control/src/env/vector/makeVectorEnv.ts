import { type Env, EnvError } from "../env.ts";
import { makeEnv } from "../registry.ts";
import type { Autoreset } from "./envCopies.ts";
import { InProcessVectorEnv } from "./inProcess.ts";
import type { VectorEnv } from "./vectorEnv.ts";

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
  return new InProcessVectorEnv(await makeCopies(id, count, options), autoreset);
}

/** Makes some copies of an environment; where one can't be made, those before it are closed. */
export async function makeCopies(
  id: string,
  count: number,
  options: Readonly<Record<string, unknown>>,
): Promise<[Env, ...Env[]]> {
  const copies: [Env, ...Env[]] = [await makeEnv(id, options)];
  try {
    while (copies.length < count) copies.push(await makeEnv(id, options));
  } catch (error) {
    for (const copy of copies) copy.close();
    throw error;
  }
  return copies;
}
