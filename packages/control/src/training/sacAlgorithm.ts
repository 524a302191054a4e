import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { createSac, type SacConfig, sacConfigSchema, sacHead } from "../agents/sac.ts";
import type { Algorithm } from "./algorithm.ts";
import { continuousSpec } from "./environmentSpec.ts";
import { offPolicyLearner } from "./offPolicyLearner.ts";

/** SAC, as `era train sac` runs it. */
export const sacAlgorithm: Algorithm<SacConfig> = {
  name: "sac",
  title: "SAC",
  description: "soft actor-critic with an entropy floor (ERA), or with maximum entropy as baseline",
  schema: sacConfigSchema,

  check(config) {
    const { actionSpace } = continuousSpec(config.env);
    try {
      return {
        ...sacHead(config, actionSpace.low.length).entropy,
        of: config.head === "era" ? config.entropyOf : "policy",
      };
    } catch (error) {
      const flag =
        config.head === "maxent" ? `--target-entropy ${config.targetEntropy}` : `--entropy ${config.entropy}`;
      throw new UsageError(`${flag}: ${(error as Error).message}`);
    }
  },

  async open(config) {
    const { observationSpace, actionSpace } = continuousSpec(config.env);
    const sizes = { observationSize: observationSpace.low.length, actionSize: actionSpace.low.length };
    // The networks' initial values come from a stream of their own: the loop's random numbers do not depend on their sizes.
    return offPolicyLearner(await createSac(config, sizes, new Random(config.seed).fork()), config);
  },
};
