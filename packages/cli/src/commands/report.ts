/** `era report <run>`: draws a run's report anew, or one of its curves as a picture. */
import { controlDomain } from "@era/control";
import {
  curveSvg,
  metricCurve,
  openRun,
  runMetrics,
  runSummary,
  UsageError,
  writeFileAtomic,
  writeReport,
} from "@era/lab";
import type { Command } from "commander";
import { algorithmOf } from "../algorithms.ts";

interface ReportCommandOptions {
  readonly svg?: string;
  readonly metrics?: string;
}

export function addReportCommand(program: Command): void {
  program
    .command("report")
    .description("write a run's report.html from what is in its folder so far")
    .argument("<run>", "a run folder; a run that is still training may be reported too")
    .option("--svg <file>", "draw one chart as a standalone picture instead")
    .option(
      "--metrics <names>",
      "metrics of that chart, separated by commas; the score in training and evaluations if left out",
    )
    .action(async (target: string, { svg, metrics: asked }: ReportCommandOptions) => {
      const run = openRun(target);
      if (svg === undefined) {
        console.log(await writeReport(run));
        return;
      }
      const rows = runMetrics(run);
      const domain = algorithmOf(run.record.kind).domain;
      const score = domain.score.metric;
      const metrics = asked ?? `${score.replace(/^eval\//, "train/")},${score}`;
      const curves = metrics.split(",").map((name) => ({ label: name, points: metricCurve(rows, name) }));
      const missing = curves.find(({ points }) => points.length === 0);
      if (missing) {
        const known = [...new Set(rows.flatMap((row) => Object.keys(row.metrics)))];
        throw new UsageError(
          `--metrics: ${target} has no "${missing.label}"; it has ${known.join(", ") || "no metrics yet"}`,
        );
      }
      const floor = runSummary(run)?.entropy?.floor;
      const entropies = domain.entropy.metric.replace(/Min$/, "");
      const ofEntropy = curves.every(({ label }) => label.startsWith(entropies));
      const rules = ofEntropy && floor !== undefined ? [{ value: floor, label: "floor" }] : [];
      const steps = [0, rows.at(-1)?.step ?? 0] as const;
      writeFileAtomic(
        svg,
        await curveSvg({ curves, rules, steps, xTitle: domain === controlDomain ? "environment step" : "step" }),
      );
      console.log(svg);
    });
}
