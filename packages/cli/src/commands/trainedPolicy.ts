/** The policy that `era eval` and `era record` play: a run's, or an exported one. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Env,
  environmentSpec,
  evaluationSeed,
  knownEnvironment,
  type LoadedPolicy,
  loadPolicy,
  makeEnv,
} from "@era/control";
import { FailureError, openRun, type RunFolder, runPath, UsageError } from "@era/lab";
import { z } from "zod";
import { algorithmOf } from "../algorithms.ts";

export interface TrainedPolicy {
  /** The `.onnx` file. */
  readonly model: string;
  /** The environment's name. */
  readonly env: string;
  /** For how many environment steps each action is taken. */
  readonly actionRepeat: number;
  /** Of the first episode: what training evaluates with. */
  readonly seed: number;
  /** Where the policy comes from; undefined of a model file. */
  readonly run?: RunFolder;
}

/**
 * Finds the trained policy.
 *
 * @param target A run folder, or a model file together with an environment.
 * @param env An environment's id, or a file of one.
 * @throws UsageError where there is none, FailureError where the run has not written it yet
 */
export async function locatePolicy(target: string, env: string | undefined): Promise<TrainedPolicy> {
  if (!existsSync(target)) throw new UsageError(`${target}: there is no such run folder or .onnx file`);
  if (target.endsWith(".onnx")) {
    if (env === undefined) throw new UsageError(`--env is required with a model file: the environment to play in`);
    return { model: target, env: (await knownEnvironment({ env })).env, actionRepeat: 1, seed: evaluationSeed(0) };
  }
  const run = openRun(target);
  const { kind } = run.record;
  const { modelFile } = algorithmOf(kind).domain;
  if (modelFile !== "policy.onnx")
    throw new UsageError(`${target} is a run of "${kind}", not of a policy in an environment`);
  const settings = z.object({
    env: z.string(),
    envModule: z.string().optional(),
    seed: z.number(),
    actionRepeat: z.int().default(1),
  });
  const { seed, actionRepeat, ...own } = settings.parse(run.record.config);
  const model = join(target, modelFile);
  if (!existsSync(model)) {
    throw new FailureError(
      `${target} has no policy.onnx yet: it is written when a run finishes or is interrupted; write it with: era export ${target}`,
    );
  }
  const played = env === undefined ? knownEnvironment(own, runPath(run, "config.json")) : knownEnvironment({ env });
  return { model, env: (await played).env, actionRepeat, seed: evaluationSeed(seed), run };
}

/**
 * Makes the environment, loads the policy, and frees both when `play` is done.
 * @throws FailureError where the model can't play there
 */
export async function withPolicy<Result>(
  { model, env: id, actionRepeat }: TrainedPolicy,
  play: (env: Env, policy: LoadedPolicy) => Promise<Result>,
): Promise<Result> {
  const env = await makeEnv(environmentSpec(id).id, { actionRepeat });
  try {
    const policy = await loadPolicy(readFileSync(model), env).catch((error: Error) => {
      throw new FailureError(`${model}: ${error.message}`);
    });
    return await play(env, policy).finally(() => policy.dispose());
  } finally {
    env.close();
  }
}
