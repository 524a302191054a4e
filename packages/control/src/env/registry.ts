import { ActionRepeat } from "./actionRepeat.ts";
import { classicControlSuite } from "./classicControl/classicControlSuite.ts";
import { dmControlSuite } from "./dmControl/dmControlSuite.ts";
import { type Env, EnvError } from "./env.ts";
import type { EnvDefinition } from "./envDefinition.ts";
import { type GymnasiumId, type GymnasiumOptions, gymnasiumSuite } from "./gymnasium/gymnasiumSuite.ts";
import { humanoidBenchSuite } from "./humanoidBench/humanoidBenchSuite.ts";
import { TimeLimit } from "./timeLimit.ts";

const registered: EnvDefinition[] = [
  ...gymnasiumSuite,
  ...classicControlSuite,
  ...dmControlSuite,
  ...humanoidBenchSuite,
];

/** All environments that can be made, in the order of their registration: the built-in ones first. It grows with {@link registerEnvironment}. */
export const environments: readonly EnvDefinition[] = registered;

/** The ids of the environments whose options the compiler knows. */
export type EnvId = GymnasiumId;

/** The options of {@link makeEnv} that all environments have. */
export type CommonEnvOptions = {
  /** The time limit in steps (of which an action that is repeated takes several). */
  readonly maxEpisodeSteps?: number;
  /** For how many steps each action is taken; 1 if left out ({@link ActionRepeat}). */
  readonly actionRepeat?: number;
};

/** The options of {@link makeEnv}: the environment's own (Gymnasium's keyword arguments in camel case) and those that all have. */
export type EnvOptions<Id extends EnvId> = GymnasiumOptions<Id> & CommonEnvOptions;

/**
 * Adds an environment, which {@link makeEnv} and the command line then know by its id.
 *
 * @throws EnvError Where the id is taken.
 */
export function registerEnvironment(definition: EnvDefinition): void {
  const { id } = definition;
  if (registered.some((known) => known.id === id)) {
    throw new EnvError(`the environment ${JSON.stringify(id)} exists already; choose another id`);
  }
  registered.push(definition);
}

/**
 * Makes an environment, loading MuJoCo first where needed. It truncates its episodes at its time limit ({@link TimeLimit}).
 *
 * @param id One of {@link environments}.
 * @param options Whatever differs from the defaults: the environment's own options and {@link CommonEnvOptions}.
 * @throws EnvError For an unknown id (the message lists what exists), an unknown option or an impossible value, and where the
 * environment's models are not on this machine (the message says which command adds them).
 */
export async function makeEnv<Id extends string>(
  id: Id,
  options: Id extends EnvId ? EnvOptions<Id> : Readonly<Record<string, unknown>> = {} as never,
): Promise<Env> {
  const definition = registered.find((known) => known.id === id);
  if (definition === undefined) {
    const known = registered.map(({ id }) => id).join(", ");
    throw new EnvError(`unknown environment ${JSON.stringify(id)}; there are ${known}`);
  }
  const missing = definition.missing?.();
  if (missing !== undefined) throw new EnvError(`${id}: ${missing}`);
  const {
    maxEpisodeSteps = definition.maxEpisodeSteps,
    actionRepeat = 1,
    ...given
  }: Readonly<Record<string, unknown>> = options;
  const env = await definition.create(given);
  try {
    const limited = new TimeLimit(env, Number(maxEpisodeSteps));
    return actionRepeat === 1 ? limited : new ActionRepeat(limited, Number(actionRepeat));
  } catch (error) {
    env.close();
    throw error;
  }
}
