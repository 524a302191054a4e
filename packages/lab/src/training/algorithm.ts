/** What `era train`, `era export` and programs need to know of a way to train something, whatever its domain, and nothing else. */
import type * as z from "zod";
import type { Checkpoint } from "../checkpoint.ts";
import type { Run } from "../run.ts";

/** The settings that every algorithm has. An algorithm's schema gives each of them a default, or `settings` fills it in (steps, head). */
export interface TrainingConfig {
  /** Steps to train for; the only setting that may change when a run is resumed. */
  readonly steps: number;
  readonly seed: number;
  /** The entropy method, such as "era" or "maxent": what runs of one algorithm are compared by. */
  readonly head: string;
  /** Threads per operation; 0: as many as there are cores. */
  readonly threads: number;
  /** Steps before anything is learned; left out where there are none. */
  readonly startSteps?: number;
}

/** The entropy of what is trained, in nats (of a policy: over all action dimensions). */
export interface EntropyBounds {
  /** What was asked for; null: nothing. */
  readonly target: number | null;
  /** What no input can bring it below, whatever the networks do; null: nothing is guaranteed. */
  readonly floor: number | null;
  /** Whose entropy the target is, to follow "of the", where it is another's than the floor: "gaussian". */
  readonly of?: string;
}

/** What a watcher of a run sees after each step. */
export interface Progress {
  readonly step: number;
  /** The domain's score in the latest evaluation, or a first idea of it before there is one. */
  readonly score: number | undefined;
  /** Entropy in the latest step, in nats; undefined while there is none. */
  readonly entropy: number | undefined;
}

export interface TrainingHooks {
  /** Called after every step (of many parallel environments: after all have stepped). */
  readonly onProgress?: (progress: Progress) => void;
  /** Called with a line for the user that cannot wait for the end. */
  readonly onNote?: (line: string) => void;
  /** Asked as often; true saves a checkpoint and ends the run as interrupted. */
  readonly shouldStop?: () => boolean;
}

/** What is trained, with freshly initialized networks, ready to train or to take over what a checkpoint holds. */
export interface Learner {
  /**
   * Trains until `config.steps` steps are done, from `checkpoint` where one is given, bit by bit as if there had been no interruption. It
   * logs the domain's score at its evaluations and its lowest entropy so far where there is one (and whatever else it measures), and saves
   * checkpoints with all that decides the future: the last one at its end, and where `shouldStop` says so. Between two steps it lets the
   * event loop turn now and then (`await setImmediate()`), or Ctrl-C is never seen.
   *
   * @returns the step reached: fewer than `config.steps` where `shouldStop` ended it
   * @throws FailureError (NonFiniteError where a number is none) with the step; the last good checkpoint stays. CheckpointError where
   *   `checkpoint` is of other settings; nothing has been written then
   */
  train(run: Run, checkpoint: Checkpoint | undefined, hooks: TrainingHooks): Promise<number>;
  /**
   * Takes over from a checkpoint what {@link writeModel} needs.
   * @throws Error saying what does not fit
   */
  load(checkpoint: Checkpoint): void;
  /**
   * Writes what evaluations use, as it is now, in the domain's form: a standalone ONNX model as one file, a language model as a folder.
   * @param path of the file or folder
   */
  writeModel(path: string): Promise<void>;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

/** What the runs of several algorithms have in common: what they are judged by, and how people call it. */
export interface Domain {
  /** The exported model's name in a run folder: a file or a folder. */
  readonly modelFile: string;
  readonly score: {
    /** The metric, such as "eval/return"; higher is better. */
    readonly metric: string;
    /** "return" */
    readonly name: string;
    /** Digits after the point that say something. */
    readonly digits: number;
  };
  readonly entropy: {
    /** The metric of the lowest entropy so far. */
    readonly metric: string;
    /** What has the entropy: "policy". */
    readonly bearer: string;
    /** What it was the lowest of: "any state acted in". */
    readonly lowestOf: string;
  };
}

/**
 * An algorithm: with it, `era train <name>` (with all of its flags, `--resume`, `--seeds`), `export`, `report` and `compare` know how to
 * train. Run folders, summary, report, the model's file and the status of failed runs are `trainRun`'s work, not the algorithm's.
 */
export interface Algorithm<Config extends TrainingConfig = TrainingConfig> {
  /** The word after `era train`, and a run's `kind`: lower case, such as "sac". */
  readonly name: string;
  /** As people write it: "SAC". */
  readonly title: string;
  /** One line for `--help`, in lower case. */
  readonly description: string;
  readonly domain: Domain;
  /** All settings with their defaults and descriptions; flags, help and error messages come from here. */
  readonly schema: z.ZodObject &
    z.ZodType<
      Omit<Config, "steps" | "head"> & { readonly steps?: number | undefined; readonly head?: string | undefined }
    >;
  /**
   * Complete settings from stored ones (a file's, a run's) and those that were given beside them, which win. Where they name something
   * outside (an environment's file, a data set), it is loaded from here on.
   *
   * @param source The file that the stored ones are from, for error messages
   * @throws UsageError in one line
   */
  settings(
    stored: Readonly<Record<string, unknown>>,
    given: Readonly<Record<string, unknown>>,
    source?: string,
  ): Promise<Config>;
  /** What is trained on, as people call it: an environment, a data set. */
  task(config: Config): string;
  /** What the model takes and gives, in words, and the sizes of both by name. */
  modelSizes(config: Config): { readonly text: string; readonly sizes: Readonly<Record<string, number>> };
  /**
   * Checks complete settings before anything is written: that what they name exists and fits, and that the entropy asked for can be had.
   * @throws UsageError in one line that names the flag, its value and what is allowed
   */
  check(config: Config): EntropyBounds | Promise<EntropyBounds>;
  /** What a user shall know of checked settings before training begins, one line each; left out: nothing. */
  notes?(config: Config): Promise<readonly string[]>;
  /** Builds and compiles the networks. Initial values come from `config.seed` alone. */
  open(config: Config): Promise<Learner>;
}
