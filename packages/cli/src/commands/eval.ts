/** `era eval <run>`: plays episodes with a trained policy, from a run folder or an exported `.onnx`. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Evaluation, environmentSpec, evaluate, evaluationSeed, loadPolicy, makeEnv } from "@era/control";
import { FailureError, mean, openRun, runPath, UsageError } from "@era/lab";
import type { Command } from "commander";
import { z } from "zod";
import { knownEnvironment } from "../knownEnvironment.ts";

interface EvalOptions {
  readonly env?: string;
  readonly episodes: string;
  readonly seed?: string;
  readonly json?: boolean;
}

/** The trained policy to play: its model, and the environment and seed of its run where it has one. */
async function locate(target: string, options: EvalOptions): Promise<{ model: string; env: string; seed: number }> {
  if (!existsSync(target)) throw new UsageError(`${target}: there is no such run folder or .onnx file`);
  if (target.endsWith(".onnx")) {
    if (options.env === undefined)
      throw new UsageError(`--env is required with a model file: the environment to play in`);
    return { model: target, env: (await knownEnvironment({ env: options.env })).env, seed: 0 };
  }
  const { record } = openRun(target);
  const settings = z.object({ env: z.string(), envModule: z.string().optional(), seed: z.number() });
  const { seed, ...own } = settings.parse(record.config);
  const model = join(target, "policy.onnx");
  if (!existsSync(model)) {
    throw new FailureError(
      `${target} has no policy.onnx yet: it is written when a run finishes or is interrupted; write it with: era export ${target}`,
    );
  }
  const place =
    options.env === undefined
      ? knownEnvironment(own, runPath({ dir: target }, "config.json"))
      : knownEnvironment({ env: options.env });
  return { model, env: (await place).env, seed };
}

export function addEvalCommand(program: Command): void {
  program
    .command("eval")
    .description("play episodes with a trained policy and report their returns")
    .argument("<run>", "a run folder, or an exported policy (.onnx) together with --env")
    .option("--env <id>", "environment to play in, or a file of one; a run's own if left out")
    .option("--episodes <number>", "episodes to play", "10")
    .option("--seed <number>", "seed of the first episode; if left out, the one that training evaluates with")
    .option("--json", "print the result as one JSON object")
    .action(async (target: string, options: EvalOptions) => {
      const episodes = wholeNumber("--episodes", options.episodes, 1);
      const found = await locate(target, options);
      const seed = options.seed === undefined ? evaluationSeed(found.seed) : wholeNumber("--seed", options.seed, 0);
      const result = await play(found.model, found.env, episodes, seed);
      const { returns, lengths } = result;
      const deviation = Math.sqrt(mean(returns.map((value) => (value - mean(returns)) ** 2)));
      const summary = {
        env: found.env,
        model: found.model,
        episodes,
        seed,
        return: { mean: mean(returns), deviation, min: Math.min(...returns), max: Math.max(...returns) },
        length: mean(lengths),
        returns,
      };
      if (options.json) console.log(JSON.stringify(summary));
      else {
        for (const [i, value] of returns.entries()) {
          console.log(`episode ${i + 1}: return ${value.toFixed(1)}, ${lengths[i]} steps`);
        }
        console.log(
          `${found.env}: mean return ${summary.return.mean.toFixed(1)} ± ${deviation.toFixed(1)} (${episodes} episodes, mean length ${summary.length.toFixed(0)})`,
        );
      }
    });
}

async function play(model: string, id: string, episodes: number, seed: number): Promise<Evaluation> {
  const env = await makeEnv(environmentSpec(id).id);
  try {
    const policy = await loadPolicy(readFileSync(model), env).catch((error: Error) => {
      throw new FailureError(`${model}: ${error.message}`);
    });
    return await evaluate(env, policy.act, episodes, seed).finally(() => policy.dispose());
  } finally {
    env.close();
  }
}

export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${flag} ${text}: must be a whole number of at least ${least}`);
  }
  return value;
}
