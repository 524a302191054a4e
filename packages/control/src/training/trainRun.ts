import { type Checkpoint, type Run, type Summary, type TrainingHooks, trainRun as trainAny } from "@era/lab";
import { type Algorithm, controlDomain, type TrainingConfig } from "./algorithm.ts";

/** `trainRun` of @era/lab for an agent: leaves `policy.onnx`, `summary.json` and `report.html` in the run folder, and throws as that does. */
export const trainRun = <Config extends TrainingConfig>(
  algorithm: Algorithm<Config>,
  config: Config,
  run: Run,
  checkpoint?: Checkpoint,
  hooks: TrainingHooks = {},
): Promise<Summary> => trainAny({ ...algorithm, domain: controlDomain }, config, run, checkpoint, hooks);
