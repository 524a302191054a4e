/** What `sft` and `grpo` have in common as algorithms: how a run's parts are opened, trained, written and freed. */
import type { Algorithm, Learner } from "@era/lab";
import { fromSafetensors, type SessionOptions } from "@era/tensor";
import { writeModelFolder } from "../modelFolder.ts";
import { loadReward, type Reward } from "../rewards/reward.ts";
import { type Evaluation, evaluateModel } from "./evaluateModel.ts";
import { type MaterialSettings, takeMaterial } from "./material.ts";
import type { ProblemStream } from "./problemStream.ts";
import type { RowShape } from "./rows.ts";
import { type LoraSettings, lora } from "./settings.ts";
import { TrainedModel } from "./trainedModel.ts";
import { type LoopConfig, type Trainer, trainLanguage } from "./trainLanguage.ts";

/** The settings that both have, as far as parts are opened by them. */
export interface LearnerSettings extends MaterialSettings, LoraSettings, LoopConfig {
  readonly reward?: string | undefined;
  readonly generationRows: number;
  readonly evalSamples: number;
  readonly evalTemperature: number;
  readonly threads: number;
}

/** What an algorithm builds its trainer from. */
export interface LearnerParts {
  readonly model: TrainedModel;
  readonly stream: ProblemStream;
  readonly reward: Reward;
  readonly maxNewTokens: number;
  /** Tokens of the longest prompt and the longest response. */
  readonly lengths: Pick<RowShape, "promptLength" | "responseLength">;
  readonly session: SessionOptions;
  evaluate(): Promise<Evaluation>;
}

/** A trainer with the compiled programs that are freed with it. */
export interface OpenedTrainer {
  readonly trainer: Trainer;
  readonly update: { dispose(): Promise<void> };
}

/**
 * Opens a run's material, model and reward, and what `build` makes of them.
 * @throws UsageError or FailureError in one line, as `openMaterial` and `loadReward`
 */
export async function openLearner(
  config: LearnerSettings,
  build: (parts: LearnerParts) => Promise<OpenedTrainer>,
): Promise<Learner> {
  const { model: start, stream, heldOut, longestPrompt, maxNewTokens, reward: own } = await takeMaterial(config);
  const reward = await loadReward(config.reward ?? own);
  const session = config.threads > 0 ? { threads: config.threads } : {};
  const model = new TrainedModel(start, { rows: config.generationRows, ...session, ...lora(config) });
  const { trainer, update } = await build({
    model,
    stream,
    reward,
    maxNewTokens,
    lengths: { promptLength: longestPrompt, responseLength: maxNewTokens },
    session,
    evaluate: () =>
      evaluateModel(model, {
        problems: heldOut,
        samples: config.evalSamples,
        temperature: config.evalTemperature,
        maxNewTokens,
        reward,
      }),
  });
  return {
    train: (run, checkpoint, hooks) => trainLanguage(trainer, run, config, checkpoint, hooks),
    load: (checkpoint) => model.state.load(fromSafetensors(checkpoint.tensors)),
    async writeModel(path) {
      writeModelFolder(path, await model.weights(), { files: model.tokenizer.files });
    },
    async dispose() {
      await update.dispose();
      await model.dispose();
    },
  };
}

/** What a finished run's model is, for people. */
export const languageModelSizes = ({
  model,
  layers,
  width,
}: Pick<MaterialSettings, "model" | "layers" | "width">): ReturnType<Algorithm["modelSizes"]> => ({
  text: `${model ?? `a decoder of ${layers} layers of width ${width}`}, in Hugging Face's format`,
  sizes: {},
});
