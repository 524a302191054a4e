/** What `era train`, `era export` and programs need to know of an algorithm, and nothing else. */
import type { Checkpoint, Run } from "@era/lab";
import type * as z from "zod";

/** Metrics that every run is judged by: the mean return of an evaluation, and the lowest entropy of any state acted in so far, in nats. */
export const scoreMetric = "eval/return";
export const entropyMetric = "policy/entropyMin";

/** The settings that every algorithm has. An algorithm's schema gives each of them a default. */
export interface TrainingConfig {
  /** The environment's name in the registry. */
  readonly env: string;
  /** The file that defines the environment, where it is a user's own; it must be loaded (`loadEnvironment`) before anything else is done. */
  readonly envModule?: string | undefined;
  /** Environment steps to train for; the only setting that may change when a run is resumed. */
  readonly steps: number;
  readonly seed: number;
  /** The entropy method, such as "era" or "maxent": what runs of one algorithm are compared by. */
  readonly head: string;
  /** Threads per operation; 0: as many as there are cores. */
  readonly threads: number;
  /** For how many environment steps each action is taken; a step of training is then so many of the environment. 1 if left out. */
  readonly actionRepeat?: number | undefined;
  /** Environment steps with random actions, before anything is learned; left out where there are none. */
  readonly startSteps?: number;
}

/** The policy's entropy in nats over all action dimensions. */
export interface EntropyBounds {
  /** What was asked for; null: nothing. */
  readonly target: number | null;
  /** What no state can fall below, whatever the networks do; null: nothing is guaranteed. */
  readonly floor: number | null;
  /** Whose entropy the target is, to follow "of the": "policy", "gaussian". The floor is always the acting policy's. */
  readonly of?: string;
}

/** What a watcher of a run sees after each step. */
export interface Progress {
  readonly step: number;
  /** Return of the latest evaluation, or of the latest episode before the first. */
  readonly episodeReturn: number | undefined;
  /** Entropy of the policy at the latest state, in nats; undefined while actions are random. */
  readonly entropy: number | undefined;
}

export interface TrainingHooks {
  /** Called after every step (of many parallel environments: after all have stepped). */
  readonly onProgress?: (progress: Progress) => void;
  /** Asked as often; true saves a checkpoint and ends the run as interrupted. */
  readonly shouldStop?: () => boolean;
}

/** An agent with freshly initialized networks, ready to train or to take over what a checkpoint holds. */
export interface Learner {
  /**
   * Trains until `config.steps` environment steps are done, from `checkpoint` where one is given, bit by bit as if there had been no
   * interruption. It logs {@link scoreMetric} at its evaluations and {@link entropyMetric} where the policy has an entropy (and whatever
   * else it measures), and saves checkpoints with all that decides the future: the last one at its end, and where `shouldStop` says so.
   * Between two steps it lets the event loop turn now and then (`await setImmediate()`), or Ctrl-C is never seen.
   *
   * @returns the step reached: fewer than `config.steps` where `shouldStop` ended it
   * @throws FailureError (NonFiniteError where a number is none) with the step; the last good checkpoint stays. CheckpointError where
   *   `checkpoint` is not of this algorithm and environment; nothing has been written then
   */
  train(run: Run, checkpoint: Checkpoint | undefined, hooks: TrainingHooks): Promise<number>;
  /**
   * Takes over from a checkpoint what {@link exportPolicy} needs.
   * @throws Error saying what does not fit
   */
  load(checkpoint: Checkpoint): void;
  /**
   * The policy of evaluations as it is now, as a standalone ONNX model: input `observation` `[batch, observationSize]`; outputs `action`
   * `[batch, actionSize]` on [−1, 1] (of a discrete one its number, `[batch, 1]`), deterministic, and, where the acting policy has one, its
   * `entropy` there `[batch, 1]` in nats. What the agent does to observations (normalization, say) is inside the model.
   */
  exportPolicy(): Uint8Array;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

/**
 * An algorithm. A new one is a file in `agents/` (settings, graph, agent), one like `sacAlgorithm.ts` beside this one, and a line in
 * `algorithms.ts`; then `era train <name>` (with all of its flags, `--resume`, `--seeds`), `eval`, `export`, `report` and `compare` know it.
 * Run folders, summary, report, `policy.onnx` and the status of failed runs are {@link trainRun}'s work, not the algorithm's.
 */
export interface Algorithm<Config extends TrainingConfig = TrainingConfig> {
  /** The word after `era train`, and a run's `kind`: lower case, such as "sac". */
  readonly name: string;
  /** As people write it: "SAC". */
  readonly title: string;
  /** One line for `--help`, in lower case. */
  readonly description: string;
  /** All settings with their defaults and descriptions; flags, help and error messages come from here. */
  readonly schema: z.ZodObject & z.ZodType<Config>;
  /**
   * Checks the settings against the environment before anything is written: that it exists (`environmentSpec`), and that a policy has the
   * entropy asked for.
   * @throws UsageError in one line that names the flag, its value and what is allowed
   */
  check(config: Config): EntropyBounds;
  /** Builds and compiles the agent. Initial values come from `config.seed` alone. */
  open(config: Config): Promise<Learner>;
}
