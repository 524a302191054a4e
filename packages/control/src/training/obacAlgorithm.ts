import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { createObac, type ObacConfig, obacConfigSchema, obacHead } from "../agents/obac.ts";
import type { Algorithm } from "./algorithm.ts";
import { continuousSpec } from "./environmentSpec.ts";
import { offPolicyLearner } from "./offPolicyLearner.ts";

/** OBAC, as `era train obac` runs it. */
export const obacAlgorithm: Algorithm<ObacConfig> = {
  name: "obac",
  title: "OBAC",
  description:
    "offline-boosted actor-critic: held to replayed actions while these are worth more; with ERA or maximum entropy",
  schema: obacConfigSchema,

  check(config) {
    const { actionSpace } = continuousSpec(config.env);
    try {
      const { entropy } = obacHead(config, actionSpace.low.length);
      return { ...entropy, of: config.head === "era" ? config.entropyOf : "policy" };
    } catch (error) {
      const flag =
        config.head === "maxent" ? `--target-entropy ${config.targetEntropy}` : `--entropy ${config.entropy}`;
      throw new UsageError(`${flag}: ${(error as Error).message}`);
    }
  },

  async open(config) {
    const { observationSpace, actionSpace } = continuousSpec(config.env);
    const sizes = { observationSize: observationSpace.low.length, actionSize: actionSpace.low.length };
    return offPolicyLearner(await createObac(config, sizes, new Random(config.seed).fork()), config);
  },
};
