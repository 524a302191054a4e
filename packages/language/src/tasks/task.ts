/** Tasks whose problems are generated: as many as one wants, with solutions to learn from, and nothing to download. */
import type { Random } from "@era/tensor";
import type { Problem } from "../data/problems.ts";

/** A problem to train on. */
export interface TrainingProblem extends Problem {
  /** The text that a model continues which has not learned to converse; `text` where it is left out. */
  readonly prompt?: string;
  /** A response that is right, to imitate; undefined where none is known. */
  readonly solution?: string;
}

export interface Task {
  readonly name: string;
  /** Every character of prompts and solutions. */
  readonly characters: string;
  /** Characters of the longest prompt and the longest solution. */
  readonly longest: { readonly prompt: number; readonly solution: number };
  /** The reward that judges responses, by its name. */
  readonly reward: string;
  /** A problem, drawn by the generator alone. Equal problems have equal ids. */
  draw(random: Random): TrainingProblem & { readonly prompt: string; readonly solution: string };
}
