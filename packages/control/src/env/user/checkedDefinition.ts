import { UsageError } from "@era/lab";
import * as z from "zod";
import { Box, type BoxDtype } from "../box.ts";
import { type ActionSpace, Discrete } from "../discrete.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { defineEnvironment } from "./defineEnvironment.ts";

const numbers = z.custom<ArrayLike<number>>(
  (value) => (Array.isArray(value) || ArrayBuffer.isView(value)) && !(value instanceof DataView),
);
const box = z.object({ low: numbers, high: numbers });

/** What a default export must have, and how it is said where it has not. */
const parts = {
  id: [z.string().regex(/^[\w.:-]+(\/[\w.:-]+)*$/), 'a name such as "PointMass-v0"'],
  observationSpace: [box, "a box: Box.unbounded(size), or new Box(…)"],
  actionSpace: [
    z.union([box, z.object({ n: z.int().positive() })]),
    'a box such as Box.uniform("float32", size, -1, 1), or new Discrete(n)',
  ],
  maxEpisodeSteps: [z.int().positive(), "a positive whole number: the time limit in steps"],
  create: [z.custom((value) => typeof value === "function"), "a function that makes the environment"],
} as const;

/**
 * A user's default export as a definition whose spaces are of this package's classes: it may come from another copy of the package, or be a plain
 * object as `defineEnvironment` takes it.
 *
 * @param file What error messages call its module.
 * @throws UsageError in one line that says what is wrong with it
 */
export function checkedDefinition(value: unknown, file: string): EnvDefinition {
  if (typeof value !== "object" || value === null) {
    const found = value === undefined ? "there is no default export" : `the default export is ${describe(value)}`;
    throw new UsageError(`${file}: ${found}; it must be an environment: export default defineEnvironment({ … })`);
  }
  const given = value as EnvDefinition;
  for (const [name, [schema, rule]] of Object.entries(parts)) {
    const part: unknown = given[name as keyof typeof parts];
    if (!schema.safeParse(part).success) {
      throw new UsageError(`${file}: ${name} is ${describe(part)}; it must be ${rule}`);
    }
  }
  const { id, maxEpisodeSteps, rewardThreshold, options } = given;
  const definition = defineEnvironment<Readonly<Record<string, unknown>>>({
    id,
    observationSpace: ownBox("observationSpace", "float64", given.observationSpace, file),
    actionSpace: ownActionSpace(given.actionSpace, file),
    maxEpisodeSteps,
    ...(rewardThreshold != null && { rewardThreshold }),
    options: (options as z.ZodType<Readonly<Record<string, unknown>>> | undefined) ?? z.looseObject({}),
    create: (options) => given.create(options),
  });
  return { ...definition, ...(given.missing && { missing: () => given.missing?.() }) };
}

function ownActionSpace(space: ActionSpace, file: string): ActionSpace {
  if ("n" in space) return new Discrete(space.n);
  const own = ownBox("actionSpace", "float32", space, file);
  for (let i = 0; i < own.size; i++) {
    const [low = Number.NaN, high = Number.NaN] = [own.low[i], own.high[i]];
    if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
      throw new UsageError(
        `${file}: actionSpace is from ${low} to ${high} in element ${i}; a policy needs finite bounds with room between them`,
      );
    }
  }
  return own;
}

function ownBox<D extends BoxDtype>(
  name: string,
  dtype: D,
  { low, high }: Pick<Box, "low" | "high">,
  file: string,
): Box<D> {
  if (low.length === 0) throw new UsageError(`${file}: ${name} has no elements; it needs at least one`);
  try {
    return new Box(dtype, low, high);
  } catch (error) {
    throw new UsageError(`${file}: ${name}: ${(error as Error).message}`, { cause: error });
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "function") return "a function";
  return typeof value === "object" ? "of another kind" : JSON.stringify(value);
}
