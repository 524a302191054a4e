import { type Learner, writeFileAtomic } from "@era/lab";
import { fromSafetensors } from "@era/tensor";
import { makeEnv } from "../env/registry.ts";
import { makeVectorEnv } from "../env/vector/makeVectorEnv.ts";
import type { TrainingConfig } from "./algorithm.ts";
import { environmentOptions } from "./environmentSpec.ts";
import { type ParallelAgent, type ParallelConfig, trainParallel } from "./parallelOffPolicy.ts";

/** What of a run's settings decides its environments. */
export interface ParallelEnvironments extends Pick<TrainingConfig, "env" | "actionRepeat"> {
  /** Copies that are stepped together. */
  readonly envs: number;
  /** Threads that step them; 0: the training thread itself. */
  readonly workers: number;
}

/** An agent that acts in many copies of an environment, as a {@link Learner} in the one that its settings name. */
export function parallelLearner(agent: ParallelAgent, config: ParallelConfig & ParallelEnvironments): Learner {
  return {
    async train(run, checkpoint, hooks) {
      const { env, envs: count, workers } = config;
      const options = environmentOptions(config);
      const envs = await makeVectorEnv(env, { count, workers, autoreset: "same-step", options });
      try {
        const evalEnv = await makeEnv(env, options);
        try {
          return await trainParallel({ agent, envs, evalEnv, run }, config, checkpoint, hooks);
        } finally {
          evalEnv.close();
        }
      } finally {
        await envs.close();
      }
    },
    load: (checkpoint) => agent.state.load(fromSafetensors(checkpoint.tensors)),
    async writeModel(path) {
      writeFileAtomic(path, agent.exportPolicy());
    },
    dispose: () => agent.dispose(),
  };
}
