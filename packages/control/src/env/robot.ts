import { readFileSync } from "node:fs";
import type { z } from "zod";
import { EnvError } from "./env.ts";
import type { Mujoco } from "./mujoco.ts";
import { MujocoEnv, type Task } from "./mujocoEnv.ts";
import { parseOptions } from "./parseOptions.ts";
import { type FieldName, Simulation } from "./simulation.ts";

/** What Gymnasium's tasks read. */
const readFields: readonly FieldName[] = [
  "qpos",
  "qvel",
  "qacc",
  "ctrl",
  "xpos",
  "xipos",
  "cinert",
  "cvel",
  "cfrc_ext",
  "qfrc_actuator",
  "qfrc_constraint",
  "site_xpos",
  "ten_length",
  "ten_velocity",
];

/** Options that every robot has. */
interface CommonOptions {
  readonly xmlFile?: string | undefined;
  readonly frameSkip: number;
}

/** What is written down for a built-in robot environment. */
export interface RobotDefinition<Options extends CommonOptions, Input> {
  readonly id: string;
  /** The time limit in steps. */
  readonly maxEpisodeSteps: number;
  /** The return at which Gymnasium calls the task solved; null where it names none. */
  readonly rewardThreshold: number | null;
  /** Elements of an observation with default options. */
  readonly observationSize: number;
  /** Elements of an action. */
  readonly actionSize: number;
  /** Actions lie between -actionBound and actionBound. */
  readonly actionBound: number;
  /** The options: Gymnasium's keyword arguments in camel case, with its defaults. */
  readonly options: z.ZodType<Options, Input>;
  /** The built-in model, as MJCF. */
  readonly model: () => string;
  /** What the task adds to the simulated model. */
  readonly task: (simulation: Simulation, options: Options) => Task;
}

/** A built-in robot environment that can be made. `Input` is the type of its options as a user writes them. */
export interface Robot<Input = unknown> extends Omit<RobotDefinition<CommonOptions, Input>, "options" | "task"> {
  readonly options: z.ZodType<CommonOptions, Input>;
  /** @throws EnvError For an unknown option, an impossible value, or a model that can't be read or doesn't compile. */
  create(mujoco: Mujoco, options: Readonly<Record<string, unknown>>): MujocoEnv;
}

/** Turns a definition into a {@link Robot}: checks options, compiles the model, joins simulation and task. */
export function defineRobot<Options extends CommonOptions, Input>(
  definition: RobotDefinition<Options, Input>,
): Robot<Input> {
  const { id, task, model } = definition;
  return {
    ...definition,
    create(mujoco, given) {
      const options = parseOptions(id, definition.options, given);
      const mjcf = options.xmlFile === undefined ? model() : readModel(id, options.xmlFile);
      const simulation = new Simulation(mujoco, id, mjcf, readFields);
      try {
        return new MujocoEnv(id, simulation, task(simulation, options));
      } catch (error) {
        simulation.close();
        throw error;
      }
    },
  };
}

function readModel(id: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new EnvError(`${id}: xmlFile can't be read: ${error instanceof Error ? error.message : error}`);
  }
}
