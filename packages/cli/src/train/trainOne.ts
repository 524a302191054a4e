/** One run: trains, shows how it goes, and says where the results are. */
import {
  type Algorithm,
  createProgress,
  type Domain,
  type EntropyBounds,
  formatNumber,
  onInterrupt,
  type ProgressReadings,
  type ResumedRun,
  runPath,
  type Summary,
  type TrainingConfig,
  type TrainingProgress,
  trainRun,
  UsageError,
} from "@era/lab";
import { connectParent } from "./parentLink.ts";
import type { PreparedRun } from "./settings.ts";

/**
 * Trains a prepared run to its end, or until Ctrl-C or SIGTERM; the process's exit code says which.
 * @throws UsageError before anything is written; FailureError where training failed
 */
export async function trainOne(
  algorithm: Algorithm,
  { config, open }: PreparedRun,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const bounds = await algorithm.check(config);
  const { run, checkpoint } = open();
  if (checkpoint && config.steps < checkpoint.step) {
    run.close();
    throw new UsageError(`--steps ${config.steps}: ${run.dir} has done ${checkpoint.step} steps already`);
  }
  if (!json) {
    for (const line of opening(algorithm, config, bounds, { run, checkpoint })) console.log(line);
    for (const line of (await algorithm.notes?.(config)) ?? []) console.log(line);
  }

  let stopped: "SIGINT" | "SIGTERM" | undefined;
  const stop = (signal: "SIGINT" | "SIGTERM") => {
    stopped ??= signal;
  };
  const release = onInterrupt(stop);
  const parent = connectParent(stop);
  // Made at the first step: a checkpoint that is refused shows no progress.
  let shown: ReturnType<typeof createProgress> | undefined;
  const show = (progress: TrainingProgress) => {
    shown ??= createProgress({ total: config.steps, stream: process.stderr, start: progress.step - 1 });
    shown.update(progress.step, readings(algorithm.domain, progress, bounds));
  };
  let summary: Summary;
  try {
    summary = await trainRun(algorithm, config, run, checkpoint, {
      onProgress: parent ? (progress) => parent.report(progress) : show,
      onNote: (line) => {
        if (shown) shown.print(line);
        else process.stderr.write(`${line}\n`);
      },
      shouldStop: () => stopped !== undefined,
    });
  } finally {
    shown?.stop();
    release();
    run.close();
  }
  if (json) console.log(JSON.stringify({ run: run.dir, ...summary }));
  if (summary.status === "interrupted") {
    process.stderr.write(
      `stopped at step ${summary.steps}; a checkpoint is saved. Continue with: ${resumeCommand(algorithm, run.dir)}\n`,
    );
    process.exitCode = stopExitCode(stopped);
    return;
  }
  if (!json) for (const line of closing(algorithm.domain, run.dir, summary)) console.log(line);
}

/** The exit code of a process that a signal has stopped in good order. */
export const stopExitCode = (signal: "SIGINT" | "SIGTERM" | undefined): number => (signal === "SIGTERM" ? 143 : 130);

/** What to type to go on with a run, or with a folder of them. */
export const resumeCommand = (algorithm: Algorithm, dir: string): string =>
  `npx era train ${algorithm.name} --resume ${dir}`;

/** A run's progress as the live line shows it. */
export function readings(
  domain: Domain,
  { score, entropy }: TrainingProgress,
  { floor }: EntropyBounds,
): ProgressReadings {
  return {
    ...(score !== undefined && { score: { label: domain.score.name, value: score } }),
    ...(entropy !== undefined && { entropy: { value: entropy, ...(floor !== null && { floor }) } }),
  };
}

/** What is about to be trained. */
function opening(
  algorithm: Algorithm,
  config: TrainingConfig,
  bounds: EntropyBounds,
  { run, checkpoint }: ResumedRun,
): string[] {
  const { head, seed, steps, startSteps } = config;
  const lines = [`${run.dir}: ${algorithm.title} (${head}) on ${algorithm.task(config)}, seed ${seed}, ${steps} steps`];
  if (checkpoint) lines.push(`resuming from step ${checkpoint.step}`);
  return [...lines, ...notes(algorithm.domain, bounds, { steps, ...(startSteps !== undefined && { startSteps }) })];
}

/** What holds for every seed: the entropy asked for and guaranteed, and whether anything can be learned. */
export function notes(
  { entropy: { bearer } }: Domain,
  { target, floor, of = bearer }: EntropyBounds,
  { steps, startSteps }: Pick<TrainingConfig, "steps" | "startSteps">,
): string[] {
  const lines: string[] = [];
  if (target !== null) {
    const kept = floor === null ? "no floor is guaranteed" : `the ${bearer} cannot fall below ${floor.toFixed(3)} nat`;
    lines.push(`entropy: asked for ${target.toFixed(3)} nat of the ${of}; ${kept}`);
  }
  if (startSteps !== undefined && steps <= startSteps) {
    lines.push(`note: nothing is learned before step ${startSteps} (--start-steps)`);
  }
  return lines;
}

/** What came out of it. */
function closing(domain: Domain, dir: string, { score, entropy, stepsPerSecond, wallTime, memory }: Summary): string[] {
  const number = (value: number | null) => (value === null ? "—" : value.toFixed(domain.score.digits));
  const lines = [
    `final evaluation ${domain.score.name} ${number(score.final)}, best ${number(score.best)} (step ${score.bestStep ?? "—"})`,
  ];
  if (entropy) {
    lines.push(
      `entropy: lowest of ${domain.entropy.lowestOf} ${entropy.min?.toFixed(3) ?? "—"} nat, floor ${entropy.floor.toFixed(3)} nat`,
    );
  }
  return [
    ...lines,
    `${formatNumber(stepsPerSecond)} steps/s, ${(wallTime / 60).toFixed(1)} minutes${memory ? `, at most ${memory.peak} MiB of memory` : ""}`,
    `report: ${runPath({ dir }, "report.html")}`,
    `next: npx era eval ${dir}`,
  ];
}
