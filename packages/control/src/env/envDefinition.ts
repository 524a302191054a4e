import type { z } from "zod";
import type { Box } from "./box.ts";
import type { ActionSpace } from "./discrete.ts";
import type { Env } from "./env.ts";

/** What is known of an environment without making it. */
export interface EnvSpec {
  readonly id: string;
  /** The spaces with default options. */
  readonly observationSpace: Box<"float64">;
  readonly actionSpace: ActionSpace;
  /** The time limit in steps. */
  readonly maxEpisodeSteps: number;
  /** The return at which its authors call the task solved; null where they name none. */
  readonly rewardThreshold: number | null;
  /** The options that `makeEnv` takes, with defaults and descriptions. */
  readonly options: z.ZodType;
}

/** An environment that can be made by its id once it is registered (`registerEnvironment`). */
export interface EnvDefinition extends EnvSpec {
  /** The benchmark it belongs to, such as `"gymnasium"`: `era envs` lists it there. */
  readonly suite: string;
  /** The file that it comes from, where that is a user's own: other threads and processes load it from there. */
  readonly module?: string;
  /** Undefined where nothing is missing to make it; else one line that says which command adds what is. */
  missing?(): string | undefined;
  /**
   * Makes the environment, without a time limit, which `makeEnv` adds.
   *
   * @param options Whatever differs from the defaults.
   * @throws EnvError For an unknown option or an impossible value.
   */
  create(options: Readonly<Record<string, unknown>>): Promise<Env>;
}
