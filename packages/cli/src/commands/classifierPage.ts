/** `era eval --html` of a classifier: reliability, entropies against the floor, corruptions, in one file. */
import { drawBars, drawChart, figureHtml, reportPage } from "@era/lab";
import type { ClassifierEvaluation, ClassifierTrainingConfig } from "@era/vision";

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

export async function classifierPage(
  run: string,
  { model, head, data, seed }: ClassifierTrainingConfig,
  evaluation: ClassifierEvaluation,
): Promise<string> {
  const { measures, reliability, histogram, entropy, ood, corruptions } = evaluation;
  const { target, floor } = entropy;
  const charts = [
    figureHtml(
      "Reliability: how often predictions of a confidence are right",
      await drawBars({
        bars: reliability.map(({ from, to, count, accuracy }) => ({ from, to, value: count === 0 ? 0 : accuracy })),
        line: [
          [0, 0],
          [1, 1],
        ],
        xTitle: "confidence",
        yTitle: "accuracy",
        y: [0, 1],
      }),
    ),
    figureHtml(
      "Entropy of predictions, in nats",
      await drawBars({
        bars: histogram.map(({ from, to, count }) => ({ from, to, value: count / measures.count })),
        rules: floor === null ? [] : [{ value: floor, label: `floor ${floor.toFixed(2)}` }],
        xTitle: "entropy (nats)",
        yTitle: "share of images",
      }),
    ),
  ];
  const severities = new Set(corruptions.map(({ severity }) => severity));
  if (severities.size > 1) {
    const names = [...new Set(corruptions.map(({ name }) => name))];
    const curves = names.map((label) => ({
      label,
      points: corruptions
        .filter(({ name }) => name === label)
        .map(({ severity, accuracy }) => ({ step: severity, value: accuracy })),
    }));
    charts.push(
      figureHtml(
        "Accuracy on corrupted images",
        await drawChart({
          curves,
          xTitle: "severity",
          steps: [Math.min(...severities), Math.max(...severities)],
          width: 1000,
        }),
        true,
      ),
    );
  }
  return reportPage({
    title: `${model} (${head}) on ${evaluation.data}`,
    subtitle: [run, `trained on ${data}`, `seed ${seed}`],
    status: undefined,
    error: undefined,
    tiles: [
      {
        label: "top-1",
        value: percent(measures.accuracy),
        note: `of ${measures.count.toLocaleString("en-US")} images`,
      },
      { label: "top-5", value: percent(measures.topFive), note: "" },
      { label: "negative log-likelihood", value: measures.nll.toFixed(4), note: "nats" },
      { label: "calibration error", value: measures.ece.toFixed(4), note: "ECE, 15 bins" },
      {
        label: "lowest entropy",
        value: `${measures.entropyMin.toFixed(3)} nat`,
        note:
          floor === null || target === null
            ? `mean ${measures.entropyMean.toFixed(3)}`
            : `floor ${floor.toFixed(3)}, target ${target.toFixed(3)}`,
        // The model computes in float32, and so does what its logits are measured in.
        ...(floor !== null && { isGood: measures.entropyMin >= floor - 1e-6 }),
      },
      ...(ood
        ? [{ label: "out of distribution", value: ood.auroc.toFixed(4), note: `AUROC by entropy, ${ood.data}` }]
        : []),
    ],
    charts,
    tables: [
      ...(corruptions.length === 0
        ? []
        : [
            {
              title: "Corrupted images",
              isOpen: true,
              header: ["corruption", "severity", "top-1", "NLL", "ECE"],
              rows: corruptions.map(({ name, severity, accuracy, nll, ece }) => [
                name,
                `${severity}`,
                percent(accuracy),
                nll.toFixed(4),
                ece.toFixed(4),
              ]),
            },
          ]),
      {
        title: "Reliability",
        header: ["confidence", "images", "mean confidence", "accuracy"],
        rows: reliability
          .filter(({ count }) => count > 0)
          .map(({ from, to, count, confidence, accuracy }) => [
            `${from.toFixed(2)} to ${to.toFixed(2)}`,
            `${count}`,
            confidence.toFixed(4),
            accuracy.toFixed(4),
          ]),
      },
    ],
  });
}
