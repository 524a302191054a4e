/** The distance between the `i`th point of one array of points `[·, 3]` and the `j`th of another, in the first `dimensions` coordinates. */
export function distance(
  first: Float64Array,
  i: number,
  second: Float64Array,
  j: number,
  dimensions: readonly number[] = [0, 1, 2],
): number {
  let sum = 0;
  for (const axis of dimensions) sum += ((first[3 * i + axis] ?? 0) - (second[3 * j + axis] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

/**
 * Writes the first `size` coordinates of the vector (x, y, z) in the frame of the `i`th of an array of rotation matrices `[·, 3, 3]`.
 */
export function writeInFrame(
  out: Float64Array,
  start: number,
  matrices: Float64Array,
  i: number,
  x: number,
  y: number,
  z: number,
  size = 3,
): void {
  for (let axis = 0; axis < size; axis++) {
    const at = 9 * i + axis;
    out[start + axis] = x * (matrices[at] ?? 0) + y * (matrices[at + 3] ?? 0) + z * (matrices[at + 6] ?? 0);
  }
}

/** Scales four numbers from `start` on to a unit quaternion. */
export function normalizeQuaternion(values: Float64Array, start: number): void {
  let sum = 0;
  for (let i = start; i < start + 4; i++) sum += (values[i] ?? 0) ** 2;
  const norm = Math.sqrt(sum);
  for (let i = start; i < start + 4; i++) values[i] = (values[i] ?? 0) / norm;
}
