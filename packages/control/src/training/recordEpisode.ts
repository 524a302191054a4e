import type { Env } from "../env/env.ts";
import { PoseReader, type Poses, simulationOf } from "../env/poses.ts";
import { readScene, type Scene } from "../env/scene.ts";
import type { LoadedPolicy } from "./evaluate.ts";
import { playEpisode } from "./playEpisode.ts";

/** What was done at one control step, from the state of the same number. */
export interface RecordedStep {
  /** In the environment's units. */
  readonly action: Float32Array;
  readonly reward: number;
  /** Entropy in nats of the acting policy; undefined where its model does not say. */
  readonly entropy: number | undefined;
}

/** An episode as it can be drawn and checked: one more state than steps. */
export interface RecordedEpisode {
  readonly env: string;
  /** The environment was reset with it. */
  readonly seed: number;
  readonly scene: Scene;
  readonly states: readonly Poses[];
  readonly steps: readonly RecordedStep[];
  /** Undiscounted, of the recorded steps. */
  readonly return: number;
  /** How it ended; "cut": after as many steps as were asked for, before its end. */
  readonly end: "terminated" | "truncated" | "cut";
}

/**
 * Plays an episode as {@link evaluate} does, and keeps every state.
 *
 * @param most Steps after which to stop at the latest.
 * @throws EnvError where the environment has no MuJoCo simulation, or it becomes unstable
 */
export async function recordEpisode(
  env: Env,
  policy: Omit<LoadedPolicy, "dispose">,
  seed: number,
  most = Number.POSITIVE_INFINITY,
): Promise<RecordedEpisode> {
  const simulation = simulationOf(env);
  const reader = new PoseReader(simulation);
  try {
    const { observation } = env.reset({ seed });
    const scene = readScene(simulation);
    const states: Poses[] = [reader.read()];
    const steps: RecordedStep[] = [];
    let end: RecordedEpisode["end"] = "cut";
    for await (const { seen, action, reward, terminated, truncated } of playEpisode(env, policy.act, observation)) {
      states.push(reader.read());
      steps.push({ action, reward, entropy: await policy.entropy(seen) });
      if (terminated || truncated) end = terminated ? "terminated" : "truncated";
      else if (steps.length === most) break;
    }
    const total = steps.reduce((sum, { reward }) => sum + reward, 0);
    return { env: env.id, seed, scene, states, steps, return: total, end };
  } finally {
    reader.close();
  }
}
