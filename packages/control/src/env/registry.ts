import type { z } from "zod";
import { Box } from "./box.ts";
import { type Env, EnvError } from "./env.ts";
import { antV5 } from "./gymnasium/ant.ts";
import { halfCheetahV5 } from "./gymnasium/halfCheetah.ts";
import { hopperV5 } from "./gymnasium/hopper.ts";
import { humanoidV5 } from "./gymnasium/humanoid.ts";
import { humanoidStandupV5 } from "./gymnasium/humanoidStandup.ts";
import { invertedDoublePendulumV5 } from "./gymnasium/invertedDoublePendulum.ts";
import { invertedPendulumV5 } from "./gymnasium/invertedPendulum.ts";
import { pusherV5 } from "./gymnasium/pusher.ts";
import { reacherV5 } from "./gymnasium/reacher.ts";
import { swimmerV5 } from "./gymnasium/swimmer.ts";
import { walker2dV5 } from "./gymnasium/walker2d.ts";
import { loadMujoco } from "./mujoco.ts";
import type { Robot } from "./robot.ts";
import { TimeLimit } from "./timeLimit.ts";

const robots = {
  "HalfCheetah-v5": halfCheetahV5,
  "Hopper-v5": hopperV5,
  "Walker2d-v5": walker2dV5,
  "Ant-v5": antV5,
  "Humanoid-v5": humanoidV5,
  "HumanoidStandup-v5": humanoidStandupV5,
  "InvertedPendulum-v5": invertedPendulumV5,
  "InvertedDoublePendulum-v5": invertedDoublePendulumV5,
  "Swimmer-v5": swimmerV5,
  "Reacher-v5": reacherV5,
  "Pusher-v5": pusherV5,
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
export async function makeEnv<Id extends string>(
  id: Id,
  options: Id extends EnvId ? EnvOptions<Id> : Readonly<Record<string, unknown>> = {} as never,
): Promise<Env> {
  const robot = Object.values<Robot>(robots).find((robot) => robot.id === id);
  if (robot === undefined) {
    throw new EnvError(`unknown environment ${JSON.stringify(id)}; there are ${Object.keys(robots).join(", ")}`);
  }
  const { maxEpisodeSteps = robot.maxEpisodeSteps, ...given }: Readonly<Record<string, unknown>> = options;
  const env = robot.create(await loadMujoco(), given);
  try {
    return new TimeLimit(env, Number(maxEpisodeSteps));
  } catch (error) {
    env.close();
    throw error;
  }
}
