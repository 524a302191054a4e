/** `era eval <runs…>` of several classifiers: what each method's seeds come to, as a table with intervals. */
import {
  bootstrap,
  type Estimate,
  type FoundRun,
  findRuns,
  formatNumber,
  markdownTable,
  mean,
  type ResultTable,
  tabulate,
  textTable,
  UsageError,
} from "@era/lab";
import { type ClassifierEvaluation, classifierAlgorithm } from "@era/vision";
import { settingNames } from "../flags.ts";
import { type ClassifierEvalOptions, evaluationOf, NamedImages } from "./evalClassifier.ts";

export interface ClassifiersEvalOptions extends ClassifierEvalOptions {
  readonly label?: string;
  readonly markdown?: boolean;
}

/** Columns of the table. `of` is NaN where nothing was measured. */
const columns: readonly { title: string; of(evaluation: ClassifierEvaluation): number; digits: number }[] = [
  { title: "top-1 %", of: ({ measures }) => 100 * measures.accuracy, digits: 2 },
  { title: "NLL", of: ({ measures }) => measures.nll, digits: 3 },
  { title: "ECE", of: ({ measures }) => measures.ece, digits: 3 },
  { title: "mean H", of: ({ measures }) => measures.entropyMean, digits: 3 },
  { title: "lowest H", of: ({ measures }) => measures.entropyMin, digits: 3 },
  { title: "OOD AUROC", of: ({ ood }) => ood?.auroc ?? Number.NaN, digits: 3 },
  {
    title: "corrupted %",
    of: ({ corruptions }) => 100 * mean(corruptions.map(({ accuracy }) => accuracy)),
    digits: 2,
  },
];

/** A method on one data set: what was measured of each of its runs. */
interface MethodResult {
  readonly variant: string;
  readonly task: string;
  readonly runs: readonly string[];
  readonly evaluations: readonly ClassifierEvaluation[];
}

/**
 * Evaluates all runs in the given folders on the same images, and puts methods beside each other.
 * @throws UsageError where a run is not of a classifier, or as `era compare` where a comparison would be wrong without being seen
 */
export async function evalClassifiers(folders: readonly string[], options: ClassifiersEvalOptions): Promise<void> {
  if (options.html !== undefined) throw new UsageError("--html: a page is of one run: give a single run folder");
  const found: readonly FoundRun[] = findRuns(folders);
  const other = found.find(({ kind }) => kind !== classifierAlgorithm.name);
  if (other) throw new UsageError(`${other.dir} is a run of "${other.kind}"; only classifiers are evaluated together`);
  const { groups, notes } = tabulate(found, {
    labels: settingNames(options.label),
    titleOf: () => classifierAlgorithm.title,
  });
  const images = new NamedImages();
  const results: MethodResult[] = [];
  for (const { variant, task, runs } of groups) {
    const evaluations: ClassifierEvaluation[] = [];
    for (const { dir, config } of runs) {
      if (!options.json) process.stderr.write(`evaluating ${dir} …\n`);
      evaluations.push(await evaluationOf({ dir, config }, options, images));
    }
    results.push({ variant, task, runs: runs.map(({ dir }) => dir), evaluations });
  }
  if (options.json) {
    console.log(JSON.stringify({ methods: results.map((result) => ({ ...result, estimates: estimates(result) })) }));
    return;
  }
  const tables = [...new Set(results.map(({ task }) => task))].map((task) => tableOf(task, results));
  const note = `Means over seeds, with bootstrap intervals that cover 95 % of 10,000 resamples. H: entropy of predictions, nats. ECE: 15 bins.${
    options.ood === undefined ? "" : ` OOD: ${options.ood}, told apart by entropy.`
  }`;
  const text = [note, ...notes];
  if (options.markdown) console.log([...tables.map(markdownTable), text.map((n) => `- ${n}`).join("\n")].join("\n\n"));
  else console.log([...tables.map(textTable), text.join("\n")].join("\n\n"));
}

const estimates = ({ evaluations }: MethodResult): Record<string, Estimate> =>
  Object.fromEntries(
    columns.flatMap(({ title, of }) => {
      const values = evaluations.map(of);
      return values.some(Number.isNaN) ? [] : [[title, bootstrap(values, mean)]];
    }),
  );

/** The methods on one data set; columns that were not measured are left out. */
function tableOf(task: string, results: readonly MethodResult[]): ResultTable {
  const ofTask = results.filter((result) => result.task === task);
  const all = ofTask.map(estimates);
  const measured = columns.filter(({ title }) => all.every((row) => row[title]));
  return {
    title: `${task}: ${ofTask[0]?.evaluations[0]?.measures.count ?? 0} images`,
    header: ["", ...measured.map(({ title }) => title), "runs"],
    rows: ofTask.map(({ variant, runs }, i) => [
      variant,
      ...measured.map(({ title, digits }) => cell(all[i]?.[title], digits, runs.length)),
      formatNumber(runs.length),
    ]),
  };
}

function cell(estimate: Estimate | undefined, digits: number, runs: number): string {
  if (!estimate) return "—";
  const { value, low, high } = estimate;
  const shown = value.toFixed(digits);
  return runs > 1 ? `${shown} [${low.toFixed(digits)}, ${high.toFixed(digits)}]` : shown;
}
