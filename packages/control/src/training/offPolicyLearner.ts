import { type Learner, writeFileAtomic } from "@era/lab";
import { fromSafetensors } from "@era/tensor";
import { makeEnv } from "../env/registry.ts";
import type { TrainingConfig } from "./algorithm.ts";
import { environmentOptions } from "./environmentSpec.ts";
import { type OffPolicyAgent, type OffPolicyConfig, trainOffPolicy } from "./offPolicy.ts";

/** An agent that learns from replayed transitions, as a {@link Learner} in the environment that its settings name. */
export function offPolicyLearner(
  agent: OffPolicyAgent,
  config: OffPolicyConfig & Pick<TrainingConfig, "env" | "actionRepeat">,
): Learner {
  return {
    async train(run, checkpoint, hooks) {
      const env = await makeEnv(config.env, environmentOptions(config));
      const evalEnv = await makeEnv(config.env, environmentOptions(config));
      try {
        return await trainOffPolicy({ agent, env, evalEnv, run }, config, checkpoint, hooks);
      } finally {
        env.close();
        evalEnv.close();
      }
    },
    load: (checkpoint) => agent.state.load(fromSafetensors(checkpoint.tensors)),
    async writeModel(path) {
      writeFileAtomic(path, agent.exportPolicy());
    },
    dispose: () => agent.dispose(),
  };
}
