/** Operations that move elements without computing: reshape, transpose, expand, concat, split, slice, flip, pad, stack. */
import {
  broadcast,
  type Dim,
  dimAt,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
  staticShape,
} from "../shape.ts";
import { type Attributes, apply, constant, Node, type Operation, type Tensor } from "../tensor.ts";
import { cast } from "./elementwise.ts";
import { matmul } from "./linear.ts";
import { sumTo } from "./reduce.ts";

interface ReshapeAttributes extends Attributes {
  readonly shape: Shape;
}
const reshapeOperation: Operation<ReshapeAttributes> = {
  name: "reshape",
  lower: (emit, [x = ""], node) => [emit.reshaped(x, node.input(0).shape, node.attributes.shape)],
  vjp: ([g], node) => [g && reshape(g, node.input(0).shape)],
};

/** The same elements in row-major order under another shape; one dimension may be −1 and is inferred. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const actual = inferred(x, shape);
  if (sameShape(x.shape, actual)) return x;
  return apply(reshapeOperation, [x], { shape: actual }, { shape: actual, dtype: x.dtype });
}

function inferred(x: Tensor, shape: Shape): Shape {
  const fail = () => new ShapeError(`reshape: ${formatShape(x.shape)} does not fit ${formatShape(shape)}`);
  const names = (dims: Shape) => dims.filter((dim) => typeof dim === "string");
  const numbers = (dims: Shape) => sizeOf(dims.filter((dim): dim is number => typeof dim === "number" && dim !== -1));
  if (names(shape).length > 1 || names(x.shape).join() !== names(shape).join()) throw fail();
  const [have, want] = [numbers(x.shape), numbers(shape)];
  const holes = shape.filter((dim) => dim === -1).length;
  if (holes > 1 || (holes === 0 && have !== want) || (holes === 1 && (want === 0 || have % want !== 0))) throw fail();
  return shape.map((dim): Dim => (dim === -1 ? have / want : dim));
}

/** Inserts an axis of size 1 at the index (negative: from the end of the result). */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("unsqueeze", axis, [...x.shape, 1]);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Removes an axis of size 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("squeeze", axis, x.shape);
  if (x.shape[at] !== 1) throw new ShapeError(`squeeze: axis ${axis} of ${formatShape(x.shape)} is not of size 1`);
  return reshape(x, [...x.shape.slice(0, at), ...x.shape.slice(at + 1)]);
}

interface TransposeAttributes extends Attributes {
  readonly permutation: readonly number[];
}
const transposeOperation: Operation<TransposeAttributes> = {
  name: "transpose",
  lower: (emit, inputs, { attributes }) => [emit.node("Transpose", inputs, { perm: attributes.permutation })],
  vjp: ([g], { attributes: { permutation } }) => [
    g &&
      transpose(
        g,
        permutation.map((_, i) => permutation.indexOf(i)),
      ),
  ],
};
/** Permutes the axes; without a permutation the last two are swapped. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const swapped = x.shape.map((_, i) => (i === x.rank - 1 ? i - 1 : i === x.rank - 2 ? i + 1 : i));
  const order = permutation ?? swapped;
  if (x.rank < 2 && !permutation) throw new ShapeError(`transpose: needs two axes, not ${formatShape(x.shape)}`);
  if (order.length !== x.rank || x.shape.some((_, i) => !order.includes(i))) {
    throw new ShapeError(`transpose: [${order.join(", ")}] is no permutation of the axes of ${formatShape(x.shape)}`);
  }
  if (order.every((axis, i) => axis === i)) return x;
  return apply(
    transposeOperation,
    [x],
    { permutation: order },
    { shape: order.map((axis) => dimAt(x.shape, axis)), dtype: x.dtype },
  );
}

const expandOperation: Operation<ReshapeAttributes> = {
  name: "expand",
  lower: (emit, [x = ""], { attributes }) => [
    emit.node("Expand", [x, emit.int64(attributes.shape as readonly number[])]),
  ],
  vjp: ([g], node) => [g && sumTo(g, node.input(0).shape)],
};
/** Repeats axes of size 1 (and missing leading ones) to fill the shape, as broadcasting does. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  staticShape("expand", shape);
  if (!sameShape(broadcast("expand", x.shape, shape), shape)) {
    throw new ShapeError(`expand: cannot expand ${formatShape(x.shape)} to ${formatShape(shape)}`);
  }
  return apply(expandOperation, [x], { shape }, { shape, dtype: x.dtype });
}

interface AxisAttributes extends Attributes {
  readonly axis: number;
}
const concatOperation: Operation<AxisAttributes> = {
  name: "concat",
  lower: (emit, inputs, { attributes }) => [emit.node("Concat", inputs, { axis: attributes.axis })],
  vjp: ([g], node) => {
    if (!g) return [];
    const { axis } = node.attributes;
    return split(
      g,
      node.inputs.map((part) => dimAt(staticShape("concat", part.shape), axis) as number),
      axis,
    );
  },
};
/** Joins tensors along an axis; all other dimensions are equal. Throws ShapeError naming the shapes. */
export function concat(parts: readonly Tensor[], axis = 0): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError("concat: needs at least one tensor");
  const at = normalizeAxis("concat", axis, first.shape);
  if (parts.length === 1) return first;
  for (const part of parts) {
    const fits = part.rank === first.rank && part.shape.every((dim, i) => i === at || dim === first.shape[i]);
    if (!fits)
      throw new ShapeError(
        `concat: ${formatShape(first.shape)} and ${formatShape(part.shape)} differ beside axis ${axis}`,
      );
    if (part.dtype !== first.dtype) throw new TypeError(`concat: parts are ${first.dtype} and ${part.dtype}`);
  }
  const total = parts.reduce((sum, part) => sum + Number(staticShape("concat", [dimAt(part.shape, at)])[0]), 0);
  const shape = first.shape.map((dim, i) => (i === at ? total : dim));
  return apply(concatOperation, parts, { axis: at }, { shape, dtype: first.dtype });
}

/** Joins tensors of one shape along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError("stack: needs at least one tensor");
  const at = normalizeAxis("stack", axis, [...first.shape, 1]);
  for (const { shape } of parts) {
    if (!sameShape(shape, first.shape)) {
      throw new ShapeError(`stack: ${formatShape(first.shape)} and ${formatShape(shape)} differ`);
    }
  }
  return concat(
    parts.map((part) => unsqueeze(part, at)),
    at,
  );
}

interface SplitAttributes extends AxisAttributes {
  readonly sizes: readonly number[];
}
const splitOperation: Operation<SplitAttributes> = {
  name: "split",
  lower: (emit, [x = ""], { attributes: { axis, sizes } }) =>
    emit.nodes("Split", [x, emit.int64(sizes)], { axis }, sizes.length),
  vjp: (gradients, node) => {
    const parts = node.outputs.map(
      (output, i) => gradients[i] ?? expand(cast(constant(0), output.dtype), output.shape),
    );
    return [concat(parts, node.attributes.axis)];
  },
};
/** Cuts a tensor along an axis into consecutive parts of the given sizes. Throws ShapeError where they do not add up. */
export function split(x: Tensor, sizes: readonly number[], axis = 0): Tensor[] {
  const at = normalizeAxis("split", axis, x.shape);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.shape[at]) {
    throw new ShapeError(`split: parts [${sizes.join(", ")}] do not add up to axis ${axis} of ${formatShape(x.shape)}`);
  }
  if (sizes.length === 1) return [x];
  const types = sizes.map((size) => ({ shape: x.shape.map((dim, i) => (i === at ? size : dim)), dtype: x.dtype }));
  return [...new Node(splitOperation, [x], { axis: at, sizes }, types).outputs];
}

interface SliceAttributes extends AxisAttributes {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}
const sliceOperation: Operation<SliceAttributes> = {
  name: "slice",
  lower: (emit, [x = ""], { attributes }) => [emit.sliced(x, attributes)],
  vjp: ([g], node) => {
    if (!g) return [];
    const { axis, start, step } = node.attributes;
    const { shape } = node.input(0);
    const length = Number(shape[axis]);
    const taken = Number(g.shape[axis]);
    // Spread the gradient by `step` (each element followed by step − 1 zeros), then pad it to its place.
    const spread = step === 1 ? g : interleaveZeros(g, axis, step);
    const width = (taken - 1) * step + 1;
    return [pad(spread, [[axis, start, length - start - width]])];
  },
};

/** Puts step − 1 zeros between the elements along an axis. */
function interleaveZeros(x: Tensor, axis: number, step: number): Tensor {
  const count = Number(x.shape[axis]);
  if (axis === x.rank - 1 && x.dtype === "float32" && count <= shortAxis) {
    // Element by element, padding takes forty times as long as this product.
    const width = (count - 1) * step + 1;
    const places = new Float64Array(count * width);
    for (let i = 0; i < count; i++) places[i * width + i * step] = 1;
    const rows = matmul(reshape(x, [-1, count]), constant(places, [count, width], x.dtype));
    return reshape(rows, [...x.shape.slice(0, -1), width]);
  }
  const padded = pad(unsqueeze(x, axis + 1), [[axis + 1, 0, step - 1]]);
  const flat = reshape(
    padded,
    x.shape.map((dim, i) => (i === axis ? count * step : dim)),
  );
  return slice(flat, axis, 0, (count - 1) * step + 1);
}

/** Up to this length a product with a matrix of zeros and ones is a fast way to move the elements of the last axis. */
const shortAxis = 256;

/** Elements start, start + step, … below end along one axis; negative positions count from the end. */
export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  const at = normalizeAxis("slice", axis, x.shape);
  const length = Number(staticShape("slice", [dimAt(x.shape, at)])[0]);
  const from = start < 0 ? start + length : start;
  const to = Math.min(end === undefined ? length : end < 0 ? end + length : end, length);
  if (from < 0 || from >= to || step < 1 || ![start, to, step].every(Number.isInteger)) {
    throw new ShapeError(
      `slice: ${start}:${end ?? ""}:${step} takes no elements of axis ${axis} of ${formatShape(x.shape)}`,
    );
  }
  const count = Math.ceil((to - from) / step);
  if (count === length) return x;
  const shape = x.shape.map((dim, i) => (i === at ? count : dim));
  return apply(sliceOperation, [x], { axis: at, start: from, end: to, step }, { shape, dtype: x.dtype });
}

interface FlipAttributes extends Attributes {
  readonly axes: readonly number[];
}
const flipOperation: Operation<FlipAttributes> = {
  name: "flip",
  lower: (emit, [x = ""], { attributes: { axes } }) => {
    const all = (value: number) => emit.int64(axes.map(() => value));
    // From the last element down to before the first, which ONNX writes as any number below −size.
    return [emit.node("Slice", [x, all(-1), all(-(2 ** 31)), emit.int64(axes), all(-1)])];
  },
  vjp: ([g], { attributes: { axes } }) => [g && flip(g, axes)],
};
/** The elements in reverse order along axes (all where none is given). */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  const reversed = normalizeAxes("flip", axes, x.shape).filter((axis) => x.shape[axis] !== 1);
  if (reversed.length === 0) return x;
  return apply(flipOperation, [x], { axes: reversed }, { shape: x.shape, dtype: x.dtype });
}

interface PadAttributes extends Attributes {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}
const padOperation: Operation<PadAttributes> = {
  name: "pad",
  lower: (emit, [x = ""], node) => {
    const { before, after, value } = node.attributes;
    return [emit.node("Pad", [x, emit.int64([...before, ...after]), emit.scalar(node.input(0).dtype, value)])];
  },
  vjp: ([g], { attributes: { before, after } }) => [
    g &&
      pad(
        g,
        before.map((low, axis) => [axis, -low, -(after[axis] ?? 0)]),
      ),
  ],
};
/**
 * Adds `value` before and after along axes: each entry is [axis, count before, count after]. Negative counts take elements away, so that
 * one more before and one less after shift the elements in one pass.
 */
export function pad(
  x: Tensor,
  widths: readonly (readonly [axis: number, before: number, after: number])[],
  value = 0,
): Tensor {
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  const given = new Set<number>();
  for (const [axis, low, high] of widths) {
    const at = normalizeAxis("pad", axis, x.shape);
    if (!(Number.isInteger(low) && Number.isInteger(high))) {
      throw new ShapeError(
        `pad: widths ${low} and ${high} of axis ${axis} of ${formatShape(x.shape)} must be whole numbers`,
      );
    }
    if (given.has(at)) throw new ShapeError(`pad: axis ${axis} of ${formatShape(x.shape)} is given twice`);
    given.add(at);
    // No zero becomes −0, which would be another attribute.
    before[at] = low + 0;
    after[at] = high + 0;
  }
  const isChanged = (axis: number) => before[axis] !== 0 || after[axis] !== 0;
  if (!x.shape.some((_, axis) => isChanged(axis))) return x;
  const shape = x.shape.map((dim, axis) => {
    if (!isChanged(axis)) return dim;
    const length = Number(staticShape("pad", [dim])[0]);
    const [low, high] = [before[axis] ?? 0, after[axis] ?? 0];
    if (length + Math.min(low, high, low + high) < 1) {
      throw new ShapeError(`pad: widths ${low} and ${high} leave nothing of axis ${axis} of ${formatShape(x.shape)}`);
    }
    return length + low + high;
  });
  if ([...before, ...after].every((width) => width <= 0)) {
    return shape.reduce<Tensor>((part, _, axis) => {
      const length = Number(x.shape[axis]);
      return isChanged(axis) ? slice(part, axis, 0 - (before[axis] ?? 0), length + (after[axis] ?? 0)) : part;
    }, x);
  }
  return apply(padOperation, [x], { before, after, value }, { shape, dtype: x.dtype });
}
