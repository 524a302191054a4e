import { EnvError } from "./env.ts";

/**
 * What an environment's code threw, in one line that says where; an EnvError (of whichever copy of this package) as it is.
 *
 * @param id The environment.
 * @param action What was done, to come before "threw": "step".
 */
export function asEnvError(id: string, action: string, error: unknown): EnvError {
  if (error instanceof EnvError) return error;
  const message = String(error).replace(/\s*\n\s*/g, "; ");
  if (error instanceof Error && error.name === "EnvError") return new EnvError(error.message, { cause: error });
  const place = error instanceof Error ? placeOf(error) : undefined;
  return new EnvError(`${id}: ${action} threw ${message}${place === undefined ? "" : ` at ${place}`}`, {
    cause: error,
  });
}

/** File, line and column where an error was made, as its stack tells. */
function placeOf({ stack = "" }: Error): string | undefined {
  return /\n\s+at (?:[^\n]*? \()?((?:file:|\/|[A-Z]:)[^()\n]*:\d+:\d+)\)?/.exec(stack)?.[1];
}
