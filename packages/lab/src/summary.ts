import * as z from "zod";
import type { MetricsRow } from "./metrics.ts";

export const summarySchema = z.looseObject({
  kind: z.string(),
  /** "interrupted" can be resumed; "failed" says why in `error`. */
  status: z.enum(["finished", "interrupted", "failed"]),
  error: z.string().optional(),
  steps: z.number(),
  /** Seconds of training, all sessions together. */
  wallTime: z.number(),
  stepsPerSecond: z.number(),
  /** What the run is judged by; null where it was never measured. */
  score: z.object({
    metric: z.string(),
    final: z.number().nullable(),
    best: z.number().nullable(),
    bestStep: z.number().nullable(),
  }),
  /** Nats: what was asked for, what no state can fall below, and the lowest that was seen. */
  entropy: z.object({ target: z.number(), floor: z.number(), min: z.number().nullable() }).optional(),
  /** MiB: the most resident memory that a line of metrics has reported. */
  memory: z.object({ peak: z.number() }).optional(),
});

/** The content of summary.json; a run may add fields of its own. */
export type Summary = z.infer<typeof summarySchema>;

export interface SummarizeOptions {
  readonly kind: string;
  readonly status: Summary["status"];
  /** Why the run failed. */
  readonly error?: string;
  /** The metric that the run is judged by, such as "eval/return"; higher is better. */
  readonly score: string;
  /** `metric` holds the entropy whose minimum is reported, such as "policy/entropyMin", in nats. */
  readonly entropy?: { readonly metric: string; readonly target: number; readonly floor: number };
}

/** A run's summary, from its metrics alone, so that a resumed run has the same one as an uninterrupted. */
export function summarize(
  rows: readonly MetricsRow[],
  { kind, status, error, score, entropy }: SummarizeOptions,
): Summary {
  let final: number | null = null;
  let best: number | null = null;
  let bestStep: number | null = null;
  let minEntropy: number | null = null;
  let memory: number | null = null;
  for (const { step, metrics } of rows) {
    const measured = metrics[score];
    if (measured !== undefined) {
      final = measured;
      if (best === null || measured > best) [best, bestStep] = [measured, step];
    }
    const resident = metrics["memory/resident"];
    if (resident !== undefined) memory = Math.max(memory ?? resident, resident);
    const nats = entropy === undefined ? undefined : metrics[entropy.metric];
    if (nats !== undefined) minEntropy = Math.min(minEntropy ?? nats, nats);
  }
  const last = rows.at(-1);
  return {
    kind,
    status,
    ...(error === undefined ? {} : { error }),
    steps: last?.step ?? 0,
    wallTime: last?.wallTime ?? 0,
    stepsPerSecond: last === undefined || last.wallTime === 0 ? 0 : last.step / last.wallTime,
    score: { metric: score, final, best, bestStep },
    ...(entropy === undefined ? {} : { entropy: { target: entropy.target, floor: entropy.floor, min: minEntropy } }),
    ...(memory === null ? {} : { memory: { peak: memory } }),
  };
}
