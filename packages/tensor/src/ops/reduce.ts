/** Reductions over axes, and the softmax family. `keepDims` leaves reduced axes with size 1. */
import { requireFloat, requireNumber } from "../dtype.ts";
import type { Emitter } from "../emitter.ts";
import { dimAt, normalizeAxes, normalizeAxis, type Shape, sameShape, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, type Node, type Operation, type Tensor } from "../tensor.ts";
import { channelSums, pixelSums } from "./blockedImages.ts";
import { add, cast, div, equal, exp, log, mul, stopGradient, sub } from "./elementwise.ts";
import { expand, reshape } from "./layout.ts";

type Axes = number | readonly number[];

interface ReduceAttributes extends Attributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** The shape of a reduction. */
function reducedShape(shape: Shape, { axes, keepDims }: ReduceAttributes): Shape {
  return keepDims ? shape.map((dim, i) => (axes.includes(i) ? 1 : dim)) : shape.filter((_, i) => !axes.includes(i));
}

/** A value that was reduced over `axes`, with those axes back at size 1, so that it broadcasts against the unreduced one. */
function restored(x: Tensor, input: Tensor, attributes: ReduceAttributes): Tensor {
  return attributes.keepDims ? x : reshape(x, reducedShape(input.shape, { ...attributes, keepDims: true }));
}

function reduction(
  name: string,
  onnx: string,
  rule: (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor,
  accepts = requireNumber,
): (x: Tensor, axes?: Axes, keepDims?: boolean) => Tensor {
  const operation: Operation<ReduceAttributes> = {
    name,
    lower: (emit, [x = ""], node) => {
      const { axes, keepDims } = node.attributes;
      return [
        blockedSum(emit, x, onnx, node) ??
          emit.node(onnx, [longSum(emit, x, onnx, node), emit.int64(axes)], { keepdims: keepDims ? 1 : 0 }),
      ];
    },
    vjp: ([g], node) => {
      if (!g) return [];
      const x = node.input(0);
      return [
        rule(restored(g, x, node.attributes), x, restored(node.output(), x, node.attributes), node.attributes.axes),
      ];
    },
  };
  return (x, axes, keepDims = false) => {
    accepts(name, x.dtype);
    const attributes = { axes: normalizeAxes(name, axes, x.shape), keepDims };
    if (attributes.axes.length === 0) return x;
    return apply(operation, [x], attributes, { shape: reducedShape(x.shape, attributes), dtype: x.dtype });
  };
}

/** Vectors up to this length are summed at once. */
const shortLength = 2 ** 20;

/**
 * A long vector, the numbers of each of its stretches added up: ONNX Runtime adds one number after the other, so that of 10⁸ squares some are lost
 * to rounding (0.7 % of the norm of SmolLM2's gradient). Any other value as it is, and a vector whose length has no fitting divisor.
 */
function longSum(emit: Emitter, x: string, onnx: string, node: Node<ReduceAttributes>): string {
  const [length, ...more] = node.input(0).shape;
  if (onnx !== "ReduceSum" || more.length > 0 || typeof length !== "number" || length <= shortLength) return x;
  let stretch = 2 ** 14;
  while (stretch > 2 ** 6 && length % stretch > 0) stretch--;
  if (length % stretch > 0) return x;
  const rows = emit.node("Reshape", [x, emit.int64([length / stretch, stretch])]);
  return emit.node("ReduceSum", [rows, emit.int64([1])], { keepdims: 0 });
}

/** A sum or mean of images in ONNX Runtime's own layout; undefined where it is no such thing. */
function blockedSum(emit: Emitter, x: string, onnx: string, node: Node<ReduceAttributes>): string | undefined {
  const { shape } = node.input(0);
  const axes = node.attributes.axes.join();
  const isMean = onnx === "ReduceMean";
  if (!emit.hasBlocked(x) || !(isMean || onnx === "ReduceSum") || !(axes === "0,2,3" || axes === "2,3"))
    return undefined;
  const images = shape as readonly number[];
  const sums = axes === "2,3" ? pixelSums(emit, x, images) : channelSums(emit, x, images);
  const reduced = node.attributes.axes.reduce((count, axis) => count * (images[axis] ?? 0), 1);
  const value = isMean ? emit.scaled(sums, 1 / reduced, "float32") : sums;
  if (!node.attributes.keepDims) return value;
  return emit.node("Reshape", [value, emit.int64(node.output().shape as readonly number[])]);
}

const countOf = (name: string, x: Tensor, axes: readonly number[]): number =>
  sizeOf(
    staticShape(
      name,
      axes.map((axis) => dimAt(x.shape, axis)),
    ),
  );

/** Sum over axes (all where none is given). */
export const sum = reduction("sum", "ReduceSum", (g, x) => expand(g, x.shape));
/** Mean over axes (all where none is given). */
export const mean = reduction(
  "mean",
  "ReduceMean",
  (g, x, _y, axes) => expand(mul(g, 1 / countOf("mean", x, axes)), x.shape),
  requireFloat,
);
/** Product over axes (all where none is given). Its derivative needs non-zero elements. */
export const prod = reduction("prod", "ReduceProd", (g, x, y) => div(mul(g, y), x));

const extremum = (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]): Tensor => {
  const ties = cast(equal(x, y), x.dtype);
  return mul(ties, div(g, sum(ties, axes, true)));
};
/** Largest element over axes; tied elements share the derivative equally. */
export const max = reduction("max", "ReduceMax", extremum);
/** Smallest element over axes; tied elements share the derivative equally. */
export const min = reduction("min", "ReduceMin", extremum);

/** log Σ exp(x) over axes, without overflow. Elements may be −∞, but not all that are summed (NaN). */
export function logSumExp(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  requireFloat("logSumExp", x.dtype);
  const summed = normalizeAxes("logSumExp", axes, x.shape);
  const peak = stopGradient(max(x, summed, true));
  const total = add(log(sum(exp(sub(x, peak)), summed, true)), peak);
  return keepDims ? total : reshape(total, reducedShape(x.shape, { axes: summed, keepDims }));
}

/** Reduces a gradient over the axes that broadcasting added or stretched, to the shape of the operand. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  const summed = axes.length ? sum(x, axes, true) : x;
  return reshape(summed, shape);
}

interface AxisAttributes extends Attributes {
  readonly axis: number;
}

const softmaxOperation: Operation<AxisAttributes> = {
  name: "softmax",
  lower: (emit, inputs, node) => [emit.node("Softmax", inputs, { axis: node.attributes.axis })],
  vjp: ([g], node) => {
    if (!g) return [];
    const y = node.output();
    const weighted = mul(g, y);
    return [sub(weighted, mul(y, sum(weighted, node.attributes.axis, true)))];
  },
};
/** exp(x)/Σ exp(x) along an axis (the last where none is given). */
export function softmax(x: Tensor, axis = -1): Tensor {
  requireFloat("softmax", x.dtype);
  const attributes = { axis: normalizeAxis("softmax", axis, x.shape) };
  return apply(softmaxOperation, [x], attributes, { shape: x.shape, dtype: x.dtype });
}

const logSoftmaxOperation: Operation<AxisAttributes> = {
  name: "logSoftmax",
  lower: (emit, inputs, node) => [emit.node("LogSoftmax", inputs, { axis: node.attributes.axis })],
  vjp: ([g], node) => [g && sub(g, mul(exp(node.output()), sum(g, node.attributes.axis, true)))],
};
/** log softmax along an axis (the last where none is given). */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  requireFloat("logSoftmax", x.dtype);
  const attributes = { axis: normalizeAxis("logSoftmax", axis, x.shape) };
  return apply(logSoftmaxOperation, [x], attributes, { shape: x.shape, dtype: x.dtype });
}

interface ArgAttributes extends AxisAttributes {
  readonly keepDims: boolean;
}
function argOperation(name: string, onnx: string): (x: Tensor, axis?: number, keepDims?: boolean) => Tensor {
  const operation: Operation<ArgAttributes> = {
    name,
    lower: (emit, inputs, node) => [
      emit.node(onnx, inputs, { axis: node.attributes.axis, keepdims: node.attributes.keepDims ? 1 : 0 }),
    ],
  };
  return (x, axis = -1, keepDims = false) => {
    requireNumber(name, x.dtype);
    const attributes = { axis: normalizeAxis(name, axis, x.shape), keepDims };
    const shape = reducedShape(x.shape, { axes: [attributes.axis], keepDims });
    return apply(operation, [x], attributes, { shape, dtype: "int64" });
  };
}
/** Index of the largest element along an axis (the first of equals), as int64. */
export const argmax = argOperation("argmax", "ArgMax");
/** Index of the smallest element along an axis (the first of equals), as int64. */
export const argmin = argOperation("argmin", "ArgMin");

interface CumSumAttributes extends AxisAttributes {
  readonly exclusive: boolean;
  readonly reverse: boolean;
}
const cumSumOperation: Operation<CumSumAttributes> = {
  name: "cumSum",
  lower: (emit: Emitter, [x = ""], node) => {
    const { axis, exclusive, reverse } = node.attributes;
    return [
      emit.node("CumSum", [x, emit.constant("int64", [], BigInt64Array.of(BigInt(axis)))], {
        exclusive: exclusive ? 1 : 0,
        reverse: reverse ? 1 : 0,
      }),
    ];
  },
  vjp: ([g], node) => {
    const { axis, exclusive, reverse } = node.attributes;
    return [g && cumSum(g, axis, { exclusive, reverse: !reverse })];
  },
};
/** Running sum along an axis; `exclusive` leaves the element itself out, `reverse` starts from the end. */
export function cumSum(x: Tensor, axis = -1, { exclusive = false, reverse = false } = {}): Tensor {
  requireNumber("cumSum", x.dtype);
  const attributes = { axis: normalizeAxis("cumSum", axis, x.shape), exclusive, reverse };
  return apply(cumSumOperation, [x], attributes, { shape: x.shape, dtype: x.dtype });
}
