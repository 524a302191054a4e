export type { ActorCriticGraph } from "./agents/actorCritic.ts";
export { createFastSac, type FastSacConfig, fastSacConfigSchema, fastSacGraph, fastSacHead } from "./agents/fastSac.ts";
export { createFastTd3, type FastTd3Config, fastTd3ConfigSchema, fastTd3Graph } from "./agents/fastTd3.ts";
export { clampedHead, eraHead, type Head, maximumEntropyHead } from "./agents/heads.ts";
export { actor, columns, critics, initialActor, initialCritics, type NetworkSizes } from "./agents/networks.ts";
export { createObac, type ObacConfig, obacConfigSchema, obacGraph, obacHead } from "./agents/obac.ts";
export { createPpo, type PpoConfig, type PpoGraph, ppoConfigSchema, ppoGraph } from "./agents/ppo.ts";
export {
  eraContinuous,
  eraDiscrete,
  gaussianHead,
  type PpoHead,
  type PpoPolicy,
  softmaxHead,
} from "./agents/ppoHeads.ts";
export { createSac, type SacConfig, sacConfigSchema, sacGraph, sacHead } from "./agents/sac.ts";
export { type Tdmpc2Config, tdmpc2ConfigSchema } from "./agents/tdmpc2/config.ts";
export { createTdmpc2, type Tdmpc2Graph, tdmpc2Graph } from "./agents/tdmpc2.ts";
export { ActionRepeat } from "./env/actionRepeat.ts";
export { Box, type BoxArray, type BoxDtype } from "./env/box.ts";
export { type ActionSpace, Discrete } from "./env/discrete.ts";
export { type Env, EnvError, type Info, type ResetResult, type StepResult } from "./env/env.ts";
export type { EnvDefinition, EnvSpec } from "./env/envDefinition.ts";
export { loadMujoco, type Mujoco } from "./env/mujoco.ts";
export { MujocoEnv, type Task } from "./env/mujocoEnv.ts";
export { PoseReader, type Poses, simulationOf } from "./env/poses.ts";
export {
  type CommonEnvOptions,
  type EnvId,
  type EnvOptions,
  environments,
  makeEnv,
  registerEnvironment,
} from "./env/registry.ts";
export type { Body, HeightField, Material, Mesh, Scene, Shape, ShapeType, Texture } from "./env/scene.ts";
export { readScene } from "./env/scene.ts";
export { type Fields, Simulation } from "./env/simulation.ts";
export { addSuite, checkSuite, describeCheck } from "./env/suites/addSuite.ts";
export { downloadSuite } from "./env/suites/downloadSuite.ts";
export { addCommand, type ModelSuite } from "./env/suites/modelSuite.ts";
export { modelSuites } from "./env/suites/modelSuites.ts";
export { registeredFolder } from "./env/suites/registeredFolders.ts";
export { TimeLimit } from "./env/timeLimit.ts";
export { checkEnvironment } from "./env/user/checkEnvironment.ts";
export {
  defineEnvironment,
  type EnvironmentDescription,
} from "./env/user/defineEnvironment.ts";
export type { Dynamics, DynamicsStep } from "./env/user/dynamics.ts";
export { knownEnvironment } from "./env/user/knownEnvironment.ts";
export { isEnvironmentFile, loadEnvironment } from "./env/user/loadEnvironment.ts";
export { useWorkerProgram } from "./env/vector/copiesWorker.ts";
export type { Autoreset } from "./env/vector/envCopies.ts";
export { makeVectorEnv, type VectorOptions } from "./env/vector/makeVectorEnv.ts";
export type { VectorEnv, VectorStep } from "./env/vector/vectorEnv.ts";
export { type NStepBatch, type NStepOptions, nStepSampler } from "./replay/nStepSampler.ts";
export { createReplayBatch, type ReplayBatch } from "./replay/replayBatch.ts";
export { ReplayBuffer } from "./replay/replayBuffer.ts";
export { generalizedAdvantages } from "./rollout/generalizedAdvantages.ts";
export { ObservationNormalizer, RewardNormalizer } from "./rollout/normalization.ts";
export { createRollout, type Rollout } from "./rollout/rollout.ts";
export { initialMoments, RunningMoments } from "./rollout/runningMoments.ts";
export { actionScale } from "./training/actionScale.ts";
export { type Algorithm, controlDomain, type TrainingConfig } from "./training/algorithm.ts";
export { algorithms } from "./training/algorithms.ts";
export { continuousSpec, environmentSpec } from "./training/environmentSpec.ts";
export { type Evaluation, evaluate, type LoadedPolicy, loadPolicy } from "./training/evaluate.ts";
export { fastSacAlgorithm } from "./training/fastSacAlgorithm.ts";
export { fastTd3Algorithm } from "./training/fastTd3Algorithm.ts";
export { obacAlgorithm } from "./training/obacAlgorithm.ts";
export {
  evaluationSeed,
  type OffPolicyAgent,
  type OffPolicyConfig,
  trainOffPolicy,
} from "./training/offPolicy.ts";
export { offPolicyLearner } from "./training/offPolicyLearner.ts";
export { type OnPolicyAgent, type OnPolicyConfig, trainOnPolicy } from "./training/onPolicy.ts";
export { parallelLearner } from "./training/parallelLearner.ts";
export { type ParallelAgent, type ParallelConfig, trainParallel } from "./training/parallelOffPolicy.ts";
export { type Act, type PlayedStep, playEpisode } from "./training/playEpisode.ts";
export { ppoAlgorithm } from "./training/ppoAlgorithm.ts";
export { type RecordedEpisode, type RecordedStep, recordEpisode } from "./training/recordEpisode.ts";
export { sacAlgorithm } from "./training/sacAlgorithm.ts";
export { tdmpc2Algorithm } from "./training/tdmpc2Algorithm.ts";
export { trainRun } from "./training/trainRun.ts";
