/** `era bench train`: whole training runs here and in the library that people would use instead, in turn, with the same settings. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootstrap, type Estimate, FailureError, formatNumber, mean, median, openRun, runMetrics } from "@era/lab";
import { trainingPeer } from "./peers.ts";
import { short } from "./statistics.ts";

/** An algorithm with the peer that does the same. */
export interface TrainMatch {
  readonly algorithm: string;
  /** As people write it. */
  readonly title: string;
  /** The peer as people write it, and its script in bench/peers/python. */
  readonly peer: string;
  readonly script: string;
  /** Flags of `era train` that give our side the peer's settings. */
  readonly flags: readonly string[];
}

export const trainMatches: readonly TrainMatch[] = [
  {
    algorithm: "sac",
    title: "SAC, maximum entropy",
    peer: "Stable-Baselines3",
    script: "sb3_sac.py",
    flags: [
      ...["--head", "maxent", "--network", "plain", "--hidden", "256,256", "--updates-per-step", "1"],
      ...["--start-steps", "100", "--critic-weight-decay", "0"],
    ],
  },
  {
    algorithm: "ppo",
    title: "PPO without ERA",
    peer: "CleanRL's PPO",
    script: "cleanrl_ppo.py",
    // CleanRL takes an episode that is cut for one that ended.
    flags: ["--head", "gaussian", "--no-bootstrap-truncated"],
  },
];

export interface TrainBenchOptions {
  readonly env: string;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly threads: number;
  /** Folder for our runs. */
  readonly out: string;
}

/** One run: its steps per second of training alone, and the mean return of its last evaluation. */
interface TrainedRun {
  readonly stepsPerSecond: number;
  readonly score: number;
}

export interface TrainBenchResult {
  readonly algorithm: string;
  readonly env: string;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly threads: number;
  readonly sides: readonly {
    readonly name: string;
    readonly runs: readonly TrainedRun[];
    /** Median over the seeds. */
    readonly stepsPerSecond: number;
    /** Interquartile mean over the seeds, with its bootstrap 95 % interval. */
    readonly score: Estimate;
  }[];
  /** Our steps per second over the peer's, medians. */
  readonly ratio: number;
}

/** Trains every seed on both sides, one run at a time, the sides in turn. */
export async function benchTraining(
  match: TrainMatch,
  options: TrainBenchOptions,
  log: (line: string) => void,
): Promise<TrainBenchResult> {
  const { env, steps, seeds, threads } = options;
  const ours: TrainedRun[] = [];
  const theirs: TrainedRun[] = [];
  const note = (side: string, seed: number, { stepsPerSecond, score }: TrainedRun) =>
    log(`${side}, seed ${seed}: ${formatNumber(stepsPerSecond)} steps/s, return ${formatNumber(score)}`);
  for (const seed of seeds) {
    const own = await trainHere(match, options, seed);
    ours.push(own);
    note("era", seed, own);
    const other = await trainThere(match, options, seed);
    theirs.push(other);
    note(match.peer, seed, other);
  }
  const side = (name: string, runs: readonly TrainedRun[]) => ({
    name,
    runs,
    stepsPerSecond: median(runs.map((run) => run.stepsPerSecond)),
    score: bootstrap(runs.map((run) => run.score)),
  });
  const sides = [side("era", ours), side(match.peer, theirs)] as const;
  const ratio = sides[0].stepsPerSecond / sides[1].stepsPerSecond;
  return { algorithm: match.algorithm, env, steps, seeds, threads, sides, ratio };
}

async function trainHere(
  { algorithm, flags }: TrainMatch,
  { env, steps, threads, out }: TrainBenchOptions,
  seed: number,
): Promise<TrainedRun> {
  const folder = join(out, `${env}-${algorithm}-${seed}`);
  if (existsSync(folder)) throw new FailureError(`${folder} exists already: choose another --out`);
  const common = ["--env", env, "--steps", steps, "--seed", seed, "--threads", threads, "--run", folder];
  const evaluation = ["--eval-every", steps, "--checkpoint-every", steps];
  const cli = fileURLToPath(new URL("../../bin/era.js", import.meta.url));
  await run(process.execPath, [cli, "train", algorithm, ...common.map(String), ...evaluation.map(String), ...flags]);
  const rows = runMetrics(openRun(folder));
  // The last line of metrics is written before the evaluation begins.
  const seconds = rows.findLast(({ metrics }) => metrics["speed/stepsPerSecond"] !== undefined)?.wallTime;
  const score = rows.findLast(({ metrics }) => metrics["eval/return"] !== undefined)?.metrics["eval/return"];
  if (seconds === undefined || score === undefined) throw new FailureError(`${folder} has no metrics of its speed`);
  return { stepsPerSecond: steps / seconds, score };
}

async function trainThere(
  { peer, script }: TrainMatch,
  { env, steps, threads }: TrainBenchOptions,
  seed: number,
): Promise<TrainedRun> {
  const { command, args } = trainingPeer(script);
  const given = ["--env", env, "--steps", steps, "--seed", seed, "--threads", threads].map(String);
  const printed = await run(command, [...args, ...given]);
  const line = printed.trim().split("\n").at(-1) ?? "";
  try {
    const { stepsPerSecond, returns } = JSON.parse(line) as { stepsPerSecond: number; returns: number[] };
    return { stepsPerSecond, score: mean(returns) };
  } catch {
    throw new FailureError(`${peer} did not answer with its result but with ${JSON.stringify(line.slice(0, 200))}`);
  }
}

/** What a command prints. Throws FailureError with the last line of its standard error where it fails. */
function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-4000);
    });
    child.once("error", (error) => reject(new FailureError(`${command} cannot be started: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new FailureError(`${command} failed: ${stderr.trim().split("\n").at(-1) ?? `exit code ${code}`}`));
    });
  });
}

/** The result as Markdown. */
export function trainTable({ env, steps, seeds, threads, sides, ratio, algorithm }: TrainBenchResult): string {
  const title = trainMatches.find((match) => match.algorithm === algorithm)?.title ?? algorithm;
  return [
    `${title} on ${env}, ${steps} steps, seeds ${seeds.join(", ")}, ${threads} threads, one run at a time`,
    ``,
    `| | steps/s | return after training: IQM [95 % interval] | of each seed |`,
    `| --- | ---: | ---: | ---: |`,
    ...sides.map(
      ({ name, stepsPerSecond, score, runs }) =>
        `| ${name} | ${Math.round(stepsPerSecond)} | ${Math.round(score.value)} [${Math.round(score.low)}, ${Math.round(score.high)}] | ${runs.map((run) => Math.round(run.score)).join(", ")} |`,
    ),
    ``,
    `steps/s, era over ${sides[1]?.name}: ${short(ratio)}`,
  ].join("\n");
}
