import type { Env } from "../env.ts";
import { makeEnv } from "../registry.ts";

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
