/** What a checkpoint holds of an off-policy run: the agent's tensors, the environment, the replay log's manifest and the loop's own state. */

import type { Averages } from "@era/lab";
import { type Checkpoint, finiteArrays, type Run, refused, runPath, stateKey } from "@era/lab";
import { fromSafetensors, type RandomState, type State, toSafetensors } from "@era/tensor";
import type { Env } from "../env/env.ts";
import type { ReplayBuffer } from "../replay/replayBuffer.ts";
import { appendReplay, pruneReplay, restoreReplay } from "../replay/replayLog.ts";
import type { ReplayManifest } from "../replay/replayManifest.ts";

/** The loop's own state: plain JSON beside the tensors. */
export interface LoopState {
  step: number;
  episodeReturn: number;
  episodeLength: number;
  /** Return shown to a watcher. */
  lastReturn: number | undefined;
  /** Smallest entropy of the policy at any state it acted in, in nats. */
  minEntropy: number | undefined;
  /** Of the agent's first updates, how many are done; left out: none. */
  firstUpdates?: number;
  random: RandomState;
  averages: Averages["state"];
  /** Of the latest checkpoint. */
  replay: ReplayManifest | undefined;
}

/** What of a run changes while it trains. */
export interface LoopParts {
  readonly loop: LoopState;
  /** What the agent acts on next. */
  readonly observation: Float32Array;
  readonly replay: ReplayBuffer;
}

const observationKey = "loop.observation";
const environmentKey = "loop.environment";
const replayFolder = (run: { readonly dir: string }): string => runPath(run, "replay");

/**
 * Saves everything that decides the future.
 * @throws NonFiniteError where a number of the agent's state is none, before anything is written: a good checkpoint stays the newest
 */
export function saveLoop(run: Run, agentState: State, env: Env, { loop, observation, replay }: LoopParts): void {
  const arrays = finiteArrays(agentState, loop.step);
  const previous = loop.replay;
  loop.replay = appendReplay(replayFolder(run), replay, previous);
  const environment = env.saveState();
  run.saveCheckpoint({
    step: loop.step,
    tensors: {
      ...toSafetensors(arrays),
      [observationKey]: { dtype: "F32", shape: [observation.length], data: observation },
      [environmentKey]: { dtype: "F64", shape: [environment.length], data: environment },
    },
    metadata: { [stateKey]: JSON.stringify(loop) },
  });
  if (previous) pruneReplay(replayFolder(run), previous);
}

/**
 * Puts agent and environment back into the checkpoint's state, and returns the rest. Writes nothing: what it refuses stays as it is.
 * @throws CheckpointError where the checkpoint is of another agent or environment, or its replay log is damaged
 */
export function restoreLoop(run: Run, checkpoint: Checkpoint, agentState: State, env: Env): LoopParts {
  const { loop, observation, environment } = read(checkpoint);
  try {
    agentState.load(fromSafetensors(checkpoint.tensors));
    env.restoreState(environment);
    return { loop, observation, replay: restoreReplay(replayFolder(run), loop.replay) };
  } catch (error) {
    throw refused(checkpoint, error);
  }
}

function read(checkpoint: Checkpoint): { loop: LoopState; observation: Float32Array; environment: Float64Array } {
  const loop = checkpoint.metadata.get(stateKey);
  const observation = checkpoint.tensors.get(observationKey);
  const environment = checkpoint.tensors.get(environmentKey);
  if (loop === undefined || observation?.dtype !== "F32" || environment?.dtype !== "F64") {
    throw refused(checkpoint, new Error("it has no state of this training loop"));
  }
  return { loop: JSON.parse(loop) as LoopState, observation: observation.data, environment: environment.data };
}
