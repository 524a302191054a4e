import type { Random } from "@era/tensor";
import type { Info } from "../env.ts";
import type { H1 } from "./h1.ts";

/** One of the benchmark's tasks for H1. */
export interface H1Task {
  /** The benchmark's name of it: the environment is `h1-<name>-v0`. */
  readonly name: string;
  /** The return at which the benchmark's authors call it solved (`success_bar`). */
  readonly successBar: number;
  /** Elements of an observation. */
  readonly observationSize: number;
  /** The task on one simulated robot. */
  create(robot: H1): H1Rules;
}

/** What a task lays down for one simulated robot. */
export interface H1Rules {
  /** What the task remembers between steps; saved with the environment. */
  readonly memory?: Float64Array;
  /** Begins an episode, after the noise: may draw what is random beside it and change the positions `[nq]`. */
  begin?(random: Random, qpos: Float64Array): void;
  /** Writes what follows positions and velocities in an observation, from element `offset` on. */
  observeMore?(out: Float64Array, offset: number): void;
  /** Reward of the present state, with its terms under their names in the original (in camel case). */
  reward(): { readonly reward: number; readonly terms: Info };
  /** Whether the task has ended in the present state. */
  terminated(): boolean;
}
