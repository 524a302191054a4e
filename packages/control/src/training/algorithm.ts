/** What is common to the algorithms of control, and what each of them adds to it. */
import type { Algorithm as AnyAlgorithm, TrainingConfig as AnyConfig, Domain, EntropyBounds } from "@era/lab";
import type * as z from "zod";

/**
 * Metrics that every run is judged by: the mean return of an evaluation, and the lowest entropy of any state acted in so far, in nats. The
 * model is the policy of evaluations: input `observation` `[batch, observationSize]`; outputs `action` `[batch, actionSize]` on [−1, 1] (of a
 * discrete one its number, `[batch, 1]`), deterministic, and, where the acting policy has one, its `entropy` there `[batch, 1]` in nats. What
 * the agent does to observations (normalization, say) is inside the model.
 */
export const controlDomain: Domain = {
  modelFile: "policy.onnx",
  score: { metric: "eval/return", name: "return", digits: 1 },
  entropy: { metric: "policy/entropyMin", bearer: "policy", lowestOf: "any state acted in" },
};

/** The settings that every algorithm of control has; steps are the environment's. */
export interface TrainingConfig extends AnyConfig {
  /** The environment's name in the registry. */
  readonly env: string;
  /** The file that defines the environment, where it is a user's own; it must be loaded (`loadEnvironment`) before anything else is done. */
  readonly envModule?: string | undefined;
  /** For how many environment steps each action is taken; a step of training is then so many of the environment. 1 if left out. */
  readonly actionRepeat?: number | undefined;
}

/**
 * An algorithm of control. A new one is a file in `agents/` (settings, graph, agent), one like `sacAlgorithm.ts` beside this one, and a line
 * in `algorithms.ts`; what all have in common is added there.
 */
export interface Algorithm<Config extends TrainingConfig = TrainingConfig>
  extends Omit<AnyAlgorithm<Config>, "domain" | "settings" | "task" | "modelSizes"> {
  readonly schema: z.ZodObject & z.ZodType<Config>;
  /**
   * Checks the settings against the environment before anything is written: that it exists (`environmentSpec`), and that a policy has the
   * entropy asked for.
   * @throws UsageError in one line that names the flag, its value and what is allowed
   */
  check(config: Config): EntropyBounds;
}
