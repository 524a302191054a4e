import { z } from "zod";
import { EnvError } from "./env.ts";

/**
 * An environment's options with their defaults.
 *
 * @throws EnvError in one line that names the first thing that is wrong.
 */
export function parseOptions<Options>(id: string, schema: z.ZodType<Options>, given: unknown): Options {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new EnvError(`${id}: ${explain(parsed.error, schema)}`);
}

function explain(error: z.ZodError, schema: z.ZodType): string {
  const issue = error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    return `unknown option ${issue.keys.join(", ")}; there are ${[...known, "maxEpisodeSteps", "actionRepeat"].join(", ")}`;
  }
  return `option ${issue?.path.join(".")}: ${issue?.message}`;
}
