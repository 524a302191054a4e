/**
 * The loop of off-policy agents that learn from many copies of an environment: act in all, store, update, evaluate, log, checkpoint. All that
 * decides the future is in the agent's state and in `ParallelState`, both in every checkpoint, so that a resumed run goes on bit by bit as the
 * uninterrupted one. Steps are environment steps: one of each copy makes `count` of them.
 */

import type { TrainingHooks } from "@era/lab";
import { Averages, type Checkpoint, MachineMetrics, mean, type Run, requireFinite } from "@era/lab";
import { Random, type State } from "@era/tensor";
import type { Env } from "../env/env.ts";
import type { VectorEnv, VectorStep } from "../env/vector/vectorEnv.ts";
import { type NStepBatch, type NStepOptions, nStepSampler } from "../replay/nStepSampler.ts";
import { actionScale } from "./actionScale.ts";
import { emptyReplay } from "./emptyReplay.ts";
import { evaluate, loadPolicy } from "./evaluate.ts";
import { located } from "./locatedError.ts";
import { evaluationSeed } from "./offPolicy.ts";
import { type ParallelParts, restoreParallel, saveParallel } from "./parallelCheckpoint.ts";

/** An agent that acts in many copies of an environment at once. Actions are on [−1, 1] in every dimension. */
export interface ParallelAgent {
  /** What no state's entropy can fall below, in nats; null where nothing is promised. Logged beside the entropies. */
  readonly entropyFloor?: number | null;
  /** Everything that the agent learns. */
  readonly state: State;
  /**
   * Samples the policy at observations `[count, observationSize]`: actions `[count, actionSize]`, and the policy's entropies there `[count]` in nats, where it has any.
   * @param ended `[count]`, 1 where the copy's last episode ended in the step before, so that another has begun
   */
  act(
    observations: Float32Array,
    ended: Uint8Array,
    random: Random,
  ): Promise<{ readonly actions: Float32Array; readonly entropies?: Float32Array }>;
  /**
   * One update on a batch; the measurements are logged as means.
   * @param number of the update since the beginning of the run, from 0
   * @param progress share of the run that is done, from 0 to 1
   */
  update(
    batch: NStepBatch,
    time: { readonly number: number; readonly progress: number },
    random: Random,
  ): Promise<Record<string, number>>;
  /** The policy of evaluations as a standalone ONNX model, for {@link loadPolicy}. */
  exportPolicy(): Uint8Array;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

export interface ParallelConfig extends NStepOptions {
  readonly steps: number;
  readonly seed: number;
  /** Steps of all copies before the first update. */
  readonly learningStarts: number;
  /** Updates after each step of all copies. */
  readonly updatesPerStep: number;
  /** Transitions of each copy. */
  readonly bufferSize: number;
  readonly logEvery: number;
  readonly evalEvery: number;
  readonly evalEpisodes: number;
  readonly checkpointEvery: number;
}

/**
 * Trains until `config.steps` environment steps are done, continuing from `checkpoint` where one is given. What is to happen every so many steps
 * happens after the step of all copies that reaches them; of the last one, only as many count as were still to do.
 * @returns the step reached: fewer than `config.steps` where `shouldStop` ended the run, with a checkpoint
 * @throws NonFiniteError, or FailureError with the step, where a loss or an environment fails: the last checkpoint stays;
 *   CheckpointError where `checkpoint` is not of this agent and environment
 */
export async function trainParallel(
  { agent, envs, evalEnv, run }: { agent: ParallelAgent; envs: VectorEnv; evalEnv: Env; run: Run },
  config: ParallelConfig,
  checkpoint: Checkpoint | undefined,
  { onProgress, shouldStop }: TrainingHooks = {},
): Promise<number> {
  const { count } = envs;
  const actionSize = envs.actionSpace.size;
  const scale = actionScale(envs.actionSpace);
  const random = new Random(config.seed);
  const averages = new Averages();
  const parts = checkpoint ? await restoreParallel(run, checkpoint, agent.state, envs) : await freshParts(envs, config);
  const { loop: state, observations, replays } = parts;
  if (checkpoint) {
    random.state = state.random;
    averages.state = state.averages;
  }
  const sample = nStepSampler(replays, config);
  const ended = Uint8Array.from(state.ended);
  const allSteps = Math.ceil(config.steps / count);

  let savedStep = checkpoint?.step;
  const machine = new MachineMetrics(run, state.step);
  try {
    while (state.step < config.steps) {
      const before = state.step;
      state.step = Math.min(state.step + count, config.steps);
      state.vectorSteps++;
      const { step } = state;
      const isDue = (every: number): boolean =>
        step === config.steps || Math.floor(step / every) > Math.floor(before / every);

      const { actions, entropies } = await agent.act(observations, ended, random);
      const entropy = entropies && mean(Array.from(entropies));
      if (entropies && entropy !== undefined) {
        state.minEntropy = Math.min(state.minEntropy ?? Infinity, ...entropies);
        averages.add({ "policy/entropy": entropy });
      }

      const scaled = new Float32Array(count * actionSize);
      for (let copy = 0; copy < count; copy++) scaled.set(scale(row(actions, copy, actionSize)), copy * actionSize);
      const result = await envs.step(scaled);
      const finished = storeStep(parts, actions, result, ended);
      observations.set(result.observations);
      if (finished.length > 0) {
        const meanReturn = mean(finished.map(({ episodeReturn }) => episodeReturn));
        run.log(step, { "train/return": meanReturn, "train/length": mean(finished.map(({ length }) => length)) });
        if (step <= config.evalEvery) state.lastReturn = meanReturn;
      }

      if (state.vectorSteps > config.learningStarts) {
        const progress = (state.vectorSteps - 1) / allSteps;
        for (let update = 0; update < config.updatesPerStep; update++) {
          averages.add(await agent.update(sample(random), { number: state.updates, progress }, random));
          state.updates++;
        }
      }

      if (isDue(config.logEvery)) {
        const floor = agent.entropyFloor ?? undefined;
        const lowest = state.minEntropy !== undefined && {
          "policy/entropyMin": state.minEntropy,
          ...(floor !== undefined && { "policy/entropyFloor": floor }),
        };
        const metrics = { ...averages.take(), ...lowest };
        const cost = machine.take(step);
        if (Object.keys(metrics).length > 0) run.log(step, { ...metrics, ...cost });
      }
      if (isDue(config.evalEvery)) {
        // The exported policy itself, so that whoever plays it sees the same returns.
        const policy = await loadPolicy(agent.exportPolicy(), evalEnv);
        const evaluation = evaluate(evalEnv, policy.act, config.evalEpisodes, evaluationSeed(config.seed));
        const { returns, lengths } = await evaluation.finally(() => policy.dispose());
        state.lastReturn = mean(returns);
        run.log(step, { "eval/return": state.lastReturn, "eval/length": mean(lengths) });
      }

      onProgress?.({ step, score: state.lastReturn, entropy });
      const stop = shouldStop?.() === true;
      if (isDue(config.checkpointEvery) || stop) {
        state.random = random.state;
        state.averages = averages.state;
        state.ended = Array.from(ended);
        await saveParallel(run, agent.state, envs, parts);
        savedStep = step;
      }
      if (stop) break;
    }
  } catch (error) {
    throw located(error, state.step, savedStep);
  }
  return state.step;
}

/** A copy's row of an array `[count, size]`. */
const row = (array: Float32Array, copy: number, size: number): Float32Array =>
  array.subarray(copy * size, (copy + 1) * size);

/**
 * Stores each copy's transition, counts it, and sets in `ended` whether it was its episode's last.
 * @returns the episodes that ended
 * @throws NonFiniteError naming a copy whose reward is none in float32
 */
function storeStep(
  { loop, observations, replays }: ParallelParts,
  actions: Float32Array,
  { rewards, terminated, truncated, finalObservations }: VectorStep,
  ended: Uint8Array,
): { readonly episodeReturn: number; readonly length: number }[] {
  const finished: { episodeReturn: number; length: number }[] = [];
  replays.forEach((replay, copy) => {
    const { observationSize, actionSize } = replay;
    const reward = requireFinite(`reward of copy ${copy}`, loop.step, Math.fround(rewards[copy] ?? NaN));
    const isTerminal = terminated[copy] === 1;
    const next = row(finalObservations, copy, observationSize);
    replay.add(row(observations, copy, observationSize), row(actions, copy, actionSize), reward, isTerminal, next);
    const episodeReturn = (loop.episodeReturns[copy] ?? 0) + (rewards[copy] ?? NaN);
    const length = (loop.episodeLengths[copy] ?? 0) + 1;
    const isOver = isTerminal || truncated[copy] === 1;
    if (isOver) finished.push({ episodeReturn, length });
    ended[copy] = isOver ? 1 : 0;
    loop.episodeReturns[copy] = isOver ? 0 : episodeReturn;
    loop.episodeLengths[copy] = isOver ? 0 : length;
  });
  return finished;
}

/** The beginning of a run: empty buffers and each copy's first observation. */
async function freshParts(envs: VectorEnv, { bufferSize, seed }: ParallelConfig): Promise<ParallelParts> {
  const { count } = envs;
  const layout = {
    capacity: bufferSize,
    observationSize: envs.observationSpace.size,
    actionSize: envs.actionSpace.size,
  };
  const { observations } = await envs.reset({ seed });
  const zeros = () => new Array<number>(count).fill(0);
  return {
    replays: [emptyReplay(layout), ...Array.from({ length: count - 1 }, () => emptyReplay(layout))],
    observations: observations.slice(),
    loop: {
      step: 0,
      vectorSteps: 0,
      updates: 0,
      episodeReturns: zeros(),
      episodeLengths: zeros(),
      ended: zeros(),
      lastReturn: undefined,
      minEntropy: undefined,
      random: [],
      averages: {},
      replay: undefined,
    },
  };
}
