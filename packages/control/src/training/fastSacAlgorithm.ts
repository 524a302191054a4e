import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { createFastSac, type FastSacConfig, fastSacConfigSchema, fastSacHead } from "../agents/fastSac.ts";
import type { Algorithm } from "./algorithm.ts";
import { continuousSpec } from "./environmentSpec.ts";
import { parallelLearner } from "./parallelLearner.ts";

/** FastSAC, as `era train fastsac` runs it. */
export const fastSacAlgorithm: Algorithm<FastSacConfig> = {
  name: "fastsac",
  title: "FastSAC",
  description:
    "SAC with parallel environments and distributional critics, with an entropy floor (ERA) or maximum entropy",
  schema: fastSacConfigSchema,

  check(config) {
    const { actionSpace } = continuousSpec(config.env);
    try {
      const { entropy } = fastSacHead(config, actionSpace.size);
      return { ...entropy, of: config.head === "era" ? config.entropyOf : "policy" };
    } catch (error) {
      const flag =
        config.head === "maxent" ? `--target-entropy ${config.targetEntropy}` : `--entropy ${config.entropy}`;
      throw new UsageError(`${flag}: ${(error as Error).message}`);
    }
  },

  async open(config) {
    const { observationSpace, actionSpace } = continuousSpec(config.env);
    const sizes = { observationSize: observationSpace.size, actionSize: actionSpace.size };
    return parallelLearner(await createFastSac(config, sizes, new Random(config.seed).fork()), config);
  },
};
