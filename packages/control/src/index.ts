export { Box, type BoxArray, type BoxDtype } from "./env/box.ts";
export { type Env, EnvError, type Info, type ResetResult, type StepResult } from "./env/env.ts";
export { loadMujoco, type Mujoco } from "./env/mujoco.ts";
export { MujocoEnv, type Task } from "./env/mujoco-env.ts";
export { Random } from "./env/random.ts";
export { type EnvId, type EnvOptions, type EnvSpec, environments, makeEnv } from "./env/registry.ts";
export { type Fields, Simulation } from "./env/simulation.ts";
export { TimeLimit } from "./env/time-limit.ts";
