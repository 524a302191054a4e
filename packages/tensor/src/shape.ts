/**
 * Shapes. A dimension is a number, or a name ("batch") for one that is known only when an exported graph runs; two named
 * dimensions are equal when their names are. Only forward expressions for export may have named dimensions.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** An operation was given shapes (or axes) that do not fit: the message names the operation and the shapes. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** Throws ShapeError, naming the operation, where a dimension is neither a name nor a whole number from 1. */
export function requireShape(op: string, shape: Shape): void {
  const isDim = (dim: Dim) => (typeof dim === "number" ? Number.isSafeInteger(dim) && dim > 0 : dim !== "");
  if (!shape.every(isDim)) {
    throw new ShapeError(`${op}: ${formatShape(shape)} is no shape: every dimension must be at least 1`);
  }
}

/** The shape with every dimension a number. Throws ShapeError, naming the operation, where one is only a name. */
export function staticShape(op: string, shape: Shape): readonly number[] {
  return shape.map((dim) => {
    if (typeof dim === "number") return dim;
    throw new ShapeError(`${op}: needs a fixed shape, but ${formatShape(shape)} has the named dimension "${dim}"`);
  });
}

/** Number of elements of a fixed shape. */
export const sizeOf = (shape: Shape): number => staticShape("size", shape).reduce((product, dim) => product * dim, 1);

/** NumPy's broadcasting of two shapes. Throws ShapeError, naming the operation and both shapes. */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a[a.length - rank + i] ?? 1;
    const q = b[b.length - rank + i] ?? 1;
    if (p === q || q === 1) return p;
    if (p === 1) return q;
    throw new ShapeError(`${op}: cannot broadcast ${formatShape(a)} with ${formatShape(b)}`);
  });
}

/** An axis counted from the end when negative, as its index. Throws ShapeError where there is no such axis. */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const index = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || index < 0 || index >= shape.length) {
    throw new ShapeError(`${op}: axis ${axis} is not one of the ${shape.length} axes of ${formatShape(shape)}`);
  }
  return index;
}

/** Axes as sorted indices without repetition; all of them where none is given. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  const list = typeof axes === "number" ? [axes] : axes;
  return [...new Set(list.map((axis) => normalizeAxis(op, axis, shape)))].sort((p, q) => p - q);
}

/** The dimension at an index known to be in range. */
export function dimAt(shape: Shape, index: number): Dim {
  const dim = shape[index];
  if (dim === undefined) throw new ShapeError(`axis ${index} is not in ${formatShape(shape)}`);
  return dim;
}

/**
 * The shape of `length` values fed to the input `name`: a named dimension has its size in `sizes`, where what is new is added, and one that
 * is not there takes what is left. Throws ShapeError where they do not fit.
 */
export function fillShape(
  name: string,
  shape: Shape,
  length: number,
  sizes: Map<string, number> = new Map(),
): number[] {
  const known = shape.map((dim) => (typeof dim === "number" ? dim : sizes.get(dim)));
  const fixed = known.reduce<number>((product, dim) => product * (dim ?? 1), 1);
  const actual = known.map((dim) => dim ?? length / fixed);
  if (
    length === 0 ||
    actual.some((dim) => !Number.isInteger(dim)) ||
    actual.reduce((product, dim) => product * dim, 1) !== length
  ) {
    const told = shape.flatMap((dim) =>
      typeof dim === "string" && sizes.has(dim) ? [`${dim} ${sizes.get(dim)}`] : [],
    );
    const where = told.length === 0 ? "" : ` (${told.join(", ")} by another input)`;
    throw new ShapeError(`run: the input "${name}" needs ${formatShape(shape)} values${where}, not ${length}`);
  }
  shape.forEach((dim, i) => {
    if (typeof dim === "string") sizes.set(dim, actual[i] ?? 0);
  });
  return actual;
}
