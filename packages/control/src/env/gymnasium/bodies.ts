import { EnvError } from "../env.ts";
import type { Simulation } from "../simulation.ts";

/** The number of the model's body with one of these names (the built-in model's, the original's). Throws EnvError where there is none. */
export function bodyNumber({ mujoco, model }: Simulation, id: string, ...names: readonly string[]): number {
  for (const name of names) {
    const number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY.value, name);
    if (number >= 0) return number;
  }
  throw new EnvError(`${id}: the model has no body "${names[0]}"`);
}

/** The vector (m) from the second body's frame to the first's, as last computed: three numbers, in an array that is used again. */
export function offsetBetween(simulation: Simulation, first: number, second: number): () => Float64Array {
  const offset = new Float64Array(3);
  return () => {
    const { xpos } = simulation.fields;
    for (let axis = 0; axis < 3; axis++) {
      offset[axis] = (xpos[3 * first + axis] ?? 0) - (xpos[3 * second + axis] ?? 0);
    }
    return offset;
  };
}
