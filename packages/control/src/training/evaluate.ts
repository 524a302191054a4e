import type { Env } from "../env/env.ts";
import { actionScale } from "./actionScale.ts";

/** An action on [−1, 1] in every dimension for an observation. */
export type Act = (observation: Float32Array) => Promise<Float32Array>;

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
      const step = env.step(scale(await act(Float32Array.from(observation))));
      total += step.reward;
      observation = step.observation;
      done = step.terminated || step.truncated;
    }
    returns.push(total);
    lengths.push(length);
  }
  return { returns, lengths };
}

export const average = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
