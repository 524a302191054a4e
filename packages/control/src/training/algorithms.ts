import { unknownName } from "@era/lab";
import * as z from "zod";
import type { Algorithm } from "./algorithm.ts";
import { fastSacAlgorithm } from "./fastSacAlgorithm.ts";
import { fastTd3Algorithm } from "./fastTd3Algorithm.ts";
import { obacAlgorithm } from "./obacAlgorithm.ts";
import { ppoAlgorithm } from "./ppoAlgorithm.ts";
import { sacAlgorithm } from "./sacAlgorithm.ts";
import { tdmpc2Algorithm } from "./tdmpc2Algorithm.ts";

/** Every algorithm, in the order of `era train --help`. */
export const algorithms: readonly Algorithm[] = [
  sacAlgorithm,
  ppoAlgorithm,
  fastSacAlgorithm,
  fastTd3Algorithm,
  tdmpc2Algorithm,
  obacAlgorithm,
].map(withEnvironmentSettings);

/** The algorithm with the settings that say more of the environment: how often actions repeat, and where a user's own is defined. */
function withEnvironmentSettings(algorithm: Algorithm): Algorithm {
  const actionRepeat = z
    .int()
    .min(1)
    .default(1)
    .describe("Environment steps for which each action is taken (2 in most results on DeepMind Control)");
  const envModule = z
    .string()
    .min(1)
    .optional()
    .describe("File that defines --env, where that is your own; --env <file> is enough");
  // An extended schema still gives all that the algorithm's own gives, which its type does not say.
  const schema = algorithm.schema.safeExtend({ actionRepeat, envModule }) as z.ZodObject as Algorithm["schema"];
  return { ...algorithm, schema };
}

/**
 * The algorithm that a run folder's `kind` names.
 * @throws UsageError that suggests the likeliest name and lists all
 */
export function algorithmOf(kind: string): Algorithm {
  const found = algorithms.find(({ name }) => name === kind);
  if (found) return found;
  throw unknownName(
    "algorithm",
    kind,
    algorithms.map(({ name }) => name),
  );
}
