import { z } from "zod";
import { addUniform, append } from "../gymnasium/vectors.ts";
import type { Mujoco } from "../mujoco.ts";
import { MujocoEnv, type Task } from "../mujocoEnv.ts";
import { parseOptions } from "../parseOptions.ts";
import type { SharedModel } from "../sharedModel.ts";
import { Simulation } from "../simulation.ts";
import { balanceHard, balanceSimple } from "./balance.ts";
import { H1 } from "./h1.ts";
import type { H1Task } from "./h1Task.ts";
import { crawl, hurdle, pole, run, slide, stair, stand, walk } from "./locomotion.ts";
import { maze } from "./maze.ts";
import { reach } from "./reach.ts";
import { sitHard, sitSimple } from "./sit.ts";

/** The tasks for H1. */
export const h1Tasks: readonly H1Task[] = [
  stand,
  walk,
  run,
  reach,
  hurdle,
  crawl,
  maze,
  sitSimple,
  sitHard,
  balanceSimple,
  balanceHard,
  stair,
  slide,
  pole,
];

/** Physics steps (of 2 ms) per environment step. */
const FRAME_SKIP = 10;

/** The keyword arguments of HumanoidBench's environment that concern these tasks, in camel case. */
export const h1Options = z.strictObject({
  randomness: z
    .number()
    .nonnegative()
    .default(0.01)
    .describe("the initial positions' noise is uniform within this much of 0"),
});

/** The name under which users know a task. */
export function h1Id({ name }: H1Task): string {
  return `h1-${name}-v0`;
}

/** Path of a task's model among the benchmark's files. */
export function h1ModelPath({ name }: H1Task): string {
  return `envs/h1_pos_${name}.xml`;
}

/**
 * Makes a task's environment (humanoid_bench/env.py, without its wrappers): actions in [−1, 1] are desired joint positions, scaled to
 * their ranges, observations are positions and velocities, and an episode begins at the model's keyframe with noise on the positions.
 *
 * @param model The task's model, which stays as it is.
 * @throws EnvError For an unknown option, an impossible value, or a model that does not compile.
 */
export function makeH1Env(
  mujoco: Mujoco,
  task: H1Task,
  model: SharedModel,
  options: Readonly<Record<string, unknown>>,
): MujocoEnv {
  const id = h1Id(task);
  const { randomness } = parseOptions(id, h1Options, options);
  const simulation = new Simulation(mujoco, id, model, []);
  try {
    return new MujocoEnv(id, simulation, simulatedTask(simulation, task, randomness));
  } catch (error) {
    simulation.close();
    throw error;
  }
}

function simulatedTask(simulation: Simulation, { create, observationSize }: H1Task, randomness: number): Task {
  const rules = create(new H1(simulation));
  const keyframe = Float64Array.from(simulation.model.key_qpos as Float64Array);
  return {
    ...(rules.memory && { memory: rules.memory }),
    normalizedActions: true,
    observationSize,
    frameSkip: FRAME_SKIP,

    perturb(random, qpos) {
      qpos.set(keyframe);
      addUniform(random, qpos, randomness);
      rules.begin?.(random, qpos);
    },

    observe(out) {
      const { qpos, qvel } = simulation.fields;
      const end = append(out, append(out, 0, qpos), qvel);
      rules.observeMore?.(out, end);
    },

    resetInfo: () => ({}),

    step(_action, advance) {
      advance();
      const { reward, terms } = rules.reward();
      return { reward, terminated: rules.terminated(), info: { perTimestepReward: reward, ...terms } };
    },
  };
}
