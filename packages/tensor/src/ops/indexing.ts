/** Operations that pick elements by index, and orderings. Indices are int64 or int32. */
import { requireNumber } from "../dtype.ts";
import { dimAt, formatShape, normalizeAxis, ShapeError, sameShape, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, constant, Node, type Operation, type Tensor } from "../tensor.ts";
import { cast, equal, type Operand } from "./elementwise.ts";
import { expand, reshape, transpose, unsqueeze } from "./layout.ts";

interface AxisAttributes extends Attributes {
  readonly axis: number;
}

function requireIndices(name: string, indices: Tensor): void {
  if (indices.dtype !== "int64" && indices.dtype !== "int32") {
    throw new TypeError(`${name}: indices must be int64 or int32, not ${indices.dtype}`);
  }
}

const zeros = (like: Tensor, shape: readonly number[]): Tensor => expand(constant(0, [], like.dtype), shape);

const gatherOperation: Operation<AxisAttributes> = {
  name: "gather",
  lower: (emit, inputs, { attributes }) => [emit.node("Gather", inputs, { axis: attributes.axis })],
  vjp: ([g], node) => {
    if (!g) return [];
    const [x, indices] = [node.input(0), node.input(1)];
    const { axis } = node.attributes;
    // Bring the gathered axes to the front, where scatterAdd adds whole rows.
    const taken = Array.from({ length: indices.rank }, (_, i) => axis + i);
    const rest = g.shape.map((_, i) => i).filter((i) => !taken.includes(i));
    const rows = transpose(g, [...taken, ...rest]);
    const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const shape = staticShape("gather", [dimAt(x.shape, axis), ...others.map((i) => dimAt(x.shape, i))]);
    const scattered = scatterAdd(zeros(x, shape), indices, rows);
    return [
      transpose(
        scattered,
        x.shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i)),
      ),
    ];
  },
};
/** Slices of x at `indices` along an axis: shape `[…before axis, …indices, …after axis]`. An embedding is `gather(table, tokens)`. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  requireIndices("gather", indices);
  const at = normalizeAxis("gather", axis, x.shape);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return apply(gatherOperation, [x, indices], { axis: at }, { shape, dtype: x.dtype });
}

const scatterAddOperation: Operation<Attributes> = {
  name: "scatterAdd",
  lower: (emit, [x = "", indices = "", updates = ""], node) => {
    // By element, not by row: ONNX Runtime's ScatterND adds rows in parallel without locks, so that repeated indices lose updates.
    const [rows, row] = [node.input(1), staticShape("scatterAdd", node.input(0).shape.slice(1))];
    const count = sizeOf(rows.shape);
    const column = emit.node("Reshape", [indices, emit.int64([count, ...row.map(() => 1)])]);
    const elements = emit.node("Expand", [column, emit.int64([count, ...row])]);
    const flat = emit.node("Reshape", [updates, emit.int64([count, ...row])]);
    return [emit.node("ScatterElements", [x, elements, flat], { axis: 0, reduction: "add" })];
  },
  vjp: ([g], node, wanted) => [g, undefined, g && wanted[2] ? gather(g, node.input(1)) : undefined],
};
/** x `[n, …row]` with each of `updates` `[…indices, …row]` added to the row that its index names; repeated indices add up. */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  requireIndices("scatterAdd", indices);
  if (x.rank === 0) throw new ShapeError(`scatterAdd: needs rows to add to, not ${formatShape(x.shape)}`);
  if (updates.dtype !== x.dtype) throw new TypeError(`scatterAdd: adds ${updates.dtype} to ${x.dtype}`);
  if (!sameShape(updates.shape, [...indices.shape, ...x.shape.slice(1)])) {
    throw new ShapeError(
      `scatterAdd: updates ${formatShape(updates.shape)} do not fit indices ${formatShape(indices.shape)} into ${formatShape(x.shape)}`,
    );
  }
  return apply(scatterAddOperation, [x, indices, updates], {}, { shape: x.shape, dtype: x.dtype });
}

const takeAlongOperation: Operation<AxisAttributes> = {
  name: "takeAlong",
  lower: (emit, inputs, { attributes }) => [emit.node("GatherElements", inputs, { axis: attributes.axis })],
  vjp: ([g], node) => [g && putAlong(node.input(0), node.input(1), g, node.attributes.axis)],
};
/** One element of x per index, along an axis: indices have x's shape but for that axis (PyTorch's gather, NumPy's take_along_axis). */
export function takeAlong(x: Tensor, indices: Tensor, axis = -1): Tensor {
  requireIndices("takeAlong", indices);
  const at = normalizeAxis("takeAlong", axis, x.shape);
  const fits = indices.rank === x.rank && indices.shape.every((dim, i) => i === at || dim === x.shape[i]);
  if (!fits)
    throw new ShapeError(
      `takeAlong: indices ${formatShape(indices.shape)} do not fit ${formatShape(x.shape)} beside axis ${axis}`,
    );
  return apply(takeAlongOperation, [x, indices], { axis: at }, { shape: indices.shape, dtype: x.dtype });
}

const addAlongOperation: Operation<AxisAttributes> = {
  name: "addAlong",
  lower: (emit, inputs, { attributes }) => [
    emit.node("ScatterElements", inputs, { axis: attributes.axis, reduction: "add" }),
  ],
  vjp: ([g], node, wanted) => [
    g,
    undefined,
    g && wanted[2] ? takeAlong(g, node.input(1), node.attributes.axis) : undefined,
  ],
};
/**
 * x with each of `updates` added to the element that its index names along an axis; repeated indices add up. Updates and indices have x's shape but
 * for that axis (PyTorch's scatter_add).
 */
export function addAlong(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  requireIndices("addAlong", indices);
  const at = normalizeAxis("addAlong", axis, x.shape);
  if (updates.dtype !== x.dtype) throw new TypeError(`addAlong: adds ${updates.dtype} to ${x.dtype}`);
  const fits = indices.rank === x.rank && indices.shape.every((dim, i) => i === at || dim === x.shape[i]);
  if (!fits || !sameShape(updates.shape, indices.shape)) {
    throw new ShapeError(
      `addAlong: updates ${formatShape(updates.shape)} and indices ${formatShape(indices.shape)} do not fit ${formatShape(x.shape)} beside axis ${axis}`,
    );
  }
  return apply(addAlongOperation, [x, indices, updates], { axis: at }, { shape: x.shape, dtype: x.dtype });
}

/** Zeros of the shape of `like` with `updates` added at `indices` along an axis: the transpose of takeAlong. */
const putAlong = (like: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor =>
  addAlong(zeros(like, staticShape("takeAlong", like.shape)), indices, updates, axis);

/** 1 where the last axis (of size `classes`) equals the index, 0 elsewhere: indices `[…]` → `[…, classes]` float32. */
export function oneHot(indices: Tensor, classes: number): Tensor {
  requireIndices("oneHot", indices);
  const numbers = constant(
    Array.from({ length: classes }, (_, i) => i),
    [classes],
    indices.dtype,
  );
  return cast(equal(unsqueeze(indices, -1), numbers as Operand), "float32");
}

interface TopKAttributes extends AxisAttributes {
  readonly k: number;
  readonly largest: boolean;
}
const topKOperation: Operation<TopKAttributes> = {
  name: "topK",
  lower: (emit, [x = ""], { attributes: { axis, k, largest } }) =>
    emit.nodes("TopK", [x, emit.int64([k])], { axis, largest: largest ? 1 : 0, sorted: 1 }, 2),
  vjp: ([g], node) => [g && putAlong(node.input(0), node.output(1), g, node.attributes.axis)],
};
/** The k largest (or smallest) elements along an axis in order, and their positions (int64). Throws ShapeError where k does not fit. */
export function topK(x: Tensor, k: number, { axis = -1, largest = true } = {}): { values: Tensor; indices: Tensor } {
  requireNumber("topK", x.dtype);
  const at = normalizeAxis("topK", axis, x.shape);
  const length = sizeOf([dimAt(x.shape, at)]);
  if (!Number.isInteger(k) || k < 1 || k > length) {
    throw new ShapeError(`topK: k = ${k} must be from 1 to ${length}, axis ${axis} of ${formatShape(x.shape)}`);
  }
  const shape = x.shape.map((dim, i) => (i === at ? k : dim));
  const node = new Node(topKOperation, [x], { axis: at, k, largest }, [
    { shape, dtype: x.dtype },
    { shape, dtype: "int64" },
  ]);
  return { values: node.output(0), indices: node.output(1) };
}

/** All elements along an axis in order, and their positions (int64). */
export function sort(x: Tensor, { axis = -1, descending = false } = {}): { values: Tensor; indices: Tensor } {
  const at = normalizeAxis("sort", axis, x.shape);
  return topK(x, sizeOf([dimAt(x.shape, at)]), { axis: at, largest: descending });
}

/** The element of `x` `[…, classes]` that each index of `[…]` names: `[…]`. */
export function pick(x: Tensor, indices: Tensor): Tensor {
  if (x.rank === 0 || !sameShape(indices.shape, x.shape.slice(0, -1))) {
    throw new ShapeError(
      `pick: indices ${formatShape(indices.shape)} do not fit ${formatShape(x.shape)} without its last axis`,
    );
  }
  return reshape(takeAlong(x, unsqueeze(indices, -1)), indices.shape);
}
