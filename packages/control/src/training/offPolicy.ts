/**
 * The loop that off-policy agents share: act, store, update, evaluate, log, checkpoint. All that decides the future is in the agent's
 * state and in `LoopState`, both in every checkpoint, so that a resumed run goes on bit by bit as the uninterrupted one.
 */
import { type Checkpoint, FailureError, NonFiniteError, type Run, runPath } from "@era/lab";
import {
  fromSafetensors,
  NonFiniteError as NonFiniteOutput,
  Random,
  type RandomState,
  type State,
  toSafetensors,
} from "@era/tensor";
import type { Env } from "../env/env.ts";
import { EnvError } from "../env/env.ts";
import { createReplayBatch, type ReplayBatch } from "../replay/replayBatch.ts";
import { ReplayBuffer } from "../replay/replayBuffer.ts";
import { appendReplay, pruneReplay, restoreReplay } from "../replay/replayLog.ts";
import type { ReplayManifest } from "../replay/replayManifest.ts";
import { actionScale } from "./actionScale.ts";
import { Averages } from "./averages.ts";
import { average, evaluate } from "./evaluate.ts";

/** An agent that learns from replayed transitions. Actions are on [−1, 1] in every dimension. */
export interface OffPolicyAgent {
  /** Everything that the agent learns. */
  readonly state: State;
  /** Samples the policy at one observation; `entropy` is the policy's there, in nats. */
  act(observation: Float32Array, random: Random): Promise<{ action: Float32Array; entropy: number }>;
  /** The action for evaluation. */
  mode(observation: Float32Array): Promise<Float32Array>;
  /** One update on a batch; the measurements are logged as means. */
  update(batch: ReplayBatch, random: Random): Promise<Record<string, number>>;
  /** The policy as a standalone ONNX model. */
  exportPolicy(): Uint8Array;
}

export interface OffPolicyConfig {
  readonly steps: number;
  readonly seed: number;
  readonly startSteps: number;
  readonly updatesPerStep: number;
  readonly batchSize: number;
  readonly bufferSize: number;
  readonly logEvery: number;
  readonly evalEvery: number;
  readonly evalEpisodes: number;
  readonly checkpointEvery: number;
}

/** What a watcher of the loop sees after each step. */
export interface Progress {
  readonly step: number;
  /** Return of the latest evaluation, or of the latest episode before the first. */
  readonly episodeReturn: number | undefined;
  /** Entropy of the policy at the latest state, in nats; undefined while actions are random. */
  readonly entropy: number | undefined;
}

export interface TrainingHooks {
  readonly onProgress?: (progress: Progress) => void;
  /** Asked after every step; true saves a checkpoint and ends the run as interrupted. */
  readonly shouldStop?: () => boolean;
}

/** The loop's own state: plain JSON beside the agent's tensors. */
interface LoopState {
  step: number;
  episodeReturn: number;
  episodeLength: number;
  /** Return shown to a watcher. */
  lastReturn: number | undefined;
  /** Smallest entropy of the policy at any state it acted in, in nats. */
  minEntropy: number | undefined;
  random: RandomState;
  averages: Averages["state"];
  replay: ReplayManifest | undefined;
}

const stateKey = "era.loop";
/** What JSON would not keep exactly (it has no −0) lies beside the agent's tensors. */
const observationKey = "loop.observation";
const environmentKey = "loop.environment";

/**
 * Trains until `config.steps` environment steps are done, continuing from `checkpoint` where one is given.
 * @returns whether the run finished or was stopped by `shouldStop`
 * @throws NonFiniteError, or FailureError with the step, where a loss or the environment fails; the last checkpoint stays
 */
export async function trainOffPolicy(
  { agent, env, evalEnv, run }: { agent: OffPolicyAgent; env: Env; evalEnv: Env; run: Run },
  config: OffPolicyConfig,
  checkpoint: Checkpoint | undefined,
  { onProgress, shouldStop }: TrainingHooks = {},
): Promise<"finished" | "interrupted"> {
  const observationSize = env.observationSpace.low.length;
  const actionSize = env.actionSpace.low.length;
  const scale = actionScale(env.actionSpace);
  const replayFolder = runPath(run, "replay");
  const random = new Random(config.seed);
  const averages = new Averages();
  const batch = createReplayBatch(config.batchSize, observationSize, actionSize);
  let state: LoopState;
  let replay: ReplayBuffer;
  let observation: Float32Array;
  if (checkpoint) {
    const restored = restore(checkpoint, agent, env);
    state = restored.loop;
    observation = restored.observation;
    random.state = state.random;
    averages.state = state.averages;
    replay = restoreReplay(replayFolder, state.replay);
  } else {
    replay = new ReplayBuffer({ capacity: config.bufferSize, observationSize, actionSize });
    observation = Float32Array.from(env.reset({ seed: config.seed }).observation);
    state = {
      step: 0,
      episodeReturn: 0,
      episodeLength: 0,
      lastReturn: undefined,
      minEntropy: undefined,
      random: [],
      averages: {},
      replay: undefined,
    };
  }

  const save = () => {
    const previous = state.replay;
    state.replay = appendReplay(replayFolder, replay, previous);
    const saved: LoopState = {
      ...state,
      random: random.state,
      averages: averages.state,
    };
    const environment = env.saveState();
    run.saveCheckpoint({
      step: state.step,
      tensors: {
        ...toSafetensors(agent.state.arrays()),
        [observationKey]: { dtype: "F32", shape: [observation.length], data: observation },
        [environmentKey]: { dtype: "F64", shape: [environment.length], data: environment },
      },
      metadata: { [stateKey]: JSON.stringify(saved) },
    });
    if (previous) pruneReplay(replayFolder, previous);
  };

  let savedStep = checkpoint?.step;
  let logged = { step: state.step, wallTime: run.wallTime };
  try {
    while (state.step < config.steps) {
      const step = ++state.step;
      const warm = step > config.startSteps;
      let entropy: number | undefined;
      let action: Float32Array;
      if (warm) {
        ({ action, entropy } = await agent.act(observation, random));
        state.minEntropy = Math.min(state.minEntropy ?? entropy, entropy);
        averages.add({ "policy/entropy": entropy });
      } else {
        action = Float32Array.from({ length: actionSize }, () => 2 * random.uniform() - 1);
      }

      const result = env.step(scale(action));
      const nextObservation = Float32Array.from(result.observation);
      replay.add(observation, action, result.reward, result.terminated, nextObservation);
      state.episodeReturn += result.reward;
      state.episodeLength++;
      observation = nextObservation;
      if (result.terminated || result.truncated) {
        run.log(step, { "train/return": state.episodeReturn, "train/length": state.episodeLength });
        state.lastReturn ??= state.episodeReturn;
        state.episodeReturn = 0;
        state.episodeLength = 0;
        observation = Float32Array.from(env.reset().observation);
      }

      if (warm) {
        for (let update = 0; update < config.updatesPerStep; update++) {
          replay.sample(random, batch);
          averages.add(await agent.update(batch, random));
        }
      }

      if (step % config.logEvery === 0 || step === config.steps) {
        const lowest = state.minEntropy === undefined ? {} : { "policy/entropyMin": state.minEntropy };
        const metrics = { ...averages.take(), ...lowest };
        const stepsPerSecond = (step - logged.step) / (run.wallTime - logged.wallTime);
        logged = { step, wallTime: run.wallTime };
        if (Object.keys(metrics).length > 0) run.log(step, { ...metrics, "speed/stepsPerSecond": stepsPerSecond });
      }
      if (step % config.evalEvery === 0 || step === config.steps) {
        const { returns, lengths } = await evaluate(
          evalEnv,
          (seen) => agent.mode(seen),
          config.evalEpisodes,
          evaluationSeed(config.seed),
        );
        state.lastReturn = average(returns);
        run.log(step, { "eval/return": state.lastReturn, "eval/length": average(lengths) });
      }

      onProgress?.({ step, episodeReturn: state.lastReturn, entropy });
      const stop = shouldStop?.() === true;
      if (step % config.checkpointEvery === 0 || step === config.steps || stop) {
        save();
        savedStep = step;
      }
      if (stop && step < config.steps) return "interrupted";
    }
  } catch (error) {
    throw located(error, state.step, savedStep);
  }
  return "finished";
}

/** Evaluations begin from states that training does not see. */
export const evaluationSeed = (seed: number): number => seed + 1_000_000;

/** Restores agent and environment from a checkpoint and returns the loop's state and the observation to act on next. */
function restore(
  checkpoint: Checkpoint,
  agent: OffPolicyAgent,
  env: Env,
): { loop: LoopState; observation: Float32Array } {
  const fail = (what: string) =>
    new FailureError(`the checkpoint of step ${checkpoint.step} is not of this agent: ${what}`);
  const saved = checkpoint.metadata.get(stateKey);
  const observation = checkpoint.tensors.get(observationKey);
  const environment = checkpoint.tensors.get(environmentKey);
  if (saved === undefined || observation?.dtype !== "F32" || environment?.dtype !== "F64") {
    throw fail("it has no state of the training loop");
  }
  try {
    agent.state.load(fromSafetensors(checkpoint.tensors));
    env.restoreState(environment.data);
  } catch (error) {
    throw fail((error as Error).message);
  }
  return { loop: JSON.parse(saved) as LoopState, observation: observation.data };
}

/** An error of the agent or the environment with the step where it happened. */
function located(error: unknown, step: number, savedStep: number | undefined): unknown {
  if (error instanceof NonFiniteOutput) return new NonFiniteError(error.quantity, step, error.value);
  if (error instanceof EnvError || error instanceof RangeError) {
    const kept =
      savedStep === undefined ? "no checkpoint was written yet" : `the checkpoint of step ${savedStep} is kept`;
    return new FailureError(`step ${step}: ${error.message}; ${kept}`, { cause: error });
  }
  return error;
}
