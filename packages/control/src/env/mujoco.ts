import load, { type MainModule } from "@mujoco/mujoco";

/** The loaded MuJoCo module (DeepMind's WebAssembly build, single-threaded). */
export type Mujoco = MainModule;

let loading: Promise<Mujoco> | undefined;

/**
 * Loads MuJoCo once per thread (about 0.1 s); later calls return the same module. The single-threaded build, because one robot's step is
 * far too short to share between threads: parallel environments run in workers, one module each.
 */
export function loadMujoco(): Promise<Mujoco> {
  loading ??= load().then((mujoco: Mujoco) => {
    // MuJoCo prints a warning whenever a simulation goes wrong. Simulation raises it as an error instead.
    const log = mujoco.mju_getLogConfig();
    log.logto_console = false;
    log.logto_file = false;
    mujoco.mju_setLogConfig(log);
    log.delete();
    return mujoco;
  });
  return loading;
}
