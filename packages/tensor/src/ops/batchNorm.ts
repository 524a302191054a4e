/** Batch normalization of the channels of `[batch, channels, …]`, as PyTorch defines it. */
import { requireFloat } from "../dtype.ts";
import type { Emitter } from "../emitter.ts";
import { dimAt, formatShape, ShapeError, sameShape, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, constant, Node, type Operation, type Tensor } from "../tensor.ts";
import { channelSums, channelwise } from "./blockedImages.ts";
import { add, div, mul, neg, reciprocal, sqrt, sub } from "./elementwise.ts";
import { expand, reshape } from "./layout.ts";
import { sum } from "./reduce.ts";

/** What batch normalization gives in training. */
export interface BatchNorm {
  readonly output: Tensor;
  /** Of each channel in this batch, `[channels]`. */
  readonly mean: Tensor;
  /** Of each channel in this batch, divided by the number of elements, `[channels]`. */
  readonly variance: Tensor;
}

/** The statistics that inference uses, as state: `[channels]` each. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** All axes but that of the channels. */
const others = (x: Tensor): number[] => x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
const channelSum = (x: Tensor): Tensor => sum(x, others(x));
/** `[channels]` so that it broadcasts against x. */
const spread = (values: Tensor, x: Tensor): Tensor => reshape(values, [-1, ...x.shape.slice(2).map(() => 1)]);
/** Elements of one channel. */
const countOf = (x: Tensor): number => sizeOf(x.shape) / sizeOf([dimAt(x.shape, 1)]);

function requireChannels(op: string, x: Tensor, parameters: readonly Tensor[]): void {
  requireFloat(op, x.dtype);
  if (x.rank < 2) throw new ShapeError(`${op}: needs [batch, channels, …], not ${formatShape(x.shape)}`);
  for (const { shape, dtype } of parameters) {
    if (!sameShape(shape, x.shape.slice(1, 2))) {
      throw new ShapeError(`${op}: ${formatShape(shape)} does not fit the channels of ${formatShape(x.shape)}`);
    }
    if (dtype !== x.dtype) throw new TypeError(`${op}: operands are ${x.dtype} and ${dtype}`);
  }
}

const affineOperation: Operation<Attributes> = {
  name: "channelAffine",
  lower: (emit, [x = "", scale = "", shift = ""], node) => {
    if (emit.hasBlocked(x)) return [blockedAffine(emit, x, scale, shift, node)];
    // One pass over x where Mul and Add take two. Folded into a convolution before it where the parameters are constants.
    const { dtype, shape } = node.input(1);
    const filled = (value: number) => emit.filled(dtype as "float32", sizeOf(shape), value);
    return [emit.node("BatchNormalization", [x, scale, shift, filled(0), filled(1)], { epsilon: emit.float(0) })];
  },
  vjp: ([g], node, wanted) => {
    if (!g) return [];
    const [x, scale] = [node.input(0), node.input(1)];
    return [
      wanted[0] ? mul(g, spread(scale, g)) : undefined,
      wanted[1] ? channelSum(mul(g, x)) : undefined,
      wanted[2] ? channelSum(g) : undefined,
    ];
  },
};

/** `channelAffine` of images in ONNX Runtime's own layout. */
function blockedAffine(emit: Emitter, x: string, scale: string, shift: string, node: Node): string {
  const channels = Number(node.output().shape[1]);
  return emit.unblocked(channelwise(emit, x, scale, shift, channels), channels);
}

const shiftOperation: Operation<Attributes> = {
  name: "channelShift",
  lower: (emit, [x = "", shift = ""], node) => {
    const channels = Number(node.input(0).shape[1]);
    if (emit.hasBlocked(x)) return [blockedAffine(emit, x, emit.filled("float32", channels, 1), shift, node)];
    const spatial = node
      .input(0)
      .shape.slice(2)
      .map(() => 1);
    return [emit.node("Add", [x, emit.node("Reshape", [shift, emit.int64([channels, ...spatial])])])];
  },
  vjp: ([g], _node, wanted) => [g, g && wanted[1] ? channelSum(g) : undefined],
};

/** x + shift with one shift for each channel, `[channels]`. */
const channelShift = (x: Tensor, shift: Tensor): Tensor =>
  apply(shiftOperation, [x, shift], {}, { shape: x.shape, dtype: x.dtype });

/** x·scale + shift with one scale and shift for each channel, `[channels]`. */
export function channelAffine(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  requireChannels("channelAffine", x, [scale, shift]);
  return apply(affineOperation, [x, scale, shift], {}, { shape: x.shape, dtype: x.dtype });
}

interface BatchNormAttributes extends Attributes {
  /** As ONNX holds it, in float32. */
  readonly epsilon: number;
}

const batchNormOperation: Operation<BatchNormAttributes> = {
  name: "batchNorm",
  lower: (emit, [x = "", scale = "", shift = ""], node) => {
    if (emit.hasBlocked(x)) return blockedBatchNorm(emit, x, scale, shift, node);
    // ONNX Runtime writes the statistics over those that it is given, even where these are constants or inputs that others read too. So it
    // is given values of this node's own: two operations that nothing else here is lowered to, on one element of each channel.
    const spatial = node.input(0).shape.slice(2);
    const axes = [0, ...spatial.map((_, i) => i + 2)];
    const all = (value: number) => emit.int64(axes.map(() => value));
    const [, channels] = staticShape("batchNorm", node.input(0).shape);
    const first = emit.node("Reshape", [
      emit.node("Slice", [x, all(0), all(1), emit.int64(axes)]),
      emit.int64([channels ?? 0]),
    ]);
    const own = [emit.node("Neg", [first]), emit.node("Ceil", [first])];
    // With momentum 0 the new statistics are those of the batch.
    const attributes = { training_mode: 1, momentum: emit.float(0), epsilon: emit.float(node.attributes.epsilon) };
    return emit.nodes("BatchNormalization", [x, scale, shift, ...own], attributes, 3);
  },
  vjp: ([g, gMean, gVariance], node, wanted) => {
    const [x, scale] = [node.input(0), node.input(1)];
    const [mean, variance] = [node.output(1), node.output(2)];
    const inverse = reciprocal(sqrt(add(variance, node.attributes.epsilon)));
    const centered = channelShift(x, neg(mean));
    const count = countOf(x);
    const terms: Tensor[] = [];
    const [gScale, gShift] = g ? [mul(channelSum(mul(g, centered)), inverse), channelSum(g)] : [];
    if (g && gScale && gShift && wanted[0]) {
      // With y = a·(x − mean) + shift, a = scale/s: dx = a·(g − mean(g) − n·mean(g·n)), n = (x − mean)/s.
      const a = mul(scale, mul(inverse, 1 / count));
      const nothing = expand(constant(0, [], x.dtype), scale.shape);
      const own = channelAffine(centered, neg(mul(mul(a, gScale), inverse)), neg(mul(a, gShift)));
      terms.push(add(own, channelAffine(g, mul(a, count), nothing)));
    }
    if (gMean && wanted[0]) terms.push(mul(spread(gMean, x), 1 / count));
    if (gVariance && wanted[0]) {
      terms.push(mul(spread(mul(gVariance, 2 / count), x), sub(x, spread(mean, x))));
    }
    const [first, ...more] = terms;
    return [first && expand(more.reduce(add, first), x.shape), gScale, gShift];
  },
};

/** The same in ONNX Runtime's own layout. */
function blockedBatchNorm(
  emit: Emitter,
  x: string,
  scale: string,
  shift: string,
  node: Node<BatchNormAttributes>,
): readonly string[] {
  const shape = staticShape("batchNorm", node.input(0).shape);
  const [, channels = 0] = shape;
  const count = sizeOf(shape) / channels;
  const mean = emit.scaled(channelSums(emit, x, shape), 1 / count, "float32");
  const opposite = emit.scaled(mean, -1, "float32");
  // Of x itself the squares' sum would cancel where the mean is large.
  const centered = channelwise(emit, x, emit.filled("float32", channels, 1), opposite, channels);
  const squares = emit.unblocked(emit.node("Mul", [centered, centered]), channels);
  const variance = emit.scaled(channelSums(emit, squares, shape), 1 / count, "float32");
  const shifted = emit.node("Add", [variance, emit.scalar("float32", node.attributes.epsilon)]);
  const factor = emit.node("Div", [scale, emit.node("Sqrt", [shifted])]);
  const result = channelwise(emit, emit.unblocked(centered, channels), factor, shift, channels);
  return [emit.unblocked(result, channels), mean, variance];
}

/**
 * (x − mean)/√(variance + ε)·scale + shift with the batch's own mean and variance of each channel; scale and shift are `[channels]`.
 * The statistics are returned for `runningStatistics`.
 */
export function batchNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): BatchNorm {
  requireChannels("batchNorm", x, [scale, shift]);
  staticShape("batchNorm", x.shape);
  const { dtype } = x;
  const statistics = { shape: scale.shape, dtype };
  const node = new Node(batchNormOperation, [x, scale, shift], { epsilon: Math.fround(epsilon) }, [
    { shape: x.shape, dtype },
    statistics,
    statistics,
  ]);
  return { output: node.output(0), mean: node.output(1), variance: node.output(2) };
}

/** Batch normalization with given statistics: for inference, with those that training kept. */
export function batchNormInference(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  { mean, variance }: RunningStatistics,
  epsilon = 1e-5,
): Tensor {
  requireChannels("batchNormInference", x, [scale, shift, mean, variance]);
  const factor = div(scale, sqrt(add(variance, epsilon)));
  return channelAffine(x, factor, sub(shift, mul(mean, factor)));
}

/**
 * What a program must write to keep statistics for inference: running ← (1 − momentum)·running + momentum·batch, with the unbiased
 * variance, as PyTorch has it. Throws ShapeError where a channel has a single element.
 */
export function runningStatistics(
  running: RunningStatistics,
  { mean, variance, output }: BatchNorm,
  momentum = 0.1,
): readonly (readonly [variable: Tensor, value: Tensor])[] {
  const elements = countOf(output);
  if (elements < 2) throw new ShapeError(`runningStatistics: one element a channel in ${formatShape(output.shape)}`);
  const next = (kept: Tensor, batch: Tensor) => add(mul(kept, 1 - momentum), mul(batch, momentum));
  return [
    [running.mean, next(running.mean, mean)],
    [running.variance, next(running.variance, mul(variance, elements / (elements - 1)))],
  ];
}
