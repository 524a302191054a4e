import { readFileSync } from "node:fs";
import { FailureError, requireFinite } from "./errors.ts";

/**
 * Measurements by name, such as `{ "train/return": 312, "policy/entropy": 4.9 }`: the part before the slash groups
 * them.
 */
export type Metrics = Readonly<Record<string, number>>;

/** One line of metrics.jsonl. */
export interface MetricsRow {
  /** Training steps done (environment steps, batches, updates: whatever the run counts). */
  readonly step: number;
  /** Seconds of training since the run began, pauses between sessions left out. */
  readonly wallTime: number;
  readonly metrics: Metrics;
}

/** Metrics of these groups measure the machine and not the training: two runs with the same seed differ in them. */
const MACHINE_GROUPS = ["speed/", "memory/"];

/**
 * The row as a line of JSON: `{"step":…,"wallTime":…,"<name>":…}`.
 *
 * @throws NonFiniteError naming the first metric that isn't a finite number.
 */
export function formatMetricsRow({ step, wallTime, metrics }: MetricsRow): string {
  const line: Record<string, number> = { step, wallTime: Math.round(wallTime * 1000) / 1000 };
  for (const [name, value] of Object.entries(metrics)) {
    if (Object.hasOwn(line, name)) throw new Error(`a metric can't be named "${name}"`);
    line[name] = requireFinite(name, step, value);
  }
  return `${JSON.stringify(line)}\n`;
}

/**
 * Reads metrics.jsonl, in the file's order. A last line without its end, as a kill leaves it, is not counted.
 *
 * @throws FailureError naming the line that isn't a row of metrics.
 */
export function readMetrics(path: string): MetricsRow[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line, index) => {
    try {
      const { step, wallTime, ...metrics } = JSON.parse(line) as Record<string, number>;
      if (![step, wallTime, ...Object.values(metrics)].every(Number.isFinite)) throw new Error("not numbers");
      return { step: step as number, wallTime: wallTime as number, metrics };
    } catch (error) {
      throw new FailureError(`${path}:${index + 1}: not a line of metrics`, { cause: error });
    }
  });
}

/**
 * The row without what measures the machine (`wallTime`, `speed/…`, `memory/…`): this is what a run resumed bit-exactly repeats.
 */
export function reproducibleMetrics({ step, metrics }: MetricsRow): { step: number; metrics: Metrics } {
  const kept = Object.entries(metrics).filter(([name]) => !MACHINE_GROUPS.some((group) => name.startsWith(group)));
  return { step, metrics: Object.fromEntries(kept) };
}
