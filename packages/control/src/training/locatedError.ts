import { atStep, FailureError } from "@era/lab";
import { EnvError } from "../env/env.ts";

/**
 * An error of the agent or the environment with the step where it happened; any other error as it is.
 * @param savedStep of the newest checkpoint; undefined where there is none
 */
export function located(error: unknown, step: number, savedStep: number | undefined): unknown {
  if (error instanceof EnvError) {
    const kept =
      savedStep === undefined ? "no checkpoint was written yet" : `the checkpoint of step ${savedStep} is kept`;
    return new FailureError(`step ${step}: ${error.message}; ${kept}`, { cause: error });
  }
  return atStep(error, step);
}
