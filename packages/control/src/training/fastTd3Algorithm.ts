import { Random } from "@era/tensor";
import { createFastTd3, type FastTd3Config, fastTd3ConfigSchema } from "../agents/fastTd3.ts";
import type { Algorithm } from "./algorithm.ts";
import { continuousSpec } from "./environmentSpec.ts";
import { parallelLearner } from "./parallelLearner.ts";

/** FastTD3, as `era train fasttd3` runs it. Its policy is deterministic: there is no entropy to ask for. */
export const fastTd3Algorithm: Algorithm<FastTd3Config> = {
  name: "fasttd3",
  title: "FastTD3",
  description: "TD3 with parallel environments and distributional critics; deterministic, so without an entropy floor",
  schema: fastTd3ConfigSchema,

  check(config) {
    continuousSpec(config.env);
    return { target: null, floor: null };
  },

  async open(config) {
    const { observationSpace, actionSpace } = continuousSpec(config.env);
    const sizes = { observationSize: observationSpace.size, actionSize: actionSpace.size };
    return parallelLearner(await createFastTd3(config, sizes, new Random(config.seed).fork()), config);
  },
};
