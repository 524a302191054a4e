/** The loop that trains a classifier. All that decides the future is in its state and in {@link LoopState}, both in every checkpoint. */
import {
  Averages,
  atStep,
  type Checkpoint,
  finiteArrays,
  loopState,
  MachineMetrics,
  type Run,
  refused,
  stateKey,
  type TrainingHooks,
} from "@era/lab";
import { fromSafetensors, toSafetensors } from "@era/tensor";
import type { AnySet } from "../data/imageSet.ts";
import type { DamagedImage } from "../data/streamedImages.ts";
import type { Classifier } from "./classifier.ts";

/** The loop's own state: plain JSON beside the tensors. */
interface LoopState {
  step: number;
  /** Of the latest evaluation, or of the latest batch before the first. */
  accuracy: number | undefined;
  hasEvaluated: boolean;
  /** Lowest entropy of any prediction so far, in nats. */
  minEntropy: number | undefined;
  averages: Averages["state"];
  /** Training images that were found damaged, by their places in the set. */
  damaged?: readonly number[];
}

export interface LoopConfig {
  readonly steps: number;
  /** Steps between two lines of metrics. */
  readonly logEvery: number;
  /** Epochs between two evaluations, and between two checkpoints. */
  readonly evalEvery: number;
  readonly checkpointEvery: number;
}

/**
 * Trains until `config.steps` steps are done, continuing from `checkpoint` where one is given, to the last bit as without an interruption.
 *
 * @returns the step reached: fewer than `config.steps` where `shouldStop` ended the run, with a checkpoint
 * @throws NonFiniteError with the step where the loss is none: the last checkpoint stays; CheckpointError where `checkpoint` is of another network
 */
export async function trainClassifier(
  { classifier, evaluation, run }: { classifier: Classifier; evaluation: AnySet; run: Run },
  config: LoopConfig,
  checkpoint: Checkpoint | undefined,
  { onProgress, onNote, shouldStop }: TrainingHooks = {},
): Promise<number> {
  const { floor } = classifier.graph.head.entropy;
  const averages = new Averages();
  const state = checkpoint ? restore(checkpoint, classifier) : freshState();
  averages.state = state.averages;
  const machine = new MachineMetrics(run, state.step);
  const lowest = (entropy: number): void => {
    state.minEntropy = Math.min(state.minEntropy ?? entropy, entropy);
  };
  const damaged = new Set(state.damaged);
  const note = (found: readonly DamagedImage[]): void => {
    for (const { index, file, reason } of found) {
      if (damaged.has(index)) continue;
      damaged.add(index);
      onNote?.(`damaged, another image stands for it (--skip-bad): ${file} ${reason}`);
    }
  };
  const isDue = (epochs: number): boolean =>
    state.step % (epochs * classifier.stepsPerEpoch) === 0 || state.step >= config.steps;

  try {
    while (state.step < config.steps) {
      // 1. A step.
      const report = await classifier.step(state.step);
      const { loss, accuracy, entropy, entropyMin, learningRate } = report;
      state.step++;
      note(report.damaged);
      lowest(entropyMin);
      averages.add({
        "train/loss": loss,
        "train/accuracy": accuracy,
        "train/learningRate": learningRate,
        "prediction/entropy": entropy,
      });
      if (!state.hasEvaluated) state.accuracy = accuracy;

      // 2. Evaluation, metrics, checkpoint.
      if (isDue(config.evalEvery)) {
        const measures = await classifier.evaluate(evaluation);
        lowest(measures.entropyMin);
        [state.accuracy, state.hasEvaluated] = [measures.accuracy, true];
        run.log(state.step, {
          "eval/accuracy": measures.accuracy,
          "eval/topFive": measures.topFive,
          "eval/nll": measures.nll,
          "eval/ece": measures.ece,
          "prediction/entropyInEvaluation": measures.entropyMean,
        });
      }
      if (state.step % config.logEvery === 0 || state.step >= config.steps) {
        run.log(state.step, {
          ...averages.take(),
          ...(state.minEntropy !== undefined && { "prediction/entropyMin": state.minEntropy }),
          ...(damaged.size > 0 && { "data/damaged": damaged.size }),
          ...(floor !== null && { "prediction/entropyFloor": floor }),
          ...machine.take(state.step),
        });
      }
      onProgress?.({ step: state.step, score: state.accuracy, entropy });
      // ONNX Runtime works on the calling thread: signals are seen between two steps only.
      await new Promise((resolve) => setImmediate(resolve));
      const stop = shouldStop?.() === true;
      if (isDue(config.checkpointEvery) || stop) {
        state.averages = averages.state;
        if (damaged.size > 0) state.damaged = [...damaged];
        run.saveCheckpoint({
          step: state.step,
          tensors: toSafetensors(finiteArrays(classifier.graph.state, state.step)),
          metadata: { [stateKey]: JSON.stringify(state) },
        });
      }
      if (stop) break;
    }
  } catch (error) {
    throw atStep(error, state.step);
  }
  return state.step;
}

const freshState = (): LoopState => ({
  step: 0,
  accuracy: undefined,
  hasEvaluated: false,
  minEntropy: undefined,
  averages: {},
});

/** Puts the classifier back into the checkpoint's state. Writes nothing to the disk. */
function restore(checkpoint: Checkpoint, classifier: Classifier): LoopState {
  try {
    const state = loopState<LoopState>(checkpoint);
    classifier.graph.state.load(fromSafetensors(checkpoint.tensors));
    return state;
  } catch (error) {
    throw refused(checkpoint, error);
  }
}
