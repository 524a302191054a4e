/**
 * The loop that off-policy agents share: act, store, update, evaluate, log, checkpoint. All that decides the future is in the agent's
 * state and in `LoopState`, both in every checkpoint, so that a resumed run goes on bit by bit as the uninterrupted one.
 */
import { setImmediate } from "node:timers/promises";
import type { TrainingHooks } from "@era/lab";
import { Averages, type Checkpoint, MachineMetrics, mean, type Run, requireFinite } from "@era/lab";
import { Random, type State } from "@era/tensor";
import { type Env, EnvError } from "../env/env.ts";
import { createReplayBatch, type ReplayBatch } from "../replay/replayBatch.ts";
import type { ReplayBuffer } from "../replay/replayBuffer.ts";
import { actionScale } from "./actionScale.ts";
import { emptyReplay } from "./emptyReplay.ts";
import { evaluate, loadPolicy } from "./evaluate.ts";
import { located } from "./locatedError.ts";
import { type LoopParts, restoreLoop, saveLoop } from "./loopCheckpoint.ts";
import type { Act } from "./playEpisode.ts";

/** An agent that learns from replayed transitions. Actions are on [−1, 1] in every dimension. */
export interface OffPolicyAgent {
  /** What no state's entropy can fall below, in nats; null where nothing is promised. Logged beside the entropies. */
  readonly entropyFloor?: number | null;
  /** Everything that the agent learns. */
  readonly state: State;
  /** Samples the policy at one observation, an episode's first where `isFirst`; `entropy` is the policy's there, in nats. */
  act(observation: Float32Array, random: Random, isFirst?: boolean): Promise<{ action: Float32Array; entropy: number }>;
  /** Draws what an update learns from; left out: `batchSize` transitions. */
  sample?(replay: ReplayBuffer, random: Random): ReplayBatch;
  /** Updates at once between the last random action and the first that is not; left out: none. */
  readonly firstUpdates?: number;
  /** One update on a batch; the measurements are logged as means. */
  update(batch: ReplayBatch, random: Random): Promise<Record<string, number>>;
  /** What plays evaluations, where that is more than the exported policy (a planner); `seed` decides all that is random in it. */
  evaluationPolicy?(seed: number): Act;
  /** The policy of evaluations as a standalone ONNX model, for {@link loadPolicy}. */
  exportPolicy(): Uint8Array;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
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

/**
 * Trains until `config.steps` environment steps are done, continuing from `checkpoint` where one is given.
 * @returns the step reached: fewer than `config.steps` where `shouldStop` ended the run, with a checkpoint
 * @throws NonFiniteError, or FailureError with the step, where a loss or the environment fails: the last checkpoint stays;
 *   CheckpointError where `checkpoint` is not of this agent and environment
 */
export async function trainOffPolicy(
  { agent, env, evalEnv, run }: { agent: OffPolicyAgent; env: Env; evalEnv: Env; run: Run },
  config: OffPolicyConfig,
  checkpoint: Checkpoint | undefined,
  { onProgress, shouldStop }: TrainingHooks = {},
): Promise<number> {
  const actionSize = env.actionSpace.size;
  const scale = actionScale(env.actionSpace);
  const random = new Random(config.seed);
  const averages = new Averages();
  const parts = checkpoint ? restoreLoop(run, checkpoint, agent.state, env) : freshLoop(env, config);
  const { loop: state, replay } = parts;
  let { observation } = parts;
  if (checkpoint) {
    random.state = state.random;
    averages.state = state.averages;
  }

  const batch = agent.sample
    ? undefined
    : createReplayBatch(config.batchSize, env.observationSpace.low.length, actionSize);
  const sample = (): ReplayBatch => {
    if (!batch) return agent.sample?.(replay, random) as ReplayBatch; // There is a batch where there is no such method.
    replay.sample(random, batch);
    return batch;
  };

  let savedStep = checkpoint?.step;
  const save = (): void => {
    state.random = random.state;
    state.averages = averages.state;
    saveLoop(run, agent.state, env, { loop: state, observation, replay });
    savedStep = state.step;
  };
  /** These take minutes before the first step that follows, so that they are shown and can be interrupted. Returns whether all are done. */
  const takeFirstUpdates = async (updates: number): Promise<boolean> => {
    while ((state.firstUpdates ?? 0) < updates) {
      averages.add(await agent.update(sample(), random));
      state.firstUpdates = (state.firstUpdates ?? 0) + 1;
      onProgress?.({ step: state.step, score: state.lastReturn, entropy: undefined });
      await setImmediate();
      if (shouldStop?.() === true) {
        save();
        return false;
      }
    }
    return true;
  };

  const machine = new MachineMetrics(run, state.step);
  try {
    while (state.step < config.steps) {
      if (state.step === config.startSteps && !(await takeFirstUpdates(agent.firstUpdates ?? 0))) break;
      const step = ++state.step;
      const warm = step > config.startSteps;
      let entropy: number | undefined;
      let action: Float32Array;
      if (warm) {
        ({ action, entropy } = await agent.act(observation, random, state.episodeLength === 0));
        state.minEntropy = Math.min(state.minEntropy ?? entropy, entropy);
        averages.add({ "policy/entropy": entropy });
      } else {
        action = Float32Array.from({ length: actionSize }, () => 2 * random.uniform() - 1);
        // Nothing else here waits for anything, and signals arrive only while the event loop turns.
        await setImmediate();
      }

      const result = env.step(scale(action));
      const nextObservation = checkedObservation(env, result.observation, step);
      requireFinite("reward", step, Math.fround(result.reward));
      replay.add(observation, action, result.reward, result.terminated, nextObservation);
      state.episodeReturn += result.reward;
      state.episodeLength++;
      observation = nextObservation;
      if (result.terminated || result.truncated) {
        run.log(step, { "train/return": state.episodeReturn, "train/length": state.episodeLength });
        if (step <= config.evalEvery) state.lastReturn = state.episodeReturn;
        state.episodeReturn = 0;
        state.episodeLength = 0;
        observation = checkedObservation(env, env.reset().observation, step);
      }

      const updates = warm ? config.updatesPerStep : 0;
      for (let update = 0; update < updates; update++) averages.add(await agent.update(sample(), random));

      if (step % config.logEvery === 0 || step === config.steps) {
        const floor = agent.entropyFloor ?? undefined;
        const lowest = state.minEntropy !== undefined && {
          "policy/entropyMin": state.minEntropy,
          ...(floor !== undefined && { "policy/entropyFloor": floor }),
        };
        const metrics = { ...averages.take(), ...lowest };
        const cost = machine.take(step);
        if (Object.keys(metrics).length > 0) run.log(step, { ...metrics, ...cost });
      }
      if (step % config.evalEvery === 0 || step === config.steps) {
        // The exported policy itself, so that whoever plays it sees the same returns.
        const policy = await loadPolicy(agent.exportPolicy(), evalEnv);
        const seed = evaluationSeed(config.seed);
        const play = (act: Act) => evaluate(evalEnv, act, config.evalEpisodes, seed);
        const planner = agent.evaluationPolicy?.(seed);
        const exported = await play(policy.act).finally(() => policy.dispose());
        const { returns, lengths } = planner ? await play(planner) : exported;
        state.lastReturn = mean(returns);
        const ofExported = planner && { "eval/policyReturn": mean(exported.returns) };
        run.log(step, { "eval/return": state.lastReturn, "eval/length": mean(lengths), ...ofExported });
      }

      onProgress?.({ step, score: state.lastReturn, entropy });
      const stop = shouldStop?.() === true;
      if (step % config.checkpointEvery === 0 || step === config.steps || stop) save();
      if (stop) break;
    }
  } catch (error) {
    throw located(error, state.step, savedStep);
  }
  return state.step;
}

/** The beginning of a run: an empty buffer and the first episode's first observation. */
function freshLoop(env: Env, { bufferSize, seed }: OffPolicyConfig): LoopParts {
  const [observationSize, actionSize] = [env.observationSpace.low.length, env.actionSpace.size];
  return {
    replay: emptyReplay({ capacity: bufferSize, observationSize, actionSize }),
    observation: checkedObservation(env, env.reset({ seed }).observation, 0),
    loop: {
      step: 0,
      episodeReturn: 0,
      episodeLength: 0,
      lastReturn: undefined,
      minEntropy: undefined,
      random: [],
      averages: {},
      replay: undefined,
    },
  };
}

/**
 * An observation in float32, as it is stored and fed.
 * @throws EnvError where it has not the size of the observation space; NonFiniteError naming the element that is no number
 */
function checkedObservation({ id, observationSpace }: Env, values: Float64Array, step: number): Float32Array {
  if (values.length !== observationSpace.size) {
    throw new EnvError(
      `${id}: the observation has ${values.length} elements; it must have ${observationSpace.size}, as the observation space says`,
    );
  }
  const observation = Float32Array.from(values);
  for (let i = 0; i < observation.length; i++) requireFinite(`observation[${i}]`, step, observation[i] ?? Number.NaN);
  return observation;
}

/** Evaluations begin from states that training does not see. */
export const evaluationSeed = (seed: number): number => seed + 1_000_000;
