import * as z from "zod";
import { UsageError } from "../errors.ts";
import type { RunTable } from "./runTable.ts";

/** A task's scores that become 0 and 1. */
export interface Range {
  /** What a policy that has learned nothing reaches. */
  readonly random: number;
  /** What counts as solved, or the best that is known. */
  readonly best: number;
}

/** The range of each task by name. */
export type Normalization = Readonly<Record<string, Range>>;

const schema = z.record(
  z.string(),
  z.object({ random: z.number(), best: z.number() }).refine(({ random, best }) => best > random),
);

/**
 * A normalization from JSON: `{ "Hopper-v5": { "random": 18, "best": 3500 } }`.
 *
 * @param source what to call it in errors
 * @throws UsageError where it is none, or lacks a task
 */
export function parseNormalization(content: unknown, tasks: readonly string[], source: string): Normalization {
  const { data, success } = schema.safeParse(content);
  if (!success) {
    throw new UsageError(`${source}: must be { "<task>": { "random": <number>, "best": <a greater number> }, … }`);
  }
  const missing = tasks.filter((task) => data[task] === undefined);
  if (missing.length > 0) throw new UsageError(`${source}: says nothing of ${missing.join(", ")}`);
  return data;
}

/**
 * Each task from the lowest to the highest score of the compared runs: without other knowledge a scale common to all
 * tasks, and one that depends on which runs are compared.
 *
 * @throws UsageError where all runs of a task have the same score
 */
export function rangeOfRuns({ tasks, groups }: RunTable): Normalization {
  return Object.fromEntries(
    tasks.map((task) => {
      const scores = groups
        .filter((group) => group.task === task)
        .flatMap(({ runs }) => runs.map(({ score }) => score));
      const range = { random: Math.min(...scores), best: Math.max(...scores) };
      if (range.best > range.random) return [task, range];
      throw new UsageError(`--normalize runs: all runs on ${task} have the same score, ${range.best}`);
    }),
  );
}

/** A score on the scale of its task. */
export const normalized = (score: number, { random, best }: Range): number => (score - random) / (best - random);
