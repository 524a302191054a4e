/** What a checkpoint holds of an on-policy run: the agent's tensors, the copies of the environment, the rollout begun, and the loop's own state. */
import type { Averages, Checkpoint, Run } from "@era/lab";
import { finiteArrays, loopState, refused, stateKey } from "@era/lab";
import { fromSafetensors, type RandomState, type SafeTensor, type State, toSafetensors } from "@era/tensor";
import type { VectorEnv } from "../env/vector/vectorEnv.ts";
import type { Rollout } from "../rollout/rollout.ts";

/** The loop's own state: plain JSON beside the tensors. */
export interface OnPolicyState {
  step: number;
  /** Steps of the rollout that are filled. */
  filled: number;
  /** Of each copy's episode so far. */
  returns: number[];
  lengths: number[];
  /** Return shown to a watcher. */
  lastReturn: number | undefined;
  /** Mean entropy of the policy at the states of the last rollout, in nats. */
  lastEntropy: number | undefined;
  /** Smallest entropy of the policy at any state it acted in, in nats. */
  minEntropy: number | undefined;
  /** Step of the last line of metrics. */
  logged: number;
  random: RandomState;
  averages: Averages["state"];
}

/** What of a run changes while it trains, beside the agent and the environment. */
export interface OnPolicyParts {
  readonly loop: OnPolicyState;
  /** What the agent acts on next `[copies, observationSize]`. */
  readonly observations: Float32Array;
  readonly rollout: Rollout;
}

const prefix = "loop.";
const rolloutParts = ["observations", "nextObservations", "actions", "rewards", "terminated", "truncated"] as const;

/**
 * Saves everything that decides the future.
 * @throws NonFiniteError where a number of the agent's state is none, before anything is written: a good checkpoint stays the newest
 */
export async function saveOnPolicy(run: Run, agent: State, env: VectorEnv, parts: OnPolicyParts): Promise<void> {
  const { loop, observations, rollout } = parts;
  const agentTensors = toSafetensors(finiteArrays(agent, loop.step));
  const states = await env.saveState();
  run.saveCheckpoint({
    step: loop.step,
    tensors: {
      ...agentTensors,
      [`${prefix}observations`]: saved(observations),
      ...Object.fromEntries(states.map((state, i) => [`${prefix}environment${i}`, saved(state)])),
      ...Object.fromEntries(rolloutParts.map((name) => [`${prefix}rollout.${name}`, saved(rollout[name])])),
    },
    metadata: { [stateKey]: JSON.stringify(loop) },
  });
}

/**
 * Puts agent, environment, rollout and next observations back into the checkpoint's state. Writes nothing to the disk.
 * @throws CheckpointError where the checkpoint is of another agent, environment or rollout
 */
export async function restoreOnPolicy(
  checkpoint: Checkpoint,
  agent: State,
  env: VectorEnv,
  { observations, rollout }: Pick<OnPolicyParts, "observations" | "rollout">,
): Promise<OnPolicyState> {
  try {
    const loop = loopState<OnPolicyState>(checkpoint);
    const targets = [
      ["observations", observations] as const,
      ...rolloutParts.map((name) => [`rollout.${name}`, rollout[name]] as const),
    ].map(([name, target]) => ({ target, source: loaded(checkpoint, name, target) }));
    const states = Array.from({ length: env.count }, (_, i) =>
      loaded(checkpoint, `environment${i}`, new Float64Array()),
    );
    agent.load(fromSafetensors(checkpoint.tensors));
    await env.restoreState(states);
    for (const { target, source } of targets) target.set(source);
    return loop;
  } catch (error) {
    throw refused(checkpoint, error);
  }
}

type LoopArray = Float32Array | Float64Array | Uint8Array;

function saved(data: LoopArray): SafeTensor {
  const shape = [data.length];
  if (data instanceof Float32Array) return { dtype: "F32", shape, data };
  return data instanceof Float64Array ? { dtype: "F64", shape, data } : { dtype: "U8", shape, data };
}

/** A saved array of the type of `like`, and of its length unless that is 0. */
function loaded<A extends LoopArray>(checkpoint: Checkpoint, name: string, like: A): A {
  const data = checkpoint.tensors.get(`${prefix}${name}`)?.data;
  if (data?.constructor !== like.constructor || (like.length > 0 && data.length !== like.length)) {
    throw new Error(`"${name}" is missing, or of another size`);
  }
  return data as unknown as A;
}
