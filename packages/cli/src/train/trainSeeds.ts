/** `era train <algorithm> --seeds`: a process for each seed, as many at once as the machine has cores for. */
import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import {
  type Algorithm,
  type Domain,
  FailureError,
  formatNumber,
  onInterrupt,
  openRun,
  runSummary,
  type Summary,
} from "@era/lab";
import type { ChildMessage, ParentMessage } from "./parentLink.ts";
import { createSeedBoard, type SeedBoard } from "./seedBoard.ts";
import { planPath, type SeedPlan, seedFolder, seedState } from "./seedPlan.ts";
import { endOf, startTraining } from "./trainingProcess.ts";
import { notes, readings, resumeCommand, stopExitCode } from "./trainOne.ts";

export interface TrainSeedsOptions {
  /** Processes at once; as many as there are seeds and cores if left out. */
  readonly parallel?: number | undefined;
  readonly json?: boolean | undefined;
}

/** How one seed ended. */
interface Outcome {
  readonly seed: number;
  readonly run: string;
  readonly status: Summary["status"] | "waiting";
  /** Why it failed. */
  readonly error?: string;
  readonly summary?: Summary | undefined;
}

/**
 * Trains every seed of a plan that is not done yet. One that fails leaves the others at work.
 * @throws FailureError at the end, naming the seeds that failed and why
 */
export async function trainSeeds(algorithm: Algorithm, plan: SeedPlan, options: TrainSeedsOptions): Promise<void> {
  const { config, seeds, dir } = plan;
  const say = (line: string) => {
    if (!options.json) console.log(line);
  };
  const waiting = seeds.filter((seed) => seedState(plan, seed) !== "done");
  const { parallel, threads } = shareCores(waiting.length, config.threads, options.parallel);
  say(
    `${dir}: ${algorithm.title} (${config.head}) on ${algorithm.task(config)}, seeds ${seeds.join(", ")}, ${config.steps} steps`,
  );
  say(`${parallel} at once, ${threads} thread${threads === 1 ? "" : "s"} each`);
  const bounds = await algorithm.check(config);
  for (const note of notes(algorithm.domain, bounds, config)) say(note);
  for (const note of (await algorithm.notes?.(config)) ?? []) say(note);

  const outcomes = new Map<number, Outcome>();
  for (const seed of seeds) outcomes.set(seed, storedOutcome(plan, seed));
  const names = seeds.map(seedName);
  const board = createSeedBoard({ names, total: config.steps, stream: process.stderr });
  for (const seed of seeds) if (!waiting.includes(seed)) board.print(`${seedName(seed)} is finished already`);
  const children = new Set<ChildProcess>();
  let stopped: "SIGINT" | "SIGTERM" | undefined;
  const release = onInterrupt((signal) => {
    stopped = signal;
    board.print("stopping after the steps at hand …");
    for (const child of children) if (child.connected) child.send({ stop: signal } satisfies ParentMessage);
  });
  const queue = [...waiting];
  const lane = async (): Promise<void> => {
    for (let seed = queue.shift(); seed !== undefined && stopped === undefined; seed = queue.shift()) {
      outcomes.set(seed, await trainSeed(seed));
    }
  };
  const trainSeed = async (seed: number): Promise<Outcome> => {
    const child = startSeed(algorithm, plan, seed, threads);
    children.add(child);
    board.begin(seedName(seed));
    child.on("message", (progress: ChildMessage) =>
      board.update(seedName(seed), progress.step, readings(algorithm.domain, progress, bounds)),
    );
    const error = await endOf(child);
    children.delete(child);
    const outcome = error === undefined ? storedOutcome(plan, seed) : { ...storedOutcome(plan, seed), error };
    const ended: Outcome = error === undefined ? outcome : { ...outcome, status: "failed" };
    tellEnd(algorithm.domain, board, ended);
    return ended;
  };
  try {
    await Promise.all(Array.from({ length: parallel }, lane));
  } finally {
    board.stop();
    release();
  }
  conclude(algorithm, plan, [...outcomes.values()], stopped, options.json === true, say);
}

const seedName = (seed: number): string => `seed ${seed}`;

/** How many processes at once, and how many threads each: all cores, none twice. */
export function shareCores(
  seeds: number,
  givenThreads: number,
  givenParallel: number | undefined,
  cores: number = availableParallelism(),
): { parallel: number; threads: number } {
  const fitting = givenThreads > 0 ? Math.floor(cores / givenThreads) : cores;
  const parallel = Math.max(1, Math.min(seeds, givenParallel ?? fitting));
  return { parallel, threads: givenThreads > 0 ? givenThreads : Math.max(1, Math.floor(cores / parallel)) };
}

/** The process of one seed: the same command. */
function startSeed(algorithm: Algorithm, plan: SeedPlan, seed: number, threads: number): ChildProcess {
  const run = seedFolder(plan, seed);
  const settings =
    seedState(plan, seed) === "new"
      ? ["--run", run, "--config", planPath(plan.dir), "--seed", `${seed}`, "--threads", `${threads}`]
      : ["--resume", run, "--steps", `${plan.config.steps}`];
  return startTraining(algorithm.name, settings);
}

/** A seed as its folder tells it. */
function storedOutcome(plan: SeedPlan, seed: number): Outcome {
  const run = seedFolder(plan, seed);
  if (seedState(plan, seed) === "new") return { seed, run, status: "waiting" };
  const summary = runSummary(openRun(run));
  return { seed, run, status: summary?.status ?? "interrupted", summary };
}

function tellEnd(domain: Domain, board: SeedBoard, { seed, status, error, summary }: Outcome): void {
  const score = summary?.score.final;
  const text =
    status === "failed"
      ? `failed: ${error ?? summary?.error}`
      : status === "finished"
        ? `finished: final ${domain.score.name} ${score == null ? "—" : formatNumber(score)}`
        : `stopped at step ${summary?.steps ?? 0}`;
  board.end(seedName(seed), text);
}

/** Says how it all ended and how to go on, and sets the exit code. */
function conclude(
  algorithm: Algorithm,
  { dir }: SeedPlan,
  outcomes: readonly Outcome[],
  stopped: "SIGINT" | "SIGTERM" | undefined,
  json: boolean,
  say: (line: string) => void,
): void {
  const failed = outcomes.filter(({ status }) => status === "failed");
  const status = failed.length > 0 ? "failed" : stopped === undefined ? "finished" : "interrupted";
  if (json) {
    const runs = outcomes.map(({ summary, ...outcome }) => ({ ...summary, ...outcome }));
    console.log(JSON.stringify({ run: dir, status, runs }));
  }
  if (stopped !== undefined) {
    for (const { seed, run, status, summary } of outcomes) {
      if (status === "interrupted") {
        process.stderr.write(
          `${seedName(seed)} stopped at step ${summary?.steps ?? 0}; continue with: ${resumeCommand(algorithm, run)}\n`,
        );
      } else if (status === "waiting") process.stderr.write(`${seedName(seed)} had not begun\n`);
    }
    process.stderr.write(`all of them: ${resumeCommand(algorithm, dir)}\n`);
    process.exitCode = stopExitCode(stopped);
  }
  if (failed.length > 0) {
    const which = failed.map(({ seed, error, summary }) => `${seedName(seed)} (${error ?? summary?.error})`).join(", ");
    throw new FailureError(
      `${failed.length} of ${outcomes.length} seeds failed: ${which}; try again with: ${resumeCommand(algorithm, dir)}`,
    );
  }
  if (stopped === undefined) say(`next: npx era compare ${dir}`);
}
