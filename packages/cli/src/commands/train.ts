/** `era train <algorithm>`: trains in a run folder, live on the terminal, and says where the results are. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Algorithm, algorithms, type Progress, trainRun } from "@era/control";
import {
  createProgress,
  createRun,
  onInterrupt,
  openRun,
  packageVersions,
  parseConfig,
  resumeRun,
  runPath,
  type Summary,
  UsageError,
} from "@era/lab";
import type { Command } from "commander";
import { addFlags, givenFlags } from "../flags.ts";

interface TrainOptions extends Record<string, unknown> {
  readonly run?: string;
  readonly resume?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export function addTrainCommand(program: Command): void {
  const train = program.command("train").description("train an agent");
  for (const algorithm of algorithms) addAlgorithm(train, algorithm);
}

function addAlgorithm(train: Command, algorithm: Algorithm): void {
  const command = train
    .command(algorithm.name)
    .description(algorithm.description)
    .option("--run <folder>", "run folder to make; runs/<env>-<algorithm>-<head>-seed<seed>-<time> if left out")
    .option("--resume <folder>", "continue this run from its newest checkpoint; only --steps may change")
    .option("--config <file>", "settings from a JSON file (a run's config.json too); flags win over it")
    .option("--json", "print the final summary as one JSON object, and nothing else on standard output");
  addFlags(command, algorithm.schema);
  command.addHelpText(
    "after",
    `
Ctrl-C (or SIGTERM) saves a checkpoint after the step at hand and says how to resume; a second one ends the process at once.
Exit codes: 0 finished; 1 failed (a number that is none, a damaged checkpoint); 2 wrong command; 130 stopped by Ctrl-C; 143 by SIGTERM.`,
  );
  command.action((options: TrainOptions) => trainCommand(algorithm, options));
}

async function trainCommand(algorithm: Algorithm, options: TrainOptions): Promise<void> {
  const given = givenFlags(options, algorithm.schema);
  const { config, open } =
    options.resume === undefined
      ? fresh(algorithm, options, given)
      : resumed(algorithm, options.resume, options, given);
  const { floor, target, of } = algorithm.check(config);
  const { run, checkpoint } = open();
  if (checkpoint && config.steps < checkpoint.step) {
    run.close();
    throw new UsageError(`--steps ${config.steps}: ${run.dir} has done ${checkpoint.step} steps already`);
  }
  const say = (line: string) => {
    if (!options.json) console.log(line);
  };
  say(`${run.dir}: ${algorithm.title} (${config.head}) on ${config.env}, seed ${config.seed}, ${config.steps} steps`);
  if (checkpoint) say(`resuming from step ${checkpoint.step}`);
  if (target !== null) {
    const kept = floor === null ? "no floor is guaranteed" : `the policy cannot fall below ${floor.toFixed(3)} nat`;
    say(`entropy: asked for ${target.toFixed(3)} nat of the ${of ?? "policy"}; ${kept}`);
  }
  if (config.startSteps !== undefined && config.steps <= config.startSteps) {
    say(`note: nothing is learned before step ${config.startSteps} (--start-steps)`);
  }

  let stopped: "SIGINT" | "SIGTERM" | undefined;
  const release = onInterrupt((signal) => {
    stopped = signal;
  });
  // Made at the first step: a checkpoint that is refused shows no progress.
  let progress: ReturnType<typeof createProgress> | undefined;
  let summary: Summary;
  try {
    summary = await trainRun(algorithm, config, run, checkpoint, {
      onProgress: ({ step, episodeReturn, entropy }: Progress) => {
        progress ??= createProgress({ total: config.steps, stream: process.stderr, start: step - 1 });
        progress.update(step, {
          ...(episodeReturn !== undefined && { score: { label: "return", value: episodeReturn } }),
          ...(entropy !== undefined && { entropy: { value: entropy, ...(floor !== null && { floor }) } }),
        });
      },
      shouldStop: () => stopped !== undefined,
    });
  } finally {
    progress?.stop();
    release();
    run.close();
  }
  if (options.json) console.log(JSON.stringify({ run: run.dir, ...summary }));
  if (summary.status === "interrupted") {
    process.stderr.write(
      `stopped at step ${summary.steps}; a checkpoint is saved. Continue with: npx era train ${algorithm.name} --resume ${run.dir}\n`,
    );
    process.exitCode = stopped === "SIGTERM" ? 143 : 130;
    return;
  }
  if (!options.json) describe(run.dir, summary, say);
}

/** A new run's settings: the defaults, a file's, the command line's. */
function fresh(algorithm: Algorithm, options: TrainOptions, given: Record<string, unknown>) {
  const config = parseConfig(algorithm.schema, options.config === undefined ? {} : readSettings(options.config), given);
  const dir =
    options.run ?? join("runs", `${config.env}-${algorithm.name}-${config.head}-seed${config.seed}-${timestamp()}`);
  const packages = packageVersions(["onnxruntime-node", "@mujoco/mujoco"], import.meta.url);
  return {
    config,
    open: () => ({
      run: createRun({ dir, kind: algorithm.name, config: { ...config }, packages }),
      checkpoint: undefined,
    }),
  };
}

/** An interrupted run's own settings; a longer budget is the only thing that may be asked of it anew. */
function resumed(algorithm: Algorithm, dir: string, options: TrainOptions, given: Record<string, unknown>) {
  if (options.run !== undefined || options.config !== undefined) {
    throw new UsageError(
      `--resume continues the run in its own folder with its own settings: leave out --run and --config`,
    );
  }
  const { record } = openRun(dir);
  if (record.kind !== algorithm.name) {
    throw new UsageError(
      `${dir} is a run of "${record.kind}": continue it with era train ${record.kind} --resume ${dir}`,
    );
  }
  const changed = Object.keys(given).find((name) => name !== "steps");
  if (changed !== undefined) {
    throw new UsageError(`--resume continues with the run's own settings: only --steps may be given, not ${changed}`);
  }
  const config = parseConfig(algorithm.schema, record.config, given);
  const packages = packageVersions(["onnxruntime-node", "@mujoco/mujoco"], import.meta.url);
  return { config, open: () => resumeRun(dir, { config: { ...config }, packages }) };
}

/** Settings from a JSON file: plain, or as a run's config.json holds them. */
function readSettings(path: string): Record<string, unknown> {
  if (!existsSync(path)) throw new UsageError(`--config ${path}: there is no such file`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`--config ${path}: not JSON: ${(error as Error).message}`);
  }
  if (!isObject(content)) throw new UsageError(`--config ${path}: must be a JSON object of settings`);
  return isObject(content.config) ? content.config : content;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const timestamp = (): string => new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");

function describe(
  dir: string,
  { score, entropy, stepsPerSecond, wallTime }: Summary,
  say: (line: string) => void,
): void {
  const number = (value: number | null) => (value === null ? "—" : value.toFixed(1));
  say(`final evaluation return ${number(score.final)}, best ${number(score.best)} (step ${score.bestStep ?? "—"})`);
  if (entropy) {
    say(
      `entropy: lowest of any state acted in ${entropy.min?.toFixed(3) ?? "—"} nat, floor ${entropy.floor.toFixed(3)} nat`,
    );
  }
  say(`${stepsPerSecond.toFixed(0)} steps/s, ${(wallTime / 60).toFixed(1)} minutes`);
  say(`report: ${runPath({ dir }, "report.html")}`);
  say(`next: npx era eval ${dir}`);
}
