import { UsageError } from "@era/lab";
import { Random } from "@era/tensor";
import { type Tdmpc2Config, tdmpc2ConfigSchema } from "../agents/tdmpc2/config.ts";
import { tdmpc2Head } from "../agents/tdmpc2/priorHead.ts";
import { createTdmpc2 } from "../agents/tdmpc2.ts";
import type { Algorithm } from "./algorithm.ts";
import { continuousSpec, environmentOptions } from "./environmentSpec.ts";
import { offPolicyLearner } from "./offPolicyLearner.ts";

/** TD-MPC2, as `era train tdmpc2` runs it. The entropy is the policy prior's: actions come from the planner around it. */
export const tdmpc2Algorithm: Algorithm<Tdmpc2Config> = {
  name: "tdmpc2",
  title: "TD-MPC2",
  description: "planning in a learned latent world model, its policy prior with an entropy floor (ERA) or as original",
  schema: tdmpc2ConfigSchema,

  check(config) {
    const { actionSpace } = continuousSpec(config.env);
    try {
      const { entropy } = tdmpc2Head(config, actionSpace.low.length);
      return { ...entropy, of: config.head === "era" ? config.entropyOf : "policy" };
    } catch (error) {
      throw new UsageError(`--entropy ${config.entropy}: ${(error as Error).message}`);
    }
  },

  async open(config) {
    const { observationSpace, actionSpace, maxEpisodeSteps } = continuousSpec(config.env);
    const sizes = {
      observationSize: observationSpace.low.length,
      actionSize: actionSpace.low.length,
      maxEpisodeSteps: Math.ceil(maxEpisodeSteps / environmentOptions(config).actionRepeat),
    };
    return offPolicyLearner(await createTdmpc2(config, sizes, new Random(config.seed).fork()), config);
  },
};
