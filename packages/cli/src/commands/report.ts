/** `era report <run>`: draws a run's report anew, or one of its curves as a picture. */
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

interface ReportCommandOptions {
  readonly svg?: string;
  readonly metrics: string;
}

export function addReportCommand(program: Command): void {
  program
    .command("report")
    .description("write a run's report.html from what is in its folder so far")
    .argument("<run>", "a run folder; a run that is still training may be reported too")
    .option("--svg <file>", "draw one chart as a standalone picture instead")
    .option("--metrics <names>", "metrics of that chart, separated by commas", "train/return,eval/return")
    .action(async (target: string, { svg, metrics }: ReportCommandOptions) => {
      const run = openRun(target);
      if (svg === undefined) {
        console.log(await writeReport(run));
        return;
      }
      const rows = runMetrics(run);
      const curves = metrics.split(",").map((name) => ({ label: name, points: metricCurve(rows, name) }));
      const missing = curves.find(({ points }) => points.length === 0);
      if (missing) {
        const known = [...new Set(rows.flatMap((row) => Object.keys(row.metrics)))];
        throw new UsageError(
          `--metrics: ${target} has no "${missing.label}"; it has ${known.join(", ") || "no metrics yet"}`,
        );
      }
      const floor = runSummary(run)?.entropy?.floor;
      const ofEntropy = curves.every(({ label }) => label.startsWith("policy/entropy"));
      const rules = ofEntropy && floor !== undefined ? [{ value: floor, label: "floor" }] : [];
      const steps = [0, rows.at(-1)?.step ?? 0] as const;
      writeFileAtomic(svg, await curveSvg({ curves, rules, steps, xTitle: "environment step" }));
      console.log(svg);
    });
}
