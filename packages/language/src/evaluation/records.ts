/** What an evaluation leaves: a record of each problem, one JSON object a line, behind a line with the settings. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { FailureError, fileFailure, makeFolder, UsageError } from "@era/lab";
import { z } from "zod";

const sampleSchema = z.object({
  response: z.string(),
  /** What the reward gave; null where it threw. */
  score: z.number().nullable(),
  /** What the reward threw. */
  error: z.string().optional(),
  /** Tokens of the response. */
  tokens: z.number(),
  end: z.enum(["stop", "length", "context"]),
  /** Of the response, in nats: the sum over its tokens, of the distributions before any cut. */
  logProbability: z.number(),
  /** Of these distributions, in nats: the mean over its tokens. */
  entropy: z.number(),
});

const recordSchema = z.object({
  /** The problem's place in the data set. */
  index: z.number(),
  id: z.string(),
  answer: z.string(),
  promptTokens: z.number(),
  /** What was done with a prompt that leaves no room in the context. */
  prompt: z.enum(["whole", "truncated", "skipped"]),
  samples: z.array(sampleSchema),
});
export type SampleRecord = z.infer<typeof sampleSchema>;
export type ProblemRecord = z.infer<typeof recordSchema>;

/** All that decides the records; JSON values only. */
export type RecordSettings = Readonly<Record<string, unknown>>;

export class RecordsFile {
  readonly path: string;
  readonly #file: number;
  readonly #records: ProblemRecord[];

  private constructor(path: string, file: number, records: ProblemRecord[]) {
    this.path = path;
    this.#file = file;
    this.#records = records;
  }

  /** Those that are in the file, in the order of the data set. */
  get records(): readonly ProblemRecord[] {
    return this.#records;
  }

  /**
   * A new file, or one to be continued: with whole records and the same settings. A last line that a kill left unfinished is cut off.
   * @throws UsageError where a new one is there already, one to be continued is not, or it has other settings; FailureError where it is damaged
   */
  static open(path: string, settings: RecordSettings, { resume = false } = {}): RecordsFile {
    const isThere = existsSync(path);
    if (isThere && !resume)
      throw new UsageError(`${path} is there already: continue it with --resume, or choose another --out`);
    if (!isThere && resume) throw new UsageError(`${path}: there is nothing to resume`);
    try {
      if (!isThere) {
        makeFolder(dirname(path));
        const file = openSync(path, "wx");
        writeSync(file, `${JSON.stringify({ settings })}\n`);
        return new RecordsFile(path, file, []);
      }
      const { records, bytes } = readRecords(path, settings);
      const file = openSync(path, "r+");
      ftruncateSync(file, bytes);
      return new RecordsFile(path, file, records);
    } catch (error) {
      throw fileFailure(path, "used", error);
    }
  }

  append(record: ProblemRecord): void {
    try {
      writeSync(this.#file, `${JSON.stringify(record)}\n`, fstatSync(this.#file).size);
    } catch (error) {
      throw fileFailure(this.path, "written", error);
    }
    this.#records.push(record);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The whole records of a file, and the bytes up to the end of the last. */
function readRecords(path: string, settings: RecordSettings): { records: ProblemRecord[]; bytes: number } {
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const [head = "", ...lines] = whole.split("\n").slice(0, -1);
  requireSame(path, head, settings);
  const records = lines.map((line, index) => {
    const parsed = recordSchema.safeParse(jsonOf(line));
    if (!parsed.success || parsed.data.index !== index) {
      throw new FailureError(`${path}: line ${index + 2} is no record of problem ${index + 1}; the file is damaged`);
    }
    return parsed.data;
  });
  return { records, bytes: Buffer.byteLength(whole) };
}

function requireSame(path: string, head: string, settings: RecordSettings): void {
  const stored = (jsonOf(head) as { settings?: RecordSettings } | undefined)?.settings;
  if (typeof stored !== "object" || stored === null) {
    throw new FailureError(`${path}: the first line has no settings; it is no file of records, or it is damaged`);
  }
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  const names = new Set([...Object.keys(stored), ...Object.keys(settings)]);
  const other = [...names].find((name) => text(stored[name]) !== text(settings[name]));
  if (other !== undefined) {
    throw new UsageError(
      `${path} was begun with ${other} = ${text(stored[other])}, not ${text(settings[other])}: it can't be resumed with other settings`,
    );
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
