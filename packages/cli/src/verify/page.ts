/** `era verify --html`: the pictures and every verdict, in one file. */
import { drawChart, figureHtml, reportPage } from "@era/lab";
import { figures } from "./figures.ts";
import type { ThoroughResult } from "./thorough.ts";
import type { Verdict } from "./verify.ts";

const nats = (value: number): string => value.toFixed(6);
const gap = (value: number): string => (value === 0 ? "0" : value.toExponential(2));

export async function verifyPage(
  verdicts: readonly Verdict[],
  thorough: readonly ThoroughResult[],
  provenance: readonly string[],
): Promise<string> {
  const broken = verdicts.filter(({ kept }) => !kept).length + thorough.filter(({ below }) => below > 0).length;
  const missed = verdicts.filter(({ attained }) => !attained).length;
  const evaluations = [...verdicts, ...thorough].reduce((sum, result) => sum + result.evaluations, 0);
  const charts: string[] = [];
  for (const figure of Object.values(figures)) {
    const { title, ...options } = figure();
    charts.push(figureHtml(title ?? "", await drawChart(options), charts.length === 0));
  }
  return reportPage({
    title: "Certified entropy floors",
    subtitle: provenance,
    status: broken + missed === 0 ? "finished" : "failed",
    error: undefined,
    tiles: [
      {
        label: "floors attacked",
        value: `${verdicts.length}`,
        note: `${evaluations.toLocaleString("en-US")} evaluations`,
      },
      { label: "broken", value: `${broken}`, note: "an evaluation below floor and margin", isGood: broken === 0 },
      { label: "not attained", value: `${missed}`, note: "search ended over 1e-4 nat above", isGood: missed === 0 },
    ],
    charts,
    note: "A floor is the exact infimum over all network outputs; THEORY.md has the proofs. The search minimizes entropy by gradient descent through the activation.",
    tables: [
      {
        title: "Floors and what the search found (nats, all dimensions together)",
        isOpen: true,
        header: ["spec", "size", "asked", "floor", "float64 − floor", "float32 − floor", "float32 margin", ""],
        rows: verdicts.map(({ family, name, size, asked, floor, worst, slack, kept, attained }) => [
          `${family}: ${name}`,
          `${size}`,
          nats(asked),
          nats(floor),
          gap(worst.float64 - floor),
          gap(worst.float32 - floor),
          gap(slack.float32),
          kept ? (attained ? "ok" : "not attained") : "BROKEN",
        ]),
      },
      ...(thorough.length === 0
        ? []
        : [
            {
              title: "Float32 evaluations of calibrated specs",
              isOpen: true,
              header: ["spec", "size", "asked", "evaluations", "lowest − asked", "below"],
              rows: thorough.map(({ family, name, size, asked, evaluations, lowest, below }) => [
                `${family}: ${name}`,
                `${size}`,
                nats(asked),
                evaluations.toLocaleString("en-US"),
                gap(lowest),
                `${below}`,
              ]),
            },
          ]),
    ],
  });
}
