import type { MjData } from "@mujoco/mujoco";
import { type Env, EnvError } from "./env.ts";
import { Simulation } from "./simulation.ts";

/**
 * The MuJoCo simulation inside an environment: the property `simulation` of what is inside all of its wrappers.
 * @throws EnvError where there is none
 */
export function simulationOf(env: Env): Simulation {
  const inner: object = env.unwrapped;
  if ("simulation" in inner && inner.simulation instanceof Simulation) return inner.simulation;
  throw new EnvError(`${env.id}: no MuJoCo simulation in it, so there is nothing to draw`);
}

/** Where everything is at one moment; arrays are the caller's to keep. */
export interface Poses {
  /** Seconds of simulated time. */
  readonly time: number;
  /** `[nq]` */
  readonly qpos: Float64Array;
  /** `[nv]` */
  readonly qvel: Float64Array;
  /** `[bodies, 3]`, metres in the world's frame. */
  readonly xpos: Float64Array;
  /** `[bodies, 4]`: w, x, y, z. */
  readonly xquat: Float64Array;
}

/**
 * Reads poses that belong to the present qpos. After a step MuJoCo's own xpos is still that of the last substep's beginning, and tasks observe it
 * there, so it must not be computed anew in place: the reader has data of its own.
 */
export class PoseReader {
  readonly #simulation: Simulation;
  readonly #data: MjData;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#data = new simulation.mujoco.MjData(simulation.model);
  }

  read(): Poses {
    const { mujoco, model, data, fields } = this.#simulation;
    const own = this.#data;
    const [qpos, qvel] = [fields.qpos.slice(), fields.qvel.slice()];
    (own.qpos as Float64Array).set(qpos);
    (own.mocap_pos as Float64Array).set(data.mocap_pos as Float64Array);
    (own.mocap_quat as Float64Array).set(data.mocap_quat as Float64Array);
    mujoco.mj_kinematics(model, own);
    const [xpos, xquat] = [(own.xpos as Float64Array).slice(), (own.xquat as Float64Array).slice()];
    return { time: data.time, qpos, qvel, xpos, xquat };
  }

  /** Frees its memory. */
  close(): void {
    this.#data.delete();
  }
}
