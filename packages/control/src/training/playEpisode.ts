import type { Env, StepResult } from "../env/env.ts";
import { actionScale } from "./actionScale.ts";

/** An action on [−1, 1] in every dimension, or the number of a discrete one, for an observation, an episode's first where `isFirst`. */
export type Act = (observation: Float32Array, isFirst?: boolean) => Promise<Float32Array>;

/** One step of an episode, as it happened. */
export interface PlayedStep extends StepResult {
  /** What the policy saw. */
  readonly seen: Float32Array;
  /** What it did, in the environment's units. */
  readonly action: Float32Array;
}

/**
 * Plays an environment that has just been reset to its episode's end, one step each time the caller asks for the next.
 *
 * @param first The observation that the reset returned.
 * @throws EnvError where the simulation becomes unstable
 */
export async function* playEpisode(env: Env, act: Act, first: Float64Array): AsyncGenerator<PlayedStep, void, void> {
  const scale = actionScale(env.actionSpace);
  let observation = first;
  for (let isFirst = true; ; isFirst = false) {
    const seen = Float32Array.from(observation);
    const action = scale(await act(seen, isFirst));
    const step = env.step(action);
    yield { ...step, seen, action };
    if (step.terminated || step.truncated) return;
    observation = step.observation;
  }
}
