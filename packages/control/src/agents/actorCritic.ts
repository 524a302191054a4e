/** What actor-critic agents that learn from replayed transitions share, whatever their update is: acting, exporting, feeding noise. */
import { compile, exportOnnx, input, type ProgramSpec, type Random, type State, type Tensor } from "@era/tensor";
import type { OffPolicyAgent } from "../training/offPolicy.ts";
import type { Head, Policy } from "./heads.ts";
import type { NetworkSizes } from "./networks.ts";

/** All that such an algorithm computes, before it is compiled. */
export interface ActorCriticGraph {
  readonly state: State;
  /** Feeds: observations, actions, rewards, masks, nextObservations, nextNoise, noise; `[batch, …]`. */
  readonly update: ProgramSpec;
  /** Acting in training, for one observation. Feeds: observation, noise. Outputs: action, entropy. */
  readonly act: ProgramSpec<"action" | "entropy">;
  /** The evaluation policy for any number of observations, for export. Outputs: action, entropy. */
  readonly policy: Readonly<Record<"action" | "entropy", Tensor>>;
}

type ActorSizes = Pick<NetworkSizes, "observationSize" | "actionSize">;

/** The policy at observations `[batch, observationSize]`. */
export type PolicyOf = (observations: Tensor) => Policy;

/** Acting in training and the policy of evaluations, as {@link ActorCriticGraph} has them. */
export function acting(
  { observationSize, actionSize }: ActorSizes,
  policyOf: PolicyOf,
): Pick<ActorCriticGraph, "act" | "policy"> {
  const one = policyOf(input("observation", [1, observationSize]));
  const { action } = one.sample(input("noise", [1, actionSize]));
  const any = policyOf(input("observation", ["batch", observationSize]));
  return {
    act: { outputs: { action, entropy: one.entropy() }, guard: ["action", "entropy"] },
    policy: { action: any.mode(), entropy: any.entropy() },
  };
}

/** Compiles the graph into an agent. `threads` are those of the update, 0: as many as there are cores. */
export async function compileActorCritic(
  graph: ActorCriticGraph,
  head: Head,
  { observationSize, actionSize }: ActorSizes,
  { batchSize, threads }: { readonly batchSize: number; readonly threads: number },
): Promise<OffPolicyAgent & { readonly head: Head }> {
  const update = await compile(graph.update, threads > 0 ? { threads } : {});
  // One observation at a time gives several threads nothing to share.
  const act = await compile(graph.act, { threads: 1 });

  const fillNoise = (array: Float32Array, source: Random): Float32Array =>
    head.noise === "uniform" ? source.fillUniform(array) : source.fillNormal(array);
  const actNoise = new Float32Array(actionSize);
  const noise = new Float32Array(batchSize * actionSize);
  const nextNoise = new Float32Array(batchSize * actionSize);
  return {
    head,
    entropyFloor: head.entropy.floor,
    state: graph.state,
    async act(observation, source) {
      const { action, entropy } = await act.run({ observation, noise: fillNoise(actNoise, source) });
      return { action: action as Float32Array, entropy: Number(entropy[0]) };
    },
    async update(batch, source) {
      fillNoise(nextNoise, source);
      fillNoise(noise, source);
      const outputs = await update.run({ ...batch, nextNoise, noise });
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, Number(value[0])]));
    },
    exportPolicy: () =>
      exportOnnx(graph.policy, { "era.observationSize": `${observationSize}`, "era.actionSize": `${actionSize}` }),
    async dispose() {
      await update.dispose();
      await act.dispose();
    },
  };
}
