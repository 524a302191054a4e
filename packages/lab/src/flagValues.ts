/** The part of JSON Schema (as zod writes it) that a command-line flag can express. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly ValueSchema[];
  readonly items?: ValueSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly minLength?: number;
}

/**
 * What a flag's text may be: some exact words, or a value of one type (or a list of them), and how to read and describe
 * it.
 */
export interface FlagValue {
  /** Exact words that are allowed, "none" (for null) included. */
  readonly words: readonly string[];
  /** The placeholder in a usage line, such as `<number>`; empty for a switch. */
  readonly placeholder: string;
  /** What is allowed, to follow "must be": `a number from 0 to 1`. */
  readonly allowed: string;
  /** The value that a text stands for; the text itself where it stands for none, for the schema to refuse. */
  readonly parse: (text: string) => unknown;
}

/** Reads a schema's value; undefined where no flag can express it. */
export function flagValue(schema: ValueSchema): FlagValue | undefined {
  const alternatives = alternativesOf(schema);
  const words = alternatives.flatMap(wordsOf);
  const typed = alternatives.filter((alternative) => wordsOf(alternative).length === 0);
  if (typed.length > 1) return undefined;
  const value = typed[0] === undefined ? undefined : typedValue(typed[0]);
  if (typed.length === 1 && value === undefined) return undefined;

  const byText = new Map(words.map((word) => [wordText(word), word]));
  const texts = [...byText.keys()];
  const named = texts.length > 1 ? `one of ${texts.join(", ")}` : texts[0];
  return {
    words: texts,
    placeholder: value?.placeholder === "" ? "" : `<${[value?.placeholder, ...texts].filter(Boolean).join("|")}>`,
    allowed: [value?.allowed, named].filter(Boolean).join(", or "),
    parse: (text) => (byText.has(text) ? byText.get(text) : (value?.parse(text) ?? text)),
  };
}

function alternativesOf(schema: ValueSchema): readonly ValueSchema[] {
  if (schema.anyOf) return schema.anyOf.flatMap(alternativesOf);
  if (typeof schema.type === "object") return schema.type.flatMap((type) => alternativesOf({ ...schema, type }));
  return [schema];
}

function wordsOf(schema: ValueSchema): readonly unknown[] {
  if (schema.type === "null") return [null];
  if (schema.enum) return schema.enum.filter((word) => word !== null);
  return schema.const === undefined ? [] : [schema.const];
}

const wordText = (word: unknown): string => (word === null ? "none" : String(word));

interface TypedValue {
  readonly placeholder: string;
  readonly allowed: string;
  readonly plural: string;
  readonly parse: (text: string) => unknown;
}

function typedValue(schema: ValueSchema): TypedValue | undefined {
  switch (schema.type) {
    case "integer":
    case "number": {
      const noun = schema.type === "integer" ? "whole number" : "number";
      const range = rangeText(schema);
      const parse = (text: string) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text));
      return {
        placeholder: noun.replace("whole ", ""),
        allowed: `a ${noun}${range}`,
        plural: `${noun}s${range}`,
        parse,
      };
    }
    case "string": {
      const nonEmpty = (schema.minLength ?? 0) > 0 ? " that isn't empty" : "";
      return { placeholder: "text", allowed: `a text${nonEmpty}`, plural: `texts${nonEmpty}`, parse: (text) => text };
    }
    case "boolean":
      return {
        placeholder: "",
        allowed: "true or false",
        plural: "",
        parse: (text) => (text === "true" ? true : text === "false" ? false : text),
      };
    case "array": {
      const item = schema.items && listItem(schema.items);
      if (!item) return undefined;
      const least = (schema.minItems ?? 0) > 0 ? ` (at least ${schema.minItems})` : "";
      return {
        placeholder: `${item.placeholder},…`,
        allowed: `${item.plural}, separated by commas${least}`,
        plural: "",
        parse: (text) => (text.trim() === "" ? [] : text.split(",").map((part) => item.parse(part.trim()))),
      };
    }
    default:
      return undefined;
  }
}

function listItem(schema: ValueSchema): TypedValue | undefined {
  const words = wordsOf(schema).map(wordText);
  if (words.length === 0) return schema.type === "array" ? undefined : typedValue(schema);
  return { placeholder: words.join("|"), allowed: "", plural: `some of ${words.join(", ")}`, parse: (text) => text };
}

function rangeText({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: ValueSchema): string {
  // zod bounds every integer by the safe ones; that isn't worth saying.
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const lower =
    least !== undefined ? `at least ${least}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : "";
  const upper =
    most !== undefined ? `at most ${most}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : "";
  const range =
    least !== undefined && most !== undefined
      ? `from ${least} to ${most}`
      : [lower, upper].filter(Boolean).join(" and ");
  const step = multipleOf === undefined ? "" : ` divisible by ${multipleOf}`;
  return `${range === "" ? "" : ` ${range}`}${step}`;
}
