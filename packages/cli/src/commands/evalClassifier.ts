/** `era eval <run>` of a classifier: accuracy, likelihood and calibration, other images, corruptions. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { FailureError, openRun, parseConfig, runPath, UsageError, unknownName, writeFileAtomic } from "@era/lab";
import {
  type AnySet,
  type ClassifierEvaluation,
  type ClassifierTrainingConfig,
  type CorruptionName,
  classifierAlgorithm,
  classifierSets,
  classifierTrainingSchema,
  corruptionNames,
  evaluateClassifier,
  loadClassifier,
  readDataSet,
  requireAlike,
  subset,
  type TrainedClassifier,
} from "@era/vision";
import type { Command } from "commander";
import { classifierPage } from "./classifierPage.ts";
import { wholeNumber } from "./eval.ts";
import { languageOptions } from "./evalLanguage.ts";

/** Options that mean nothing of a policy, with what they say; `env`, `episodes` and `seed` are those that mean nothing of a classifier. */
const classifierOptions = {
  data: [
    "--data <path>",
    "classifier: evaluate on these images (their test split where they have one); the run's own if left out",
  ],
  ood: ["--ood <path>", "classifier: images of other things, told apart by the entropy of predictions (AUROC)"],
  corruptions: [
    "--corruptions <names>",
    `classifier: evaluate on corrupted images too; all, or some of ${corruptionNames.join(",")}`,
  ],
  severities: ["--severities <numbers>", "classifier: severities of the corruptions, from 1 to 5; 1,3,5 if left out"],
  images: ["--images <number>", "classifier: evaluate on the first images of each class only, so many in all"],
  html: ["--html <file>", "classifier: write a page with pictures and all numbers"],
} as const;
const policyOptions = ["env", "episodes", "seed"] as const;

export interface ClassifierEvalOptions extends Partial<Readonly<Record<keyof typeof classifierOptions, string>>> {
  readonly json?: boolean;
}

export function addClassifierOptions(command: Command): void {
  for (const [usage, help] of Object.values(classifierOptions)) command.option(usage, help);
}

/** The options that only one kind of what was trained has. */
const optionsOf = {
  "a policy": policyOptions,
  "a classifier": Object.keys(classifierOptions),
  "a language model": Object.keys(languageOptions),
};

/** @throws UsageError where an option is for another kind of run */
export function requireFitting(target: string, kind: keyof typeof optionsOf, options: object): void {
  for (const [other, names] of Object.entries(optionsOf)) {
    if (other === kind) continue;
    const given = names.find((name) => (options as Record<string, unknown>)[name] !== undefined);
    if (given !== undefined) throw new UsageError(`--${given}: ${target} is ${kind}, not ${other}`);
  }
}

/** A run folder with the settings in it. */
export interface ClassifierRun {
  readonly dir: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The run at a path where it is one of a classifier. */
export function classifierRun(target: string): ClassifierRun | undefined {
  if (!existsSync(target) || !statSync(target).isDirectory()) return undefined;
  const { record } = openRun(target);
  return record.kind === classifierAlgorithm.name ? { dir: target, config: record.config } : undefined;
}

/**
 * The model of a classifier's run, or an exported one.
 * @throws UsageError where there is none, FailureError where the run has not written it yet
 */
export async function locateClassifier(target: string): Promise<TrainedClassifier> {
  if (!existsSync(target)) throw new UsageError(`${target}: there is no such run folder or .onnx file`);
  if (!statSync(target).isDirectory()) return loadClassifier(readFileSync(target), target);
  const { record } = openRun(target);
  if (record.kind !== classifierAlgorithm.name)
    throw new UsageError(`${target} is a run of "${record.kind}", not of a classifier`);
  const file = join(target, classifierAlgorithm.domain.modelFile);
  if (!existsSync(file)) {
    throw new FailureError(
      `${target} has no ${basename(file)} yet: it is written when a run finishes or is interrupted; write it with: era export ${target}`,
    );
  }
  return loadClassifier(readFileSync(file), file);
}

export async function evalClassifier(run: ClassifierRun, options: ClassifierEvalOptions): Promise<void> {
  const evaluation = await evaluationOf(run, options);
  const { dir } = run;
  if (options.html !== undefined) {
    const config = parseConfig(classifierTrainingSchema, run.config) as ClassifierTrainingConfig;
    writeFileAtomic(options.html, await classifierPage(dir, config, evaluation));
  }
  if (options.json) console.log(JSON.stringify({ run: dir, model: runPath({ dir }, "model.onnx"), ...evaluation }));
  else for (const line of lines(evaluation)) console.log(line);
  if (options.html !== undefined && !options.json) console.log(`page: ${options.html}`);
}

/**
 * Evaluates the model of a run on what the options ask for.
 * @param images of earlier evaluations, to be read no second time
 * @throws UsageError where an option is wrong, FailureError where the run has no model yet or images do not fit it
 */
export async function evaluationOf(
  { dir, config: stored }: ClassifierRun,
  options: ClassifierEvalOptions,
  images = new NamedImages(),
): Promise<ClassifierEvaluation> {
  const corruptions = corruptionsOf(options.corruptions);
  const severities = severitiesOf(options.severities);
  const most = options.images === undefined ? undefined : wholeNumber("--images", options.images, 1);
  const classifier = await locateClassifier(dir);
  try {
    const config = parseConfig(classifierTrainingSchema, stored) as ClassifierTrainingConfig;
    const { skipBad } = config;
    const whole =
      options.data === undefined
        ? (await classifierSets(config)).evaluation
        : await images.evaluationSplit(options.data, classifier, skipBad);
    requireAlike(whole, { ...classifier, name: dir });
    const ood = options.ood === undefined ? undefined : await images.evaluationSplit(options.ood, classifier, skipBad);
    return await evaluateClassifier(classifier, {
      set: few(whole, most),
      ood: ood && few(ood, most),
      corruptions,
      severities,
      onPart: (what) => {
        if (!options.json) process.stderr.write(`evaluating ${what} …\n`);
      },
    });
  } finally {
    await classifier.model.dispose();
  }
}

/** At most so many images, of each class alike. */
function few(set: AnySet, most: number | undefined): AnySet {
  if (most === undefined || most >= set.labels.length) return set;
  const each = Math.ceil(most / set.classes.length);
  const seen = new Map<number, number>();
  const places = Array.from(set.labels.keys()).filter((i) => {
    const label = set.labels[i] ?? 0;
    seen.set(label, (seen.get(label) ?? 0) + 1);
    return (seen.get(label) ?? 0) <= each;
  });
  return subset(set, places.slice(0, most), set.name);
}

/** Images as options name them, of any classes: read once, however many runs are evaluated on them. */
export class NamedImages {
  readonly #sets = new Map<string, Promise<AnySet>>();

  /** The test images, or all where there are no others, of the size that the classifier takes. */
  evaluationSplit(data: string, { image, centreShare }: TrainedClassifier, skipBad: boolean): Promise<AnySet> {
    const options = { data, skipBad, imageSize: image[1], centreShare };
    const key = JSON.stringify(options);
    const set = this.#sets.get(key) ?? readDataSet(options).then(({ train, test }) => test ?? train);
    this.#sets.set(key, set);
    return set;
  }
}

function corruptionsOf(text: string | undefined): CorruptionName[] {
  if (text === undefined) return [];
  if (text === "all") return corruptionNames;
  return text.split(",").map((name) => {
    const found = corruptionNames.find((known) => known === name);
    if (!found) throw unknownName("corruption", name, ["all", ...corruptionNames]);
    return found;
  });
}

function severitiesOf(text = "1,3,5"): number[] {
  return text.split(",").map((part) => {
    const severity = wholeNumber("--severities", part, 1);
    if (severity > 5) throw new UsageError(`--severities ${text}: each must be from 1 to 5`);
    return severity;
  });
}

/** What was left out of the images. */
function leftOut({ skipped: [first, ...more] }: ClassifierEvaluation["measures"]): string {
  if (!first) return "";
  return `, without ${1 + more.length} damaged (--skip-bad): ${first.file} ${first.reason}`;
}

/** The evaluation as text. */
function lines({ data, measures, entropy, ood, corruptions }: ClassifierEvaluation): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { target, floor } = entropy;
  const promised =
    floor === null || target === null ? "" : `; floor ${floor.toFixed(3)}, asked for ${target.toFixed(3)}`;
  return [
    `${data}: ${measures.count} images${leftOut(measures)}`,
    `top-1 ${percent(measures.accuracy)}, top-5 ${percent(measures.topFive)}`,
    `negative log-likelihood ${measures.nll.toFixed(4)} nat, calibration error (ECE) ${measures.ece.toFixed(4)}`,
    `entropy of predictions: mean ${measures.entropyMean.toFixed(3)} nat, lowest ${measures.entropyMin.toFixed(3)}${promised}`,
    ...(ood
      ? [
          `${ood.data}: ${ood.count} images, told apart by entropy with AUROC ${ood.auroc.toFixed(4)} (their mean ${ood.entropyMean.toFixed(3)} nat)`,
        ]
      : []),
    ...corruptions.map(
      ({ name, severity, accuracy, nll, ece }) =>
        `${name.padEnd(14)} ${severity}  top-1 ${percent(accuracy).padStart(8)}  NLL ${nll.toFixed(4)}  ECE ${ece.toFixed(4)}`,
    ),
  ];
}
