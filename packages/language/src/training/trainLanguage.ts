/** The loop that trains a language model, by imitation or by reward. All that decides the future is in every checkpoint. */
import {
  type AppendFile,
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
import type { Evaluation } from "./evaluateModel.ts";
import type { Response } from "./responses.ts";
import type { TrainedModel } from "./trainedModel.ts";

/** What a step tells of itself. */
export interface StepReport {
  /** Averaged until they are logged. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Mean entropy of the tokens, in nats; undefined where it was not measured. */
  readonly entropy?: number;
  /** A first idea of the score, before there is an evaluation. */
  readonly score?: number;
  readonly responses?: readonly Response[];
}

/** A way to train. What decides its future beside the model's state is `memory`: plain JSON. */
export interface Trainer {
  readonly model: TrainedModel;
  memory: unknown;
  /** Takes step number `step`, from 0. Throws NonFiniteError (of @era/tensor) where a number is none. */
  step(step: number): Promise<StepReport>;
  evaluate(): Promise<Evaluation>;
}

export interface LoopConfig {
  readonly steps: number;
  /** Steps between two lines of metrics, two evaluations, two checkpoints. */
  readonly logEvery: number;
  readonly evalEvery: number;
  readonly checkpointEvery: number;
}

interface LoopState {
  step: number;
  score: number | undefined;
  hasEvaluated: boolean;
  averages: Averages["state"];
  memory: unknown;
  /** Of the weights that stay as they are, where there are some. */
  baseDigest?: string;
}

/** Where a run keeps responses, one JSON object a line. */
const samplesFile = "samples.jsonl";
/** Of each evaluation. */
const keptSamples = 4;

/**
 * Trains until `config.steps` steps are done, continuing from `checkpoint` where one is given, to the last bit as without an interruption. The
 * model is evaluated before the first step too. Some responses of every evaluation, and all whose reward threw, are kept in samples.jsonl.
 *
 * @returns the step reached: fewer than `config.steps` where `shouldStop` ended the run, with a checkpoint
 * @throws NonFiniteError with the step where a number is none: the last checkpoint stays; CheckpointError where `checkpoint` is of other settings
 */
export async function trainLanguage(
  trainer: Trainer,
  run: Run,
  config: LoopConfig,
  checkpoint: Checkpoint | undefined,
  { onProgress, shouldStop }: TrainingHooks = {},
): Promise<number> {
  const averages = new Averages();
  const state = checkpoint
    ? restore(checkpoint, trainer)
    : { step: 0, score: undefined, hasEvaluated: false, averages: {}, memory: undefined };
  averages.state = state.averages;
  const samples = run.appendFile(samplesFile);
  const machine = new MachineMetrics(run, state.step);
  const isDue = (every: number): boolean => state.step % every === 0 || state.step >= config.steps;
  const evaluate = async (): Promise<void> => {
    const { metrics, accuracy, responses } = await trainer.evaluate();
    if (Number.isFinite(accuracy)) [state.score, state.hasEvaluated] = [accuracy, true];
    run.log(state.step, metrics);
    keepSamples(samples, state.step, "evaluation", responses, keptSamples);
  };

  try {
    if (!checkpoint) await evaluate();
    while (state.step < config.steps) {
      const { metrics, entropy, score, responses = [] } = await trainer.step(state.step);
      state.step++;
      averages.add(metrics);
      if (!state.hasEvaluated) state.score = score;
      keepSamples(samples, state.step, "training", responses, 0);
      if (isDue(config.logEvery)) run.log(state.step, { ...averages.take(), ...machine.take(state.step) });
      if (isDue(config.evalEvery)) await evaluate();
      onProgress?.({ step: state.step, score: state.score, entropy });
      // ONNX Runtime works on the calling thread: signals are seen between two steps only.
      await new Promise((resolve) => setImmediate(resolve));
      const stop = shouldStop?.() === true;
      if (isDue(config.checkpointEvery) || stop) {
        state.averages = averages.state;
        state.memory = trainer.memory;
        const { baseDigest } = trainer.model;
        if (baseDigest !== undefined) state.baseDigest = baseDigest;
        run.saveCheckpoint({
          step: state.step,
          tensors: toSafetensors(finiteArrays(trainer.model.state, state.step)),
          metadata: { [stateKey]: JSON.stringify(state) },
          files: [samples.position()],
        });
      }
      if (stop) break;
    }
  } catch (error) {
    throw atStep(error, state.step);
  }
  return state.step;
}

/** Appends the first `most` responses, and all whose reward threw. */
function keepSamples(
  file: AppendFile,
  step: number,
  source: "training" | "evaluation",
  responses: readonly Response[],
  most: number,
): void {
  for (const [i, { problem, text, end, reward, error }] of responses.entries()) {
    if (i >= most && error === undefined) continue;
    const { id, text: asked, prompt = asked, answer } = problem;
    file.append(`${JSON.stringify({ step, source, id, prompt, answer, response: text, end, reward, error })}\n`);
  }
}

/** Puts the trainer back into the checkpoint's state. Writes nothing to the disk. */
function restore(checkpoint: Checkpoint, trainer: Trainer): LoopState {
  try {
    const state = loopState<LoopState>(checkpoint);
    if (state.baseDigest !== trainer.model.baseDigest) {
      throw new Error("the model that it started from (--model) has other weights now");
    }
    trainer.model.state.load(fromSafetensors(checkpoint.tensors));
    trainer.memory = state.memory;
    return state;
  } catch (error) {
    throw refused(checkpoint, error);
  }
}
