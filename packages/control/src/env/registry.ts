import type { z } from "zod";
import { Box } from "./box.ts";
import { type Env, EnvError } from "./env.ts";
import { halfCheetahV5 } from "./gymnasium/half-cheetah.ts";
import { loadMujoco } from "./mujoco.ts";
import type { Robot } from "./robot.ts";
import { TimeLimit } from "./time-limit.ts";

const robots = {
  "HalfCheetah-v5": halfCheetahV5,
} as const;

/** The ids of the built-in environments. */
export type EnvId = keyof typeof robots;

/** The options of {@link makeEnv}: the environment's own (Gymnasium's keyword arguments in camel case) and its time limit. */
export type EnvOptions<Id extends EnvId> = z.input<(typeof robots)[Id]["options"]> & { maxEpisodeSteps?: number };

/** What is known of an environment without making it. */
export interface EnvSpec {
  readonly id: string;
  /** The spaces with default options. */
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: Box<"float32">;
  /** The time limit in steps. */
  readonly maxEpisodeSteps: number;
  /** The return at which Gymnasium calls the task solved; null where it names none. */
  readonly rewardThreshold: number | null;
  /** The options that {@link makeEnv} takes, with defaults and descriptions. */
  readonly options: z.ZodType;
}

/** All built-in environments. */
export const environments: readonly EnvSpec[] = Object.values<Robot>(robots).map((robot) => ({
  id: robot.id,
  observationSpace: Box.unbounded(robot.observationSize),
  actionSpace: Box.uniform("float32", robot.actionSize, -robot.actionBound, robot.actionBound),
  maxEpisodeSteps: robot.maxEpisodeSteps,
  rewardThreshold: robot.rewardThreshold,
  options: robot.options,
}));

/**
 * Makes an environment, loading MuJoCo first where needed. It truncates its episodes at its time limit ({@link TimeLimit}).
 *
 * @param id One of {@link environments}.
 * @param options Whatever differs from the defaults; `maxEpisodeSteps` changes the time limit.
 * @throws EnvError For an unknown id (the message lists what exists), an unknown option or an impossible value.
 */
export async function makeEnv<Id extends EnvId>(id: Id, options?: EnvOptions<Id>): Promise<Env>;
export async function makeEnv(id: string, options?: Readonly<Record<string, unknown>>): Promise<Env>;
export async function makeEnv(id: string, options: Readonly<Record<string, unknown>> = {}): Promise<Env> {
  const robot = Object.values<Robot>(robots).find((robot) => robot.id === id);
  if (robot === undefined) {
    throw new EnvError(`unknown environment ${JSON.stringify(id)}; there are ${Object.keys(robots).join(", ")}`);
  }
  const { maxEpisodeSteps = robot.maxEpisodeSteps, ...given } = options;
  return new TimeLimit(robot.create(await loadMujoco(), given), Number(maxEpisodeSteps));
}
