/** Data sets of problems with reference answers, in JSON Lines or Parquet, whatever their fields are called. */
import { existsSync, readFileSync } from "node:fs";
import { FailureError, fileFailure, UsageError, unknownName } from "@era/lab";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { lastBoxed } from "./boxed.ts";

/** One problem of a data set. */
export interface Problem {
  /** The data set's own name of it, or its place in the file, from 0. */
  readonly id: string;
  /** What is asked. */
  readonly text: string;
  /** The reference answer; where several things are asked for, all of them with ", " between. */
  readonly answer: string;
  /** The whole record. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A problem's text with what its reader is asked to do about it below, after an empty line; the text alone where that is nothing. */
export const withInstruction = (text: string, instruction: string | undefined): string =>
  instruction ? `${text}\n\n${instruction}` : text;

type Row = Readonly<Record<string, unknown>>;

/** How a data set's records are read. */
interface Mapping {
  /** Whether a record is of this data set; the first mapping that says so is taken. */
  readonly fits: (row: Row) => boolean;
  readonly text: (row: Row) => unknown;
  /** The reference answer, undefined where the record has none. */
  readonly answer: (row: Row) => unknown;
  readonly id?: (row: Row) => unknown;
}

const isText = (value: unknown): value is string => typeof value === "string";
const question = (row: Row) => row.problem ?? row.question ?? row.prompt;
/** What stands behind GSM8K's mark. */
const afterMark = ({ answer }: Row) => (isText(answer) ? /^.*####(.*)$/s.exec(answer)?.[1] : undefined);
const from = (row: Row, text: string) => isText(row.url) && row.url.includes(text);

/** In the order in which they are tried. */
const mappings = {
  /** `answer` is a worked solution with `#### 18` at its end. */
  gsm8k: { fits: (row) => afterMark(row) !== undefined, text: question, answer: afterMark, id: (row) => row.idx },
  /** `final_answer` is a list; with several, all of them are asked for. */
  olympiad: {
    fits: (row) => Array.isArray(row.final_answer),
    text: ({ context, question }) => (isText(context) && context !== "" ? `${context}\n\n${question}` : question),
    answer: ({ final_answer: all }) =>
      Array.isArray(all) ? all.map((one) => withoutDollars(String(one))).join(", ") : undefined,
    id: (row) => row.id,
  },
  /** The answer is what the solution boxes last. */
  minerva: {
    fits: (row) => row.answer === undefined && isText(row.solution) && row.solution.includes("\\boxed"),
    text: question,
    answer: ({ solution }) => (isText(solution) ? lastBoxed(solution) : undefined),
    id: (row) => row.idx,
  },
  math500: {
    fits: (row) => isText(row.unique_id),
    text: question,
    answer: (row) => row.answer,
    id: (row) => row.unique_id,
  },
  aime: { fits: (row) => from(row, "AIME"), text: question, answer: (row) => row.answer, id: (row) => row.id },
  amc: { fits: (row) => from(row, "AMC"), text: question, answer: (row) => row.answer, id: (row) => row.id },
  /** Whatever has a problem (or question, or prompt) and an answer. */
  plain: { fits: () => true, text: question, answer: (row) => row.answer, id: (row) => row.id ?? row.idx },
} as const satisfies Record<string, Mapping>;

export type MappingName = keyof typeof mappings;

/** The names of the mappings that are here. */
export const mappingNames = Object.keys(mappings) as MappingName[];

/** A list of OlympiadBench has its answers between dollar signs. */
const withoutDollars = (text: string): string =>
  text
    .trim()
    .replace(/^\$+|\$+$/g, "")
    .trim();

export interface ReadProblemsOptions {
  /**
   * `auto` (by the first record's fields), a name of {@link mappingNames}, or fields by name as `problem=question,answer=target,id=key` (`id` may be
   * left out).
   */
  readonly mapping?: string;
}

export interface ProblemSet {
  readonly problems: readonly Problem[];
  /** The mapping by which it was read; "plain" where fields were named one by one. */
  readonly mapping: MappingName;
}

/**
 * The problems of a file: `.parquet`, or else JSON Lines.
 * @throws UsageError where there is no such file or mapping, FailureError naming the record that can't be read
 */
export async function readProblemSet(
  path: string,
  { mapping = "auto" }: ReadProblemsOptions = {},
): Promise<ProblemSet> {
  const rows = await readRows(path);
  const [first] = rows;
  if (!first) throw new FailureError(`${path} has no problems`);
  const { name, read } = mappingOf(mapping, first);
  return { problems: rows.map((row, index) => problemOf(row, index, read, path)), mapping: name };
}

/** The problems of a file alone, see {@link readProblemSet}. */
export const readProblems = async (path: string, options?: ReadProblemsOptions): Promise<Problem[]> => [
  ...(await readProblemSet(path, options)).problems,
];

/** The name of the mapping that `auto` stands for, of a data set's first record. */
const fittingMapping = (row: Row): MappingName => mappingNames.find((name) => mappings[name].fits(row)) ?? "plain";

function mappingOf(given: string, first: Row): { name: MappingName; read: Mapping } {
  const named = given === "auto" ? fittingMapping(first) : (given as MappingName);
  if (Object.hasOwn(mappings, named)) return { name: named, read: mappings[named] };
  if (!given.includes("=")) throw unknownName("mapping", given, ["auto", ...mappingNames, "problem=…,answer=…"]);
  const fields = Object.fromEntries(given.split(",").map((part) => part.split("=", 2)));
  const foreign = Object.keys(fields).find((name) => !["problem", "answer", "id"].includes(name));
  if (foreign !== undefined || !fields.problem || !fields.answer) {
    throw new UsageError(
      `mapping ${given}: it must be like problem=question,answer=target,id=key (id may be left out)`,
    );
  }
  const read: Mapping = {
    fits: () => true,
    text: (row) => row[fields.problem],
    answer: (row) => row[fields.answer],
    id: (row) => (fields.id === undefined ? undefined : row[fields.id]),
  };
  return { name: "plain", read };
}

function problemOf(row: Row, index: number, mapping: Mapping, path: string): Problem {
  const [text, answer] = [mapping.text(row), mapping.answer(row)];
  for (const [value, what] of [
    [text, "problem"],
    [answer, "answer"],
  ] as const) {
    const isSound = isText(value) ? value.trim() !== "" : typeof value === "number" && what === "answer";
    if (!isSound) {
      const has = Object.keys(row).join(", ");
      throw new FailureError(`${path}: record ${index + 1} has no ${what}; its fields are ${has}; see --mapping`);
    }
  }
  const id = mapping.id?.(row);
  return { id: String(id ?? index), text: String(text), answer: String(answer).trim(), fields: row };
}

async function readRows(path: string): Promise<Row[]> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file`);
  return path.endsWith(".parquet") ? readParquet(path) : readJsonLines(path);
}

async function readParquet(path: string): Promise<Row[]> {
  try {
    return (await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })).map(
      withoutBigInts,
    ) as Row[];
  } catch (error) {
    throw new FailureError(`${path} can't be read as Parquet: ${(error as Error).message}`, { cause: error });
  }
}

/** Parquet's 64-bit integers as numbers, and text for those that are too large, as JSON has no others. */
function withoutBigInts(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(withoutBigInts);
  if (typeof value !== "object" || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutBigInts(part)]));
}

function readJsonLines(path: string): Row[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fileFailure(path, "read", error);
  }
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (error) {
      throw new FailureError(`${path}: line ${index + 1} is no JSON: ${(error as Error).message}`, { cause: error });
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new FailureError(`${path}: line ${index + 1} is no object of fields`);
    }
    return [row as Row];
  });
}
