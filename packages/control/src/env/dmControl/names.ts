import { EnvError } from "../env.ts";
import type { Simulation } from "../simulation.ts";

const kinds = {
  body: "mjOBJ_BODY",
  geom: "mjOBJ_GEOM",
  joint: "mjOBJ_JOINT",
  sensor: "mjOBJ_SENSOR",
  site: "mjOBJ_SITE",
} as const;

/**
 * The number of a model's element, by which MuJoCo's arrays are ordered.
 *
 * @throws EnvError where the model has none of that name
 */
export function numberOf({ mujoco, model }: Simulation, kind: keyof typeof kinds, name: string): number {
  const number = mujoco.mj_name2id(model, mujoco.mjtObj[kinds[kind]].value, name);
  if (number < 0) throw new EnvError(`the model has no ${kind} "${name}"`);
  return number;
}

/** Where the readings of a sensor begin in `sensordata`. */
export function sensorStart(simulation: Simulation, name: string): number {
  return (simulation.model.sensor_adr as Int32Array)[numberOf(simulation, "sensor", name)] ?? 0;
}

/** Where the readings of some sensors lie in `sensordata`, one sensor's after another's. */
export function sensorIndices(simulation: Simulation, names: readonly string[]): number[] {
  return names.flatMap((name) => indicesOf(simulation, numberOf(simulation, "sensor", name)));
}

/** The same for all sensors of some types (`mjtSensor`), in the model's order. */
export function sensorIndicesOfTypes(simulation: Simulation, types: readonly number[]): number[] {
  const all = [...(simulation.model.sensor_type as Int32Array)];
  return all.flatMap((type, sensor) => (types.includes(type) ? indicesOf(simulation, sensor) : []));
}

function indicesOf({ model }: Simulation, sensor: number): number[] {
  const start = (model.sensor_adr as Int32Array)[sensor] ?? 0;
  return Array.from({ length: (model.sensor_dim as Int32Array)[sensor] ?? 0 }, (_, i) => start + i);
}

/** Where the positions of some joints of one coordinate lie in `qpos`. */
export function positionIndices(simulation: Simulation, joints: readonly string[]): number[] {
  const starts = simulation.model.jnt_qposadr as Int32Array;
  return joints.map((name) => starts[numberOf(simulation, "joint", name)] ?? 0);
}

/** The joints of one type (`mjtJoint`): where their first coordinate lies in `qpos` and in `qvel`. */
export function jointsOfType({ model }: Simulation, type: number): { positions: number[]; velocities: number[] } {
  const joints = [...(model.jnt_type as Int32Array)].flatMap((each, joint) => (each === type ? [joint] : []));
  return {
    positions: joints.map((joint) => (model.jnt_qposadr as Int32Array)[joint] ?? 0),
    velocities: joints.map((joint) => (model.jnt_dofadr as Int32Array)[joint] ?? 0),
  };
}
