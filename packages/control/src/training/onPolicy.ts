/**
 * The loop that on-policy agents share: many copies of the environment go through a rollout, the agent learns from it, and it is forgotten. All that
 * decides the future is in the agent's state, the copies and {@link OnPolicyState}, all in every checkpoint, so that a resumed run goes on bit by bit as
 * the uninterrupted one, from within a rollout too.
 */

import type { TrainingHooks } from "@era/lab";
import { Averages, type Checkpoint, MachineMetrics, mean, type Run } from "@era/lab";
import { Random, type State } from "@era/tensor";
import { Discrete } from "../env/discrete.ts";
import type { Env } from "../env/env.ts";
import type { VectorEnv } from "../env/vector/vectorEnv.ts";
import type { ObservationNormalizer, RewardNormalizer } from "../rollout/normalization.ts";
import { createRollout, type Rollout } from "../rollout/rollout.ts";
import { actionScale } from "./actionScale.ts";
import { evaluateExported } from "./evaluate.ts";
import { located } from "./locatedError.ts";
import { evaluationSeed } from "./offPolicy.ts";
import { type OnPolicyState, restoreOnPolicy, saveOnPolicy } from "./onPolicyCheckpoint.ts";

/** What a rollout taught. */
export interface Lesson {
  /** Entropy in nats of the policy that went through it, at each of its states (or once, where it is the same at all). */
  readonly entropy: Float32Array;
  /** Logged as means. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** An agent that learns from what its present policy does. Continuous actions are on [−1, 1] where they are carried out, and clipped to it. */
export interface OnPolicyAgent {
  /** What no state's entropy can fall below, in nats; null where nothing is promised. */
  readonly entropyFloor: number | null;
  /** Everything that the agent learns, statistics of normalization included. */
  readonly state: State;
  readonly actionSize: number;
  /** What observations and rewards go through before the agent sees them; left out: nothing. */
  readonly observationNormalizer?: ObservationNormalizer;
  readonly rewardNormalizer?: RewardNormalizer;
  /** Samples the policy at the observations `[copies, observationSize]`: `[copies, actionSize]`. */
  act(observations: Float32Array, random: Random): Promise<Float32Array>;
  /** Learns from a full rollout; `progress` is how much of all learning is done, from 0 to below 1. */
  learn(rollout: Rollout, progress: number, random: Random): Promise<Lesson>;
  /** Entropy in nats of the policy at any number of rows of a rollout. */
  entropy(rows: Pick<Rollout, "observations" | "nextObservations" | "actions">): Promise<Float32Array>;
  /** The policy of evaluations as a standalone ONNX model, which takes observations as the environment gives them. */
  exportPolicy(): Uint8Array;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

export interface OnPolicyConfig {
  readonly steps: number;
  readonly seed: number;
  /** Steps of each copy between updates. */
  readonly rolloutSteps: number;
  readonly logEvery: number;
  readonly evalEvery: number;
  readonly evalEpisodes: number;
  readonly checkpointEvery: number;
}

/**
 * Trains until `config.steps` environment steps are done by all copies together, continuing from `checkpoint` where one is given. The last rollout counts as
 * steps and teaches nothing where it is not full.
 *
 * @returns the step reached: fewer than `config.steps` where `shouldStop` ended the run, with a checkpoint
 * @throws NonFiniteError, or FailureError with the step, where a loss or the environment fails: the last checkpoint stays;
 *   CheckpointError where `checkpoint` is not of this agent and environment
 */
export async function trainOnPolicy(
  { agent, env, evalEnv, run }: { agent: OnPolicyAgent; env: VectorEnv; evalEnv: Env; run: Run },
  config: OnPolicyConfig,
  checkpoint: Checkpoint | undefined,
  { onProgress, shouldStop }: TrainingHooks = {},
): Promise<number> {
  const { count } = env;
  const observationSize = env.observationSpace.size;
  const { actionSize } = agent;
  const random = new Random(config.seed);
  const averages = new Averages();
  const rollout = createRollout({ steps: config.rolloutSteps, count, observationSize, actionSize });
  const observations = new Float32Array(count * observationSize);
  const next = new Float32Array(count * observationSize);
  const toEnvironment = environmentActions(env);
  const rollouts = Math.max(1, Math.floor(config.steps / (config.rolloutSteps * count)));

  let state: OnPolicyState;
  if (checkpoint) {
    state = await restoreOnPolicy(checkpoint, agent.state, env, { observations, rollout });
    random.state = state.random;
    averages.state = state.averages;
  } else {
    state = freshState(count);
  }

  /** Writes observations as the agent sees them; `seen` is what the statistics take in of them. */
  const observe = (rows: Float32Array, out: Float32Array, seen = rows): void => {
    const { observationNormalizer } = agent;
    observationNormalizer?.see(seen);
    if (observationNormalizer) observationNormalizer.normalize(rows, out);
    else out.set(rows);
  };
  const noteEntropy = (entropy: Float32Array): void => {
    state.lastEntropy = mean(Array.from(entropy));
    const lowest = entropy.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
    state.minEntropy = Math.min(state.minEntropy ?? lowest, lowest);
    averages.add({ "policy/entropy": state.lastEntropy });
  };
  /** Whether a multiple of `every` was reached with the last step of all copies. */
  const isDue = (every: number): boolean =>
    Math.floor(state.step / every) > Math.floor((state.step - count) / every) || state.step >= config.steps;

  let savedStep = checkpoint?.step;
  const machine = new MachineMetrics(run, state.step);
  try {
    if (!checkpoint) observe((await env.reset({ seed: config.seed })).observations, observations);
    while (state.step < config.steps) {
      // 1. A step of every copy.
      const actions = await agent.act(observations, random);
      const step = await env.step(toEnvironment(actions));
      state.step += count;
      const at = state.filled++ * count;
      rollout.observations.set(observations, at * observationSize);
      rollout.actions.set(actions, at * actionSize);
      rollout.terminated.set(step.terminated, at);
      rollout.truncated.set(step.truncated, at);
      const rewards = rollout.rewards.subarray(at, at + count);
      if (agent.rewardNormalizer) agent.rewardNormalizer.normalize(step.rewards, step.terminated, rewards);
      else rewards.set(step.rewards);
      observe(step.finalObservations, next);
      rollout.nextObservations.set(next, at * observationSize);
      observations.set(next);
      for (let copy = 0; copy < count; copy++) {
        state.returns[copy] = (state.returns[copy] ?? 0) + (step.rewards[copy] ?? 0);
        state.lengths[copy] = (state.lengths[copy] ?? 0) + 1;
        if (!step.terminated[copy] && !step.truncated[copy]) continue;
        const episodeReturn = state.returns[copy] ?? 0;
        run.log(state.step, { "train/return": episodeReturn, "train/length": state.lengths[copy] ?? 0 });
        if (state.step <= config.evalEvery) state.lastReturn = episodeReturn;
        [state.returns[copy], state.lengths[copy]] = [0, 0];
        const [start, end] = [copy * observationSize, (copy + 1) * observationSize];
        observe(step.observations.subarray(start, end), observations.subarray(start, end));
      }

      // 2. A full rollout teaches.
      if (state.filled === config.rolloutSteps) {
        const done = Math.ceil(state.step / (config.rolloutSteps * count)) - 1;
        const { entropy, measurements } = await agent.learn(rollout, Math.min(done / rollouts, 1), random);
        noteEntropy(entropy);
        averages.add(measurements);
        state.filled = 0;
      } else if (state.step >= config.steps) {
        const rows = state.filled * count;
        noteEntropy(
          await agent.entropy({
            observations: rollout.observations.subarray(0, rows * observationSize),
            nextObservations: rollout.nextObservations.subarray(0, rows * observationSize),
            actions: rollout.actions.subarray(0, rows * actionSize),
          }),
        );
      }

      // 3. Metrics, once there is something new; evaluation; checkpoint.
      const isLesson = state.filled === 0 && state.step - state.logged >= config.logEvery;
      if (isLesson || state.step >= config.steps) {
        const floor = agent.entropyFloor ?? undefined;
        const lowest = state.minEntropy !== undefined && {
          "policy/entropyMin": state.minEntropy,
          ...(floor !== undefined && { "policy/entropyFloor": floor }),
        };
        state.logged = state.step;
        run.log(state.step, { ...averages.take(), ...lowest, ...machine.take(state.step) });
      }
      if (isDue(config.evalEvery)) {
        const seed = evaluationSeed(config.seed);
        const { returns, lengths } = await evaluateExported(agent.exportPolicy(), evalEnv, config.evalEpisodes, seed);
        state.lastReturn = mean(returns);
        run.log(state.step, { "eval/return": state.lastReturn, "eval/length": mean(lengths) });
      }
      onProgress?.({ step: state.step, score: state.lastReturn, entropy: state.lastEntropy });
      const stop = shouldStop?.() === true;
      if (isDue(config.checkpointEvery) || stop) {
        state.random = random.state;
        state.averages = averages.state;
        await saveOnPolicy(run, agent.state, env, { loop: state, observations, rollout });
        savedStep = state.step;
      }
      if (stop) break;
    }
  } catch (error) {
    throw located(error, state.step, savedStep);
  }
  return state.step;
}

const freshState = (count: number): OnPolicyState => ({
  step: 0,
  filled: 0,
  returns: new Array<number>(count).fill(0),
  lengths: new Array<number>(count).fill(0),
  lastReturn: undefined,
  lastEntropy: undefined,
  minEntropy: undefined,
  logged: 0,
  random: [],
  averages: {},
});

/** Maps a policy's actions `[copies, actionSize]` to the environment's: continuous ones clipped to [−1, 1] and scaled to its bounds. */
function environmentActions({ actionSpace }: VectorEnv): (actions: Float32Array) => Float32Array {
  const scale = actionScale(actionSpace);
  if (actionSpace instanceof Discrete) return scale;
  return (actions) => scale(actions.map((a) => Math.min(Math.max(a, -1), 1)));
}
