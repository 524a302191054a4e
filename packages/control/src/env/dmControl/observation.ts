import type { FieldName, Simulation } from "../simulation.ts";

/** One entry of dm_control's observation dictionary: `size` numbers that {@link Part.write} puts from `start` on. */
export interface Part {
  readonly size: number;
  write(out: Float64Array, start: number): void;
}

/** An observation of parts one after another, as Gymnasium flattens a dictionary in its order. */
export function observation(parts: readonly Part[]): {
  readonly observationSize: number;
  observe(out: Float64Array): void;
} {
  return {
    observationSize: parts.reduce((size, part) => size + part.size, 0),
    observe(out) {
      let start = 0;
      for (const part of parts) {
        part.write(out, start);
        start += part.size;
      }
    },
  };
}

/** Elements of a field, each through `transform`. */
export function elements(
  simulation: Simulation,
  field: FieldName,
  indices: readonly number[],
  transform: (value: number) => number = (value) => value,
): Part {
  return {
    size: indices.length,
    write(out, start) {
      const values = simulation.fields[field];
      for (let i = 0; i < indices.length; i++) out[start + i] = transform(values[indices[i] ?? 0] ?? 0);
    },
  };
}

/** A field from element `from` on. */
export function from(simulation: Simulation, field: FieldName, from = 0): Part {
  const indices = Array.from({ length: simulation.fields[field].length - from }, (_, i) => from + i);
  return elements(simulation, field, indices);
}

/** Where the entries of a 3 × 3 matrix lie, row by row: `zx` is the component along the world's z of the body's x axis. */
export const matrixEntry = { xx: 0, xy: 1, xz: 2, yx: 3, yy: 4, yz: 5, zx: 6, zy: 7, zz: 8 } as const;

/** Entries of the rotation matrices of bodies, one body's after another's. */
export function orientations(
  simulation: Simulation,
  bodies: readonly number[],
  entries: readonly (keyof typeof matrixEntry)[],
): Part {
  const indices = bodies.flatMap((body) => entries.map((entry) => 9 * body + matrixEntry[entry]));
  return elements(simulation, "xmat", indices);
}
