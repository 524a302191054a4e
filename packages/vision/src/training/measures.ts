/** What is measured of a classifier's predictions. */
import type { SkippedFile } from "../data/imageSet.ts";

export interface Measures {
  readonly count: number;
  /** Share of images whose likeliest class is right. */
  readonly accuracy: number;
  /** Share of images whose class is among the five likeliest. */
  readonly topFive: number;
  /** Mean negative log-likelihood in nats. */
  readonly nll: number;
  /** Expected calibration error: mean |accuracy − confidence| over 15 equal bins of confidence (Guo et al. 2017). */
  readonly ece: number;
  /** Entropy of the predicted distribution in nats. */
  readonly entropyMean: number;
  readonly entropyMin: number;
  /** Images that were left out because they are damaged. */
  readonly skipped: readonly SkippedFile[];
}

/** Predictions whose confidence lies in one bin. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Means over the bin; NaN where it is empty. */
  readonly confidence: number;
  readonly accuracy: number;
}

const bins = 15;

/** Adds predictions up. */
export class Measurement {
  /** Of each prediction, in nats, in the order they came. */
  readonly entropies: number[] = [];
  /** Images that were left out because they are damaged. */
  readonly skipped: SkippedFile[] = [];
  #count = 0;
  #right = 0;
  #five = 0;
  #nll = 0;
  #entropy = 0;
  #least = Number.POSITIVE_INFINITY;
  readonly #bins = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));

  /** Counts predictions: logits `[labels.length, classes]`, normalized or not. */
  add(logits: ArrayLike<number>, labels: ArrayLike<number>): void {
    const classes = logits.length / labels.length;
    for (let i = 0; i < labels.length; i++) {
      const row = Array.from({ length: classes }, (_, j) => logits[i * classes + j] ?? Number.NaN);
      const peak = Math.max(...row);
      const total = row.reduce((sum, value) => sum + Math.exp(value - peak), 0);
      const logs = row.map((value) => value - peak - Math.log(total));
      const label = labels[i] ?? 0;
      const own = logs[label] ?? Number.NaN;
      const larger = logs.filter((value, j) => value > own || (value === own && j < label)).length;
      const entropy = -logs.reduce(
        (sum, value) => sum + (value === Number.NEGATIVE_INFINITY ? 0 : Math.exp(value) * value),
        0,
      );
      const confidence = Math.exp(-Math.log(total));
      const bin = this.#bins[Math.min(Math.floor(confidence * bins), bins - 1)];
      if (bin) {
        bin.count++;
        bin.confidence += confidence;
        bin.right += larger === 0 ? 1 : 0;
      }
      this.entropies.push(entropy);
      this.#count++;
      this.#right += larger === 0 ? 1 : 0;
      this.#five += larger < 5 ? 1 : 0;
      this.#nll -= own;
      this.#entropy += entropy;
      this.#least = Math.min(this.#least, entropy);
    }
  }

  /** How often predictions of about the same confidence are right. */
  get reliability(): ReliabilityBin[] {
    return this.#bins.map(({ count, confidence, right }, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      count,
      confidence: confidence / count,
      accuracy: right / count,
    }));
  }

  get measures(): Measures {
    const count = this.#count;
    const gap = this.#bins.reduce((sum, { confidence, right }) => sum + Math.abs(right - confidence), 0);
    return {
      count,
      accuracy: this.#right / count,
      topFive: this.#five / count,
      nll: this.#nll / count,
      ece: gap / count,
      entropyMean: this.#entropy / count,
      entropyMin: this.#least,
      skipped: this.skipped,
    };
  }
}
