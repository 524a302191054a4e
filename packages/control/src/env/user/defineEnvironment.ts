import * as z from "zod";
import { asEnvError } from "../asEnvError.ts";
import type { Box } from "../box.ts";
import type { ActionSpace } from "../discrete.ts";
import { type Env, EnvError } from "../env.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { parseOptions } from "../parseOptions.ts";
import type { Dynamics } from "./dynamics.ts";
import { DynamicsEnv } from "./dynamicsEnv.ts";

/** What a user's environment is. `Options` are what {@link EnvironmentDescription.create} takes; there are none if `options` is left out. */
export interface EnvironmentDescription<Options = Record<string, never>> {
  /** Its name, such as `"PointMass-v0"`: no other environment may have it. */
  readonly id: string;
  /** Observations are float64; bounds are informative. */
  readonly observationSpace: Box<"float64">;
  /** A box with finite bounds, or discrete actions. */
  readonly actionSpace: ActionSpace;
  /** The time limit in steps, after which episodes are truncated. */
  readonly maxEpisodeSteps: number;
  /** The return at which the task counts as solved. */
  readonly rewardThreshold?: number;
  /** A zod object schema of the options that `makeEnv` takes, each with a default. */
  readonly options?: z.ZodType<Options>;
  /** Makes one environment: its dynamics, or a whole {@link Env} (a {@link MujocoEnv} of an own model, say). */
  create(options: Options): Dynamics | Env | Promise<Dynamics | Env>;
}

/**
 * An environment of one's own, ready for `registerEnvironment`, or to be a module's default export: then `era train … --env ./module.ts` trains on it.
 *
 * @example
 * export default defineEnvironment({
 *   id: "PointMass-v0",
 *   observationSpace: Box.unbounded(4),
 *   actionSpace: Box.uniform("float32", 2, -1, 1),
 *   maxEpisodeSteps: 200,
 *   create: () => new PointMass(),
 * });
 *
 * @throws EnvError where `create` is no function
 */
export function defineEnvironment<Options = Record<string, never>>(
  description: EnvironmentDescription<Options>,
): EnvDefinition {
  const { id, observationSpace, actionSpace, maxEpisodeSteps, rewardThreshold = null } = description;
  if (typeof description.create !== "function") {
    throw new EnvError(`${id}: create is a ${typeof description.create}; it must be a function`);
  }
  // Without options there is nothing but {} to be had from this schema.
  const options = description.options ?? (z.strictObject({}) as unknown as z.ZodType<Options>);
  return {
    suite: "user",
    id,
    observationSpace,
    actionSpace,
    maxEpisodeSteps,
    rewardThreshold,
    options,
    async create(given) {
      const parsed = parseOptions(id, options, given);
      try {
        const made = await description.create(parsed);
        return "unwrapped" in made ? made : new DynamicsEnv({ id, observationSpace, actionSpace }, made);
      } catch (error) {
        throw asEnvError(id, "create", error);
      }
    },
  };
}
