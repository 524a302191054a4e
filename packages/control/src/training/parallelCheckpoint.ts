/** What a checkpoint holds of a run with parallel environments: the agent's tensors, each copy's environment and replay log, and the loop's own state. */

import type { Averages } from "@era/lab";
import { type Checkpoint, finiteArrays, type Run, refused, runPath, stateKey } from "@era/lab";
import { fromSafetensors, type RandomState, type State, toSafetensors } from "@era/tensor";
import type { VectorEnv } from "../env/vector/vectorEnv.ts";
import type { ReplayBuffer } from "../replay/replayBuffer.ts";
import { appendReplay, pruneReplay, restoreReplay } from "../replay/replayLog.ts";
import type { ReplayManifest } from "../replay/replayManifest.ts";

/** The loop's own state: plain JSON beside the tensors. Lists have an entry for each copy. */
export interface ParallelState {
  /** Environment steps of all copies. */
  step: number;
  /** Steps of all copies together. */
  vectorSteps: number;
  /** Updates of the agent so far. */
  updates: number;
  episodeReturns: number[];
  episodeLengths: number[];
  /** 1 where the episode ended in the latest step. */
  ended: number[];
  /** Return shown to a watcher. */
  lastReturn: number | undefined;
  /** Smallest entropy of the policy at any state it acted in, in nats. */
  minEntropy: number | undefined;
  random: RandomState;
  averages: Averages["state"];
  /** Of the latest checkpoint. */
  replay: ReplayManifest[] | undefined;
}

/** What of a run changes while it trains. */
export interface ParallelParts {
  readonly loop: ParallelState;
  /** What the agent acts on next, `[count, observationSize]`. */
  readonly observations: Float32Array;
  /** One for each copy. */
  readonly replays: readonly [ReplayBuffer, ...ReplayBuffer[]];
}

const observationsKey = "loop.observations";
const environmentKey = (copy: number): string => `loop.environment.${copy}`;
const replayFolder = (run: { readonly dir: string }, copy: number): string =>
  runPath(run, `replay/${String(copy).padStart(3, "0")}`);

/**
 * Saves everything that decides the future.
 * @throws NonFiniteError where a number of the agent's state is none, before anything is written: a good checkpoint stays the newest;
 *   EnvError where a copy's state can't be had
 */
export async function saveParallel(
  run: Run,
  agentState: State,
  envs: VectorEnv,
  { loop, observations, replays }: ParallelParts,
): Promise<void> {
  const arrays = finiteArrays(agentState, loop.step);
  const environments = await envs.saveState();
  const previous = loop.replay;
  loop.replay = replays.map((replay, copy) => appendReplay(replayFolder(run, copy), replay, previous?.[copy]));
  run.saveCheckpoint({
    step: loop.step,
    tensors: {
      ...toSafetensors(arrays),
      [observationsKey]: {
        dtype: "F32",
        shape: [envs.count, observations.length / envs.count],
        data: observations,
      },
      ...Object.fromEntries(
        environments.map((data, copy) => [environmentKey(copy), { dtype: "F64", shape: [data.length], data } as const]),
      ),
    },
    metadata: { [stateKey]: JSON.stringify(loop) },
  });
  previous?.forEach((manifest, copy) => {
    pruneReplay(replayFolder(run, copy), manifest);
  });
}

/**
 * Puts agent and environments back into the checkpoint's state, and returns the rest. Writes nothing: what it refuses stays as it is.
 * @throws CheckpointError where the checkpoint is of another agent or environment, or a replay log is damaged
 */
export async function restoreParallel(
  run: Run,
  checkpoint: Checkpoint,
  agentState: State,
  envs: VectorEnv,
): Promise<ParallelParts> {
  try {
    const { loop, observations, environments } = read(checkpoint, envs);
    agentState.load(fromSafetensors(checkpoint.tensors));
    await envs.restoreState(environments);
    const [first, ...others] = environments.map((_, copy) =>
      restoreReplay(replayFolder(run, copy), loop.replay?.[copy]),
    );
    if (!first) throw new Error("it has no environment");
    return { loop, observations, replays: [first, ...others] };
  } catch (error) {
    throw refused(checkpoint, error);
  }
}

function read(checkpoint: Checkpoint, envs: VectorEnv) {
  const loop = checkpoint.metadata.get(stateKey);
  const observations = checkpoint.tensors.get(observationsKey);
  if (loop === undefined || observations?.dtype !== "F32") throw new Error("it has no state of this training loop");
  const size = envs.observationSpace.size;
  if (observations.data.length !== envs.count * size) {
    throw new Error(
      `it has observations of ${observations.data.length} numbers; ${envs.count} copies of ${envs.id} have ${envs.count * size}`,
    );
  }
  const environments = Array.from({ length: envs.count }, (_, copy) => {
    const state = checkpoint.tensors.get(environmentKey(copy));
    if (state?.dtype !== "F64") throw new Error(`it has no state of copy ${copy} of the environment`);
    return state.data;
  });
  return { loop: JSON.parse(loop) as ParallelState, observations: observations.data, environments };
}
