/** The verdicts as text: one line for the cases of one family and size. */
import type { ThoroughResult } from "./thorough.ts";
import type { Verdict } from "./verify.ts";

const small = (value: number): string => (Math.abs(value) < 1e-15 ? "0" : value.toExponential(1));

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Groups of equal family and size, in their order. */
function groups<T extends { family: string; size: number }>(items: readonly T[]): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = `${item.family} ${item.size}`;
    found.set(key, [...(found.get(key) ?? []), item]);
  }
  return [...found.values()];
}

const highest = <T>(items: readonly T[], value: (item: T) => number): number => Math.max(...items.map(value));

/**
 * The summary: how far the search stayed above the closed-form floors (0: attained), and how far evaluations fell below them, beside what their
 * arithmetic allows. All in nats.
 */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const header = ["", "size", "specs", "closest", "float64 below", "float32 below", "float32 margin", ""];
  const rows = groups(verdicts).map((group) => [
    group[0]?.family ?? "",
    `${group[0]?.size}`,
    `${group.length}`,
    small(highest(group, ({ worst, floor }) => Math.max(0, Math.min(worst.float64, worst.float32) - floor))),
    small(highest(group, ({ worst, floor }) => Math.max(0, floor - worst.float64))),
    small(highest(group, ({ worst, floor }) => Math.max(0, floor - worst.float32))),
    small(highest(group, ({ slack }) => slack.float32)),
    group.every(({ kept, attained }) => kept && attained) ? "ok" : "FAILED",
  ]);
  return table([header, ...rows]);
}

export function thoroughTable(results: readonly ThoroughResult[]): string {
  const header = ["calibrated for float32", "size", "evaluations", "lowest above asked", "below asked"];
  const rows = results.map(({ family, name, size, evaluations, lowest, below }) => [
    `${family}, ${name.replace(", calibrated for float32", "")}`,
    `${size}`,
    evaluations.toLocaleString("en-US"),
    small(lowest),
    `${below}`,
  ]);
  return table([header, ...rows]);
}

/** One line for a case that failed. */
export function failureLine({ family, size, name, floor, worst, slack, kept }: Verdict): string {
  const found = `worst found ${worst.float64} (float64), ${worst.float32} (float32)`;
  const allowed = `allowed below it ${small(slack.float64)}, ${small(slack.float32)}`;
  return `${kept ? "not attained" : "BROKEN"}: ${family}, size ${size}, ${name}: floor ${floor}, ${found}; ${allowed}`;
}
