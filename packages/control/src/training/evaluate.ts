import { LoadedModel } from "@era/tensor";
import type { Env } from "../env/env.ts";
import { actionScale } from "./actionScale.ts";

/** An action on [−1, 1] in every dimension, or the number of a discrete one, for an observation, an episode's first where `isFirst`. */
export type Act = (observation: Float32Array, isFirst?: boolean) => Promise<Float32Array>;

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
  const scale = actionScale(env.actionSpace);
  const returns: number[] = [];
  const lengths: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    let { observation } = env.reset({ seed: seed + episode });
    let total = 0;
    let length = 0;
    for (let done = false; !done; length++) {
      const step = env.step(scale(await act(Float32Array.from(observation), length === 0)));
      total += step.reward;
      observation = step.observation;
      done = step.terminated || step.truncated;
    }
    returns.push(total);
    lengths.push(length);
  }
  return { returns, lengths };
}

/** An exported policy, to be played. */
export interface LoadedPolicy {
  readonly act: Act;
  dispose(): Promise<void>;
}

/**
 * Loads an exported policy: an ONNX model with an input `observation` `[batch, …]` and an output `action` `[batch, …]` on [−1, 1], or `[batch, 1]` with
 * the number of a discrete one.
 * @throws Error in one line where it is no such model, or one for other sizes than the environment's
 */
export async function loadPolicy(model: Uint8Array, env: Env): Promise<LoadedPolicy> {
  // One observation at a time gives several threads nothing to share.
  const policy = await LoadedModel.load(model, { threads: 1 });
  const observation = policy.inputs.find(({ name }) => name === "observation");
  const action = policy.outputs.find(({ name }) => name === "action");
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
    act: async (seen) => (await policy.run({ observation: seen }, ["action"])).action as Float32Array,
    dispose: () => policy.dispose(),
  };
}
