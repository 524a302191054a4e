/**
 * The demo of language models: a decoder of 100,000 parameters learns countdown from solutions, and then from rewards, by GRPO without and
 * with ERA, each in a process of its own. At the end their entropies and pass@k stand beside each other, in the terminal and on a page.
 */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import {
  type Curve,
  curveSvg,
  drawChart,
  FailureError,
  figureHtml,
  formatDuration,
  metricCurve,
  onInterrupt,
  reportPage,
  runMetrics,
  textChart,
  textTable,
  UsageError,
  writeFileAtomic,
} from "@era/lab";
import { evaluateRun, languageDomain } from "@era/language";
import type { ChildMessage, ParentMessage } from "../train/parentLink.ts";
import { createSeedBoard } from "../train/seedBoard.ts";
import { endOf, startTraining } from "../train/trainingProcess.ts";
import { readings, stopExitCode } from "../train/trainOne.ts";

export interface LanguageDemoOptions {
  readonly seed: number;
  readonly sftSteps: number;
  readonly grpoSteps: number;
  /** ERA's ω_low, in nats. */
  readonly eraLow: number;
  /** Held-out problems, and responses to each in the last evaluation. */
  readonly problems: number;
  readonly samples: number;
}

/**
 * Chosen so that the start is right now and then and still unsure, and that GRPO learns. The official ω_low, 0.45 nat, is for responses of
 * thousands of tokens, whose most uncertain fifth begins not far above it; ours have ten, whose two most uncertain ones begin at 1.3 nat.
 */
export const languageDemoDefaults: LanguageDemoOptions = {
  seed: 1,
  sftSteps: 1600,
  grpoSteps: 1600,
  eraLow: 1,
  problems: 256,
  samples: 16,
};

interface Training {
  readonly name: string;
  readonly algorithm: "sft" | "grpo";
  readonly dir: string;
  readonly settings: readonly string[];
}

/**
 * Trains in folders below `folder` and shows what came out of it.
 * @throws UsageError where the folder holds runs already, FailureError where a training failed
 */
export async function runLanguageDemo(folder: string, options: LanguageDemoOptions): Promise<void> {
  const { seed, sftSteps, grpoSteps, eraLow, problems } = options;
  const began = performance.now();
  const shared = ["--task", "countdown", "--seed", `${seed}`, "--threads", "1", "--eval-problems", `${problems}`];
  const start: Training = {
    name: "SFT",
    algorithm: "sft",
    dir: join(folder, "sft"),
    settings: [...shared, "--layers", "2", "--width", "64", "--heads", "2", "--steps", `${sftSteps}`],
  };
  const grpo = (name: string, settings: readonly string[]): Training => ({
    name,
    algorithm: "grpo",
    dir: join(folder, name.toLowerCase().replaceAll(" ", "-")),
    settings: [
      ...shared,
      ...["--model", start.dir, "--steps", `${grpoSteps}`, "--learning-rate", "3e-4", "--warm-up", "10"],
      ...["--eval-every", "200", "--checkpoint-every", "200"],
      ...settings,
    ],
  });
  const methods = [
    grpo("GRPO", ["--entropy-method", "none"]),
    grpo("GRPO-ERA", ["--entropy-method", "era", "--era-low", `${eraLow}`]),
  ];
  console.log(`${folder}: countdown (make a target from four numbers), seed ${seed}`);
  console.log(`1. supervised fine-tuning of a new model of 100,000 parameters, ${sftSteps} steps`);
  if (!(await trainAll([start], sftSteps))) return;
  console.log(`2. GRPO from there, ${grpoSteps} steps: without ERA and with it, side by side`);
  if (!(await trainAll(methods, grpoSteps))) return;
  console.log("3. evaluation on held-out problems");
  await show(folder, start, methods, options, (performance.now() - began) / 1000);
}

/**
 * Trains all at once, each in a process of its own with a live line.
 * @returns false where Ctrl-C or SIGTERM ended it: the exit code is set, and it was said how to go on
 * @throws FailureError naming those that failed and why
 */
async function trainAll(trainings: readonly Training[], total: number): Promise<boolean> {
  const board = createSeedBoard({ names: trainings.map(({ name }) => name), total, stream: process.stderr });
  const children = new Set<ChildProcess>();
  let stopped: "SIGINT" | "SIGTERM" | undefined;
  const release = onInterrupt((signal) => {
    stopped = signal;
    for (const child of children) if (child.connected) child.send({ stop: signal } satisfies ParentMessage);
  });
  const train = async ({ name, algorithm, dir, settings }: Training): Promise<string | undefined> => {
    const child = startTraining(algorithm, [...settings, "--run", dir]);
    children.add(child);
    board.begin(name);
    child.on("message", (progress: ChildMessage) =>
      board.update(name, progress.step, readings(languageDomain, progress, { target: null, floor: null })),
    );
    const error = await endOf(child);
    children.delete(child);
    board.end(name, error === undefined ? (stopped === undefined ? "finished" : "stopped") : `failed: ${error}`);
    return error === undefined ? undefined : `${name}: ${error}`;
  };
  let errors: (string | undefined)[];
  try {
    errors = await Promise.all(trainings.map(train));
  } finally {
    board.stop();
    release();
  }
  const failed = errors.filter((error) => error !== undefined);
  if (failed.length > 0) {
    const message = failed.join("; ");
    throw message.includes("already holds a run") ? new UsageError(message) : new FailureError(message);
  }
  if (stopped === undefined) return true;
  for (const { algorithm, dir } of trainings) {
    process.stderr.write(`stopped; a checkpoint is saved. Continue with: npx era train ${algorithm} --resume ${dir}\n`);
  }
  process.exitCode = stopExitCode(stopped);
  return false;
}

/** Entropy over the steps, and a table of the last evaluation: in the terminal, and on a page with pictures. */
async function show(
  folder: string,
  start: Training,
  methods: readonly Training[],
  { eraLow, seed, problems, samples }: LanguageDemoOptions,
  seconds: number,
): Promise<void> {
  const curves = (metric: string): Curve[] =>
    methods.map(({ name, dir }) => ({ label: name, points: metricCurve(runMetrics({ dir }), metric) }));
  const evaluations: Readonly<Record<string, number>>[] = [];
  for (const { dir } of [start, ...methods])
    evaluations.push((await evaluateRun(dir, { problems, samples, threads: 1 })).metrics);
  const ks = Array.from({ length: Math.floor(Math.log2(samples)) + 1 }, (_, i) => 2 ** i);
  const rows = [
    ["entropy of sampled tokens, nats", "eval/entropy"],
    ["pass@1", "eval/accuracy"],
    ...ks.slice(1).map((k) => [`pass@${k}`, `eval/pass@${k}`]),
  ].map(([label = "", metric = ""]) => [label, ...evaluations.map((metrics) => metrics[metric]?.toFixed(3) ?? "—")]);
  const header = ["", "after SFT", ...methods.map(({ name }) => name)];
  const title = `${problems} held-out problems, ${samples} responses to each`;

  const entropy = curves("rollout/entropy");
  const entropyOfTop = curves("policy/entropyOfTop");
  const rules = [{ value: eraLow, label: `ω_low ${eraLow}` }];
  console.log("\nEntropy of sampled tokens over the steps of GRPO, nats");
  for (const line of textChart({ curves: entropy, low: 0 })) console.log(line);
  console.log(
    `\nOf each response's most uncertain fifth of tokens, which ERA holds up where it is below ω_low, ${eraLow}`,
  );
  for (const line of textChart({ curves: entropyOfTop, low: 0, rules })) console.log(line);
  console.log(`\n${textTable({ title, header, rows })}\n`);

  const passAtK = methods.map(({ name }, i) => ({
    label: name,
    points: ks.flatMap((k) => {
      const value = evaluations[i + 1]?.[k === 1 ? "eval/accuracy" : `eval/pass@${k}`];
      return value === undefined ? [] : [{ step: k, value }];
    }),
  }));
  const xTitle = "steps of GRPO";
  const entropyChart = { title: "Entropy of sampled tokens", curves: entropy, xTitle, yTitle: "nats" };
  const floorChart = {
    title: "Entropy of the most uncertain fifth of tokens",
    curves: entropyOfTop,
    rules,
    xTitle,
    yTitle: "nats",
  };
  const charts = [
    entropyChart,
    floorChart,
    { title: "Reward of sampled responses", curves: curves("rollout/reward"), xTitle },
    { title: "pass@k after training", curves: passAtK, xTitle: "k" },
  ];
  const figures: string[] = [];
  for (const { title: caption, ...chart } of charts) figures.push(figureHtml(caption, await drawChart(chart)));
  const page = join(folder, "demo.html");
  const pictures = { [join(folder, "entropy.svg")]: entropyChart, [join(folder, "floor.svg")]: floorChart };
  for (const [path, chart] of Object.entries(pictures)) writeFileAtomic(path, await curveSvg(chart));
  writeFileAtomic(
    page,
    reportPage({
      title: "GRPO with and without ERA",
      subtitle: ["countdown, a decoder of 100,000 parameters from nothing", `seed ${seed}`, formatDuration(seconds)],
      status: undefined,
      error: undefined,
      tiles: [],
      charts: figures,
      note: "ERA acts in the update only and guarantees no entropy: it raises that of responses whose most uncertain fifth of tokens falls below ω_low. That fifth's entropy is of responses in groups that teach: some right, some wrong.",
      tables: [{ title, isOpen: true, header, rows }],
    }),
  );
  console.log(`page: ${page}, pictures: ${Object.keys(pictures).join(", ")}; ${formatDuration(seconds)} of training`);
}
