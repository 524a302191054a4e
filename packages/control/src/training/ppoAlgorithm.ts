import { UsageError, writeFileAtomic } from "@era/lab";
import { fromSafetensors, Random } from "@era/tensor";
import { createPpo, type PpoConfig, ppoConfigSchema, ppoHead, ppoSettings } from "../agents/ppo.ts";
import { makeEnv } from "../env/registry.ts";
import { makeVectorEnv } from "../env/vector/makeVectorEnv.ts";
import type { Algorithm } from "./algorithm.ts";
import { environmentOptions, environmentSpec } from "./environmentSpec.ts";
import { trainOnPolicy } from "./onPolicy.ts";

/** PPO, as `era train ppo` runs it. */
export const ppoAlgorithm: Algorithm<PpoConfig> = {
  name: "ppo",
  title: "PPO",
  description: "proximal policy optimization with an entropy floor (ERA) or CleanRL's baseline; discrete actions too",
  schema: ppoConfigSchema,

  check(config) {
    const { id, actionSpace } = environmentSpec(config.env);
    const { envs, rolloutSteps, minibatches } = ppoSettings(config, actionSpace);
    const rows = envs * rolloutSteps;
    if (config.steps < rows) {
      throw new UsageError(
        `--steps ${config.steps}: nothing is learned before the first rollout of ${envs} · ${rolloutSteps} = ${rows} steps (--envs, --rollout-steps) is full`,
      );
    }
    if (minibatches > rows) {
      throw new UsageError(
        `--minibatches ${minibatches}: a rollout has ${envs} · ${rolloutSteps} = ${rows} steps (--envs, --rollout-steps)`,
      );
    }
    try {
      const { entropy } = ppoHead(config, actionSpace);
      return { ...entropy, of: "n" in actionSpace ? "policy" : config.entropyOf };
    } catch (error) {
      const isHead = (error as Error).message.includes("choose --head");
      const flag =
        isHead || config.head !== "era" ? `--head ${config.head}` : `--entropy ${config.entropy ?? ""}`.trim();
      throw new UsageError(`${flag}: ${isHead ? `${id}: ` : ""}${(error as Error).message}`);
    }
  },

  async open(config) {
    const { observationSpace, actionSpace } = environmentSpec(config.env);
    const settings = ppoSettings(config, actionSpace);
    const sizes = { observationSize: observationSpace.size, actionSpace };
    // The networks' initial values come from a stream of their own: the loop's random numbers do not depend on their sizes.
    const agent = await createPpo(config, sizes, new Random(config.seed).fork());
    return {
      async train(run, checkpoint, hooks) {
        const options = environmentOptions(config);
        const env = await makeVectorEnv(config.env, { count: settings.envs, workers: config.workers, options });
        try {
          const evalEnv = await makeEnv(config.env, options);
          try {
            return await trainOnPolicy({ agent, env, evalEnv, run }, settings, checkpoint, hooks);
          } finally {
            evalEnv.close();
          }
        } finally {
          await env.close();
        }
      },
      load: (checkpoint) => agent.state.load(fromSafetensors(checkpoint.tensors)),
      async writeModel(path) {
        writeFileAtomic(path, agent.exportPolicy());
      },
      dispose: () => agent.dispose(),
    };
  },
};
