import * as z from "zod";
import { UsageError } from "./errors.ts";
import { type FlagValue, flagValue, type ValueSchema } from "./flagValues.ts";
import { closestName } from "./unknownName.ts";

/** One setting of a configuration as a command-line flag. */
export interface Flag {
  /** Without dashes, in kebab-case: `updatesPerStep` is "updates-per-step", `entropy.perDim` is "entropy-per-dim". */
  readonly name: string;
  /** Where the value stands in the configuration: ["entropy", "perDim"]. */
  readonly path: readonly string[];
  /** For a usage line: "--gamma <number>"; a switch has no value (and a "--no-…" form). */
  readonly usage: string;
  readonly isSwitch: boolean;
  /** The schema's own description. */
  readonly description: string;
  /** What is allowed: "a number from 0 to 1". */
  readonly allowed: string;
  /** Exact words that are allowed; empty where the value is free. */
  readonly words: readonly string[];
  /** Undefined where there is none. */
  readonly default: unknown;
  readonly required: boolean;
  /** One line for `--help`: description, what is allowed, the default. */
  readonly help: string;
}

interface ParsedFlag extends Flag {
  readonly value: FlagValue;
}

interface ObjectSchema extends ValueSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/**
 * The flags of a zod object schema, in its order; nested objects are flattened.
 *
 * @throws Error (a mistake in the schema, not the user's) where a field can't be a flag or two have the same name.
 */
export function flagsFromSchema(schema: z.ZodObject): readonly Flag[] {
  return parsedFlags(schema);
}

/**
 * A complete, checked configuration from one or several sources; later ones win (say a config file, then the command
 * line). Keys may be property names or flag names, nested or flat (`entropy: { perDim }`, `entropyPerDim`,
 * `entropy-per-dim`), values may be text as the command line gives it; undefined ones are skipped.
 *
 * @throws UsageError: one line that names the flag, its value, and what is allowed.
 */
export function parseConfig<S extends z.ZodObject>(
  schema: S,
  ...sources: readonly Readonly<Record<string, unknown>>[]
): z.output<S> {
  const flags = new Map(parsedFlags(schema).map((flag) => [flag.name, flag]));
  const given = new Map<string, unknown>();
  for (const source of sources) {
    for (const [name, value] of flatten(source, "")) {
      if (!flags.has(name)) throw unknownFlag(name, [...flags.keys()]);
      given.set(name, value);
    }
  }

  const input: Record<string, unknown> = {};
  for (const [name, value] of given) {
    const flag = flags.get(name);
    if (flag) setAt(input, flag.path, typeof value === "string" ? flag.value.parse(value) : value);
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new UsageError(describeIssue(result.error.issues, [...flags.values()], given));
}

/** The error for a flag that isn't there, with the one that was probably meant. */
export function unknownFlag(name: string, names: readonly string[]): UsageError {
  const near = closestName(name, names);
  return new UsageError(
    `--${name}: unknown flag; ${near === undefined ? "see --help for all of them" : `did you mean --${near}?`}`,
  );
}

function parsedFlags(schema: z.ZodObject): ParsedFlag[] {
  const flags = collectFlags(z.toJSONSchema(schema, { io: "input" }) as ObjectSchema, [], undefined);
  const names = flags.map((flag) => flag.name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new Error(`two fields of the schema are the flag --${repeated}`);
  return flags;
}

function collectFlags(schema: ObjectSchema, path: readonly string[], inherited: unknown): ParsedFlag[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]): ParsedFlag[] => {
    const here = [...path, key];
    const fallback = (inherited as Record<string, unknown> | undefined)?.[key] ?? field.default;
    if (field.properties) return collectFlags(field, here, fallback);
    const value = flagValue(field);
    const name = here.map(kebab).join("-");
    if (!value) throw new Error(`the field ${here.join(".")} can't be a flag: ${JSON.stringify(field)}`);
    const required = fallback === undefined && (schema.required?.includes(key) ?? false);
    const notes = [
      value.placeholder === "" ? "" : value.allowed,
      required ? "required" : fallback === undefined ? "" : `default ${formatValue(fallback)}`,
    ];
    const given = notes.filter(Boolean).join("; ");
    const description = field.description ?? "";
    return [
      {
        name,
        path: here,
        usage: value.placeholder === "" ? `--${name}` : `--${name} ${value.placeholder}`,
        isSwitch: value.placeholder === "",
        description,
        allowed: value.allowed,
        words: value.words,
        default: fallback,
        required,
        help: [description, given === "" ? "" : `(${given})`].filter(Boolean).join(" "),
        value,
      },
    ];
  });
}

function describeIssue(
  issues: readonly z.core.$ZodIssue[],
  flags: readonly ParsedFlag[],
  given: ReadonlyMap<string, unknown>,
): string {
  const [issue] = issues;
  if (!issue) return "the configuration is not valid";
  const flag = flags.find(({ path }) => path.every((key, index) => issue.path[index] === key));
  if (!flag) return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
  const value = given.get(flag.name);
  if (value === undefined && flag.required) return `--${flag.name} is required: ${flag.allowed}`;
  const used = value === undefined ? flag.default : value;
  const shown = used === undefined ? `--${flag.name}` : `--${flag.name} ${formatValue(used)}`;
  // Where the schema has words of its own (a refinement, a pattern), they say more than the type does.
  const isOwnWord = issue.code === "custom" || issue.code === "invalid_format";
  return `${shown}: ${isOwnWord ? issue.message : `must be ${flag.allowed}`}`;
}

/** A value as one would type it. */
function formatValue(value: unknown): string {
  if (value === null) return "none";
  if (value === "") return '""';
  if (Array.isArray(value)) return value.map(formatValue).join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value).replace(/\s+/g, " ");
}

function* flatten(source: Readonly<Record<string, unknown>>, prefix: string): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(source)) {
    const name = `${prefix}${kebab(key)}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      yield* flatten(value as Record<string, unknown>, `${name}-`);
    } else if (value !== undefined) {
      yield [name, value];
    }
  }
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
  } else {
    const inner = (target[key] ?? {}) as Record<string, unknown>;
    target[key] = inner;
    setAt(inner, rest, value);
  }
}

const kebab = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
