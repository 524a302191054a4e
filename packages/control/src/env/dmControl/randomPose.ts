import type { Random } from "@era/tensor";
import { EnvError } from "../env.ts";
import type { Simulation } from "../simulation.ts";
import { normalizeQuaternion } from "./geometry.ts";

/**
 * Draws a pose: limited hinges and sliders uniformly within their ranges, other hinges within ±π, other ball joints uniformly on the sphere
 * of quaternions, limited ones by at most their limit about a uniform axis. Free joints stay where they are and are turned by four
 * uniform numbers made a unit quaternion, which is not uniform: the suite keeps it so for comparable results. Other sliders stay.
 * (dm_control/suite/utils/randomizers.py)
 */
export function posesOf(simulation: Simulation): (random: Random) => void {
  const { mujoco, model } = simulation;
  const { mjJNT_FREE, mjJNT_BALL, mjJNT_HINGE } = mujoco.mjtJoint;
  const types = model.jnt_type as Int32Array;
  const joints = Array.from(types, (type, joint) => ({
    type,
    start: (model.jnt_qposadr as Int32Array)[joint] ?? 0,
    limits: limitsOf(simulation, joint),
  }));
  return (random) => {
    const { qpos } = simulation.fields;
    for (const { type, start, limits } of joints) {
      if (type === mjJNT_FREE.value) {
        for (let i = start + 3; i < start + 7; i++) qpos[i] = random.uniform();
        normalizeQuaternion(qpos, start + 3);
      } else if (type === mjJNT_BALL.value) {
        for (let i = start; i < start + 4; i++) qpos[i] = random.normal();
        if (limits) {
          qpos[start] = 0;
          normalizeQuaternion(qpos, start);
          const half = random.uniform(0, limits[1]) / 2;
          for (let i = start + 1; i < start + 4; i++) qpos[i] = (qpos[i] ?? 0) * Math.sin(half);
          qpos[start] = Math.cos(half);
        } else normalizeQuaternion(qpos, start);
      } else if (limits) qpos[start] = random.uniform(...limits);
      else if (type === mjJNT_HINGE.value) qpos[start] = random.uniform(-Math.PI, Math.PI);
    }
  };
}

/**
 * The range of a joint's position; undefined where it has none. (`jnt_limited`, which @mujoco/mujoco can't read, says the same in all models
 * of the suite whose poses are drawn.)
 */
export function limitsOf({ model }: Simulation, joint: number): readonly [low: number, high: number] | undefined {
  const ranges = model.jnt_range as Float64Array;
  const [low = 0, high = 0] = ranges.subarray(2 * joint, 2 * joint + 2);
  return low === 0 && high === 0 ? undefined : [low, high];
}

/**
 * Draws until nothing touches anything.
 *
 * @throws EnvError after 1000 attempts
 */
export function drawWithoutContact(simulation: Simulation, draw: () => void): void {
  for (let attempt = 0; attempt < 1000; attempt++) {
    draw();
    simulation.forward();
    if (simulation.data.ncon === 0) return;
  }
  throw new EnvError("no pose without contacts in 1000 attempts");
}
