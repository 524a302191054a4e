import { LoadedModel } from "@era/tensor";
import type { Env } from "../env/env.ts";
import { type Act, playEpisode } from "./playEpisode.ts";

export interface Evaluation {
  /** Undiscounted return of each episode. */
  readonly returns: readonly number[];
  /** Steps of each episode. */
  readonly lengths: readonly number[];
}

/**
 * Plays whole episodes; episode i begins from `reset({ seed: seed + i })`, so that every evaluation meets the same starts.
 * @throws EnvError where the simulation becomes unstable
 */
export async function evaluate(env: Env, act: Act, episodes: number, seed: number): Promise<Evaluation> {
  const returns: number[] = [];
  const lengths: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    let total = 0;
    let length = 0;
    for await (const { reward } of playEpisode(env, act, env.reset({ seed: seed + episode }).observation)) {
      total += reward;
      length++;
    }
    returns.push(total);
    lengths.push(length);
  }
  return { returns, lengths };
}

/**
 * Plays an exported policy, as {@link evaluate} does, so that whoever plays it later sees the same returns.
 * @throws Error as {@link loadPolicy}, EnvError as {@link evaluate}
 */
export async function evaluateExported(
  model: Uint8Array,
  env: Env,
  episodes: number,
  seed: number,
): Promise<Evaluation> {
  const policy = await loadPolicy(model, env);
  try {
    return await evaluate(env, policy.act, episodes, seed);
  } finally {
    await policy.dispose();
  }
}

/** An exported policy, to be played. */
export interface LoadedPolicy {
  readonly act: Act;
  /** Entropy in nats of the acting policy where it has seen this; undefined of a model without an output `entropy`. */
  readonly entropy: (observation: Float32Array) => Promise<number | undefined>;
  dispose(): Promise<void>;
}

/**
 * Loads an exported policy: an ONNX model with an input `observation` `[batch, …]` and an output `action` `[batch, …]` on [−1, 1], or `[batch, 1]` with
 * the number of a discrete one; an output `entropy` `[batch, 1]` may be there too.
 * @throws Error in one line where it is no such model, or one for other sizes than the environment's
 */
export async function loadPolicy(model: Uint8Array, env: Env): Promise<LoadedPolicy> {
  // One observation at a time gives several threads nothing to share.
  const policy = await LoadedModel.load(model, { threads: 1 });
  const observation = policy.inputs.find(({ name }) => name === "observation");
  const action = policy.outputs.find(({ name }) => name === "action");
  const hasEntropy = policy.outputs.some(({ name }) => name === "entropy");
  const [observationSize, actionSize] = [env.observationSpace.low.length, env.actionSpace.size];
  let problem: string | undefined;
  if (!observation || !action) problem = `not a policy: it needs an input "observation" and an output "action"`;
  else if (observation.shape.at(-1) !== observationSize || action.shape.at(-1) !== actionSize) {
    problem = `the policy maps ${observation.shape.at(-1)} observations to ${action.shape.at(-1)} actions, but ${env.id} has ${observationSize} and ${actionSize}`;
  }
  if (problem !== undefined) {
    await policy.dispose();
    throw new Error(problem);
  }
  return {
    entropy: async (seen) =>
      hasEntropy
        ? ((await policy.run({ observation: seen }, ["entropy"])).entropy?.[0] as number | undefined)
        : undefined,
    act: async (seen) => (await policy.run({ observation: seen }, ["action"])).action as Float32Array,
    dispose: () => policy.dispose(),
  };
}
