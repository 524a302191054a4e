/** All that is asked of a trained classifier: how often it is right, how sure it is, and what it makes of other images. */
import type { AnySet } from "../data/imageSet.ts";
import { measure } from "../training/classifier.ts";
import type { Measures, ReliabilityBin } from "../training/measures.ts";
import { auroc } from "./auroc.ts";
import { type CorruptionName, corrupted } from "./corruptions.ts";
import { fitted } from "./rawImages.ts";
import type { TrainedClassifier } from "./trainedClassifier.ts";

export interface EntropyBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface ClassifierEvaluation {
  readonly data: string;
  readonly measures: Measures;
  readonly reliability: readonly ReliabilityBin[];
  /** Entropies of the predictions, in nats, from 0 to log n. */
  readonly histogram: readonly EntropyBin[];
  readonly entropy: TrainedClassifier["entropy"];
  /** Images of another data set, told from these by the entropy of predictions. */
  readonly ood?: {
    readonly data: string;
    readonly count: number;
    readonly auroc: number;
    readonly entropyMean: number;
  };
  readonly corruptions: readonly {
    readonly name: CorruptionName;
    readonly severity: number;
    readonly accuracy: number;
    readonly nll: number;
    readonly ece: number;
  }[];
}

export interface EvaluationOptions {
  readonly set: AnySet;
  readonly ood?: AnySet | undefined;
  readonly corruptions?: readonly CorruptionName[];
  /** 1 to 5. */
  readonly severities?: readonly number[];
  /** Called before each part of the work. */
  readonly onPart?: (what: string) => void;
}

const entropyBins = 40;

/** From 0 to the most, in bins of which one begins at the floor. */
function histogram(entropies: readonly number[], most: number, floor: number): EntropyBin[] {
  const width = most / entropyBins;
  const below = Math.ceil(floor / width);
  const edge = (i: number) => Math.min(Math.max(floor + (i - below) * width, 0), most);
  const counts = new Array<number>(below + Math.ceil((most - floor) / width)).fill(0);
  for (const entropy of entropies) {
    // Float32 may miss the floor by its rounding.
    const bin = Math.floor((entropy - floor + 1e-6) / width) + below;
    const inside = Math.min(Math.max(bin, 0), counts.length - 1);
    counts[inside] = (counts[inside] ?? 0) + 1;
  }
  return counts.map((count, i) => ({ from: edge(i), to: edge(i + 1), count }));
}

/** Evaluates a classifier on a set of its classes, and on what else is asked for. */
export async function evaluateClassifier(
  classifier: TrainedClassifier,
  { set, ood, corruptions = [], severities = [], onPart = () => {} }: EvaluationOptions,
): Promise<ClassifierEvaluation> {
  const { model, classes, entropy } = classifier;
  onPart(set.name);
  const known = await measure(model, set);
  let other: ClassifierEvaluation["ood"];
  if (ood) {
    onPart(ood.name);
    // Its labels mean nothing here; entropies need none.
    const { entropies, measures } = await measure(model, ood, async (part) => {
      const images = await fitted(part, classifier.image);
      return { ...images, labels: new Uint16Array(part.labels.length) };
    });
    const { count, entropyMean } = measures;
    other = { data: ood.name, count, auroc: auroc(known.entropies, entropies), entropyMean };
  }
  const rows: ClassifierEvaluation["corruptions"][number][] = [];
  for (const name of corruptions) {
    for (const severity of severities) {
      onPart(`${name} ${severity}`);
      const { accuracy, nll, ece } = (
        await measure(model, set, (part, start) => corrupted(part, name, severity, start))
      ).measures;
      rows.push({ name, severity, accuracy, nll, ece });
    }
  }
  return {
    data: set.name,
    measures: known.measures,
    reliability: known.reliability,
    histogram: histogram(known.entropies, Math.log(classes.length), entropy.floor ?? 0),
    entropy,
    ...(other && { ood: other }),
    corruptions: rows,
  };
}
