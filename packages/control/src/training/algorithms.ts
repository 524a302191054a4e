import { type Algorithm as AnyAlgorithm, parseConfig } from "@era/lab";
import * as z from "zod";
import { knownEnvironment } from "../env/user/knownEnvironment.ts";
import { type Algorithm, controlDomain, type TrainingConfig } from "./algorithm.ts";
import { environmentSpec } from "./environmentSpec.ts";
import { fastSacAlgorithm } from "./fastSacAlgorithm.ts";
import { fastTd3Algorithm } from "./fastTd3Algorithm.ts";
import { obacAlgorithm } from "./obacAlgorithm.ts";
import { ppoAlgorithm } from "./ppoAlgorithm.ts";
import { sacAlgorithm } from "./sacAlgorithm.ts";
import { tdmpc2Algorithm } from "./tdmpc2Algorithm.ts";

/** An algorithm of control as commands know it: its settings are complete as they are parsed, and checked at once. */
type AgentAlgorithm = AnyAlgorithm<TrainingConfig> & Pick<Algorithm, "schema" | "check">;

/** Every algorithm of control, in the order of `era train --help`. */
export const algorithms: readonly AgentAlgorithm[] = [
  sacAlgorithm,
  ppoAlgorithm,
  fastSacAlgorithm,
  fastTd3Algorithm,
  tdmpc2Algorithm,
  obacAlgorithm,
].map(inEnvironments);

/**
 * The algorithm with what all have in common: the settings that say more of the
 * environment (how often actions repeat, where a user's own is defined), and where settings come from.
 */
function inEnvironments(algorithm: Algorithm): AgentAlgorithm {
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
  return {
    ...algorithm,
    schema,
    domain: controlDomain,
    task: ({ env }) => env,
    modelSizes({ env }) {
      const { observationSpace, actionSpace } = environmentSpec(env);
      const sizes = { observationSize: observationSpace.low.length, actionSize: actionSpace.size };
      return { text: `${sizes.observationSize} observations to ${sizes.actionSize} actions, any batch`, sizes };
    },
    settings(stored, given, source) {
      // Another environment than the stored one has another module, or none.
      const fitting = given.env === undefined ? stored : { ...stored, envModule: undefined };
      return knownEnvironment(parseConfig(schema, fitting, given), source);
    },
  };
}
