/**
 * Convolutions of images `[batch, channels, height, width]`, as PyTorch defines them. Both derivatives are written with operations that
 * ONNX Runtime has fast kernels for, so that they differentiate again.
 */
import { requireFloat } from "../dtype.ts";
import { type Dim, dimAt, formatShape, type Shape, ShapeError, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, constant, type Operation, type Tensor } from "../tensor.ts";
import { topologicalOrder } from "../topology.ts";
import {
  blockedConvolution,
  blockedFilters,
  blockedGradient,
  blockedGradientSize,
  blockedSpread,
  convolvesBlocked,
  turnedFilters,
} from "./blockedConvolution.ts";
import { concat, expand, flip, pad, reshape, slice, stack, transpose } from "./layout.ts";
import { matmul } from "./linear.ts";
import { sum } from "./reduce.ts";
import { type Pair, pair, type Two, two, type Windows, windowAttributes, windowed } from "./windows.ts";

export interface ConvolutionOptions {
  /** Of as many elements as there are output channels. */
  readonly bias?: Tensor;
  readonly stride?: Pair;
  /** Zeros on both sides. */
  readonly padding?: Pair;
  /** Distance between a kernel's elements. */
  readonly dilation?: Pair;
  /** Channels are cut into this many groups, which do not see each other; as many as channels: depthwise. */
  readonly groups?: number;
}

export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /** Added to the output's height and width at their end: which of the sizes that a strided convolution takes to the input's is meant. */
  readonly outputPadding?: Pair;
}

interface ConvolutionAttributes extends Attributes, Windows {
  readonly groups: number;
}

interface TransposedAttributes extends ConvolutionAttributes {
  readonly outputPadding: Two;
}

function requireImages(op: string, x: Tensor): void {
  requireFloat(op, x.dtype);
  if (x.rank !== 4) throw new ShapeError(`${op}: needs [batch, channels, height, width], not ${formatShape(x.shape)}`);
}

/** ONNX Runtime convolves float32 only. */
function requireFloat32(node: { readonly operation: { readonly name: string } }, { dtype }: Tensor): void {
  if (dtype !== "float32") {
    throw new TypeError(`${node.operation.name}: ONNX Runtime has no ${dtype} kernel for it; cast to float32`);
  }
}

function checked(
  op: string,
  x: Tensor,
  weight: Tensor,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionOptions,
): ConvolutionAttributes {
  requireImages(op, x);
  if (weight.dtype !== x.dtype) throw new TypeError(`${op}: operands are ${x.dtype} and ${weight.dtype}`);
  if (weight.rank !== 4) throw new ShapeError(`${op}: needs a weight with four axes, not ${formatShape(weight.shape)}`);
  const [first = 0, , height = 0, width = 0] = staticShape(op, weight.shape);
  const channels = dimAt(x.shape, 1);
  if (!(Number.isSafeInteger(groups) && groups >= 1 && first % groups === 0 && Number(channels) % groups === 0)) {
    throw new ShapeError(
      `${op}: ${groups} groups do not divide the channels of x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)}`,
    );
  }
  return {
    kernel: [height, width],
    stride: pair(op, "stride", stride, 1),
    padding: pair(op, "padding", padding, 0),
    dilation: pair(op, "dilation", dilation, 1),
    groups,
  };
}

function withBias(op: string, operands: readonly Tensor[], bias: Tensor | undefined, channels: Dim): Tensor[] {
  if (!bias) return [...operands];
  if (bias.rank !== 1 || bias.shape[0] !== channels) {
    throw new ShapeError(`${op}: the bias ${formatShape(bias.shape)} does not fit ${channels} output channels`);
  }
  const [x] = operands;
  if (x && bias.dtype !== x.dtype) throw new TypeError(`${op}: operands are ${x.dtype} and ${bias.dtype}`);
  return [...operands, bias];
}

const convolution: Operation<ConvolutionAttributes> = {
  name: "conv2d",
  lower: (emit, inputs, node) => {
    requireFloat32(node, node.input(0));
    const [x = "", weight = "", bias] = inputs;
    const { kernel, groups } = node.attributes;
    if (groups === 1 && convolvesBlocked(emit, x, node.input(0).shape, node.output().shape, kernel)) {
      const filters = blockedFilters(emit, weight, staticShape("conv2d", node.input(1).shape));
      return [blockedConvolution(emit, x, filters, bias, Number(node.output().shape[1]), node.attributes)];
    }
    return [emit.node("Conv", inputs, { ...windowAttributes(node.attributes), group: groups })];
  },
  vjp: ([g], node, wanted) => {
    if (!g) return [];
    const [x, weight] = [node.input(0), node.input(1)];
    return [
      wanted[0] ? inputGradient(g, weight, x.shape, node.attributes) : undefined,
      wanted[1] ? weightGradient(x, g, weight.shape, node.attributes) : undefined,
      wanted[2] ? sum(g, [0, 2, 3]) : undefined,
    ];
  },
};

/** Whether a convolution is among what the values are computed from. */
export const convolves = (values: readonly Tensor[]): boolean =>
  topologicalOrder(values).some(({ operation: { name } }) =>
    [convolution, inputGradientOperation, weightGradientOperation].some((own) => own.name === name),
  );

/**
 * Cross-correlation of x `[batch, in, height, width]` with weight `[out, in / groups, height, width]`: `[batch, out, height', width']`.
 * float32 when run. Throws ShapeError naming the shapes where they do not fit.
 */
export function conv2d(x: Tensor, weight: Tensor, { bias, ...options }: ConvolutionOptions = {}): Tensor {
  const attributes = checked("conv2d", x, weight, options);
  if (Number(weight.shape[1]) * attributes.groups !== x.shape[1]) {
    throw new ShapeError(
      `conv2d: x ${formatShape(x.shape)} does not have the channels of weight ${formatShape(weight.shape)} in ${attributes.groups} groups`,
    );
  }
  const out = dimAt(weight.shape, 0);
  const shape = [dimAt(x.shape, 0), out, ...windowed("conv2d", x.shape, attributes)];
  return apply(convolution, withBias("conv2d", [x, weight], bias, out), attributes, { shape, dtype: x.dtype });
}

const transposedConvolution: Operation<TransposedAttributes> = {
  name: "convTranspose2d",
  lower: (emit, inputs, node) => {
    requireFloat32(node, node.input(0));
    const { groups, outputPadding } = node.attributes;
    const attributes = { ...windowAttributes(node.attributes), group: groups, output_padding: outputPadding };
    return [emit.node("ConvTranspose", inputs, attributes)];
  },
  vjp: ([g], node, wanted) => {
    if (!g) return [];
    const [x, weight] = [node.input(0), node.input(1)];
    const { attributes } = node;
    return [
      wanted[0] ? conv2d(g, weight, attributes) : undefined,
      wanted[1] ? weightGradient(g, x, weight.shape, attributes) : undefined,
      wanted[2] ? sum(g, [0, 2, 3]) : undefined,
    ];
  },
};

/**
 * The transpose of `conv2d`: x `[batch, in, height, width]` with weight `[in, out / groups, height, width]`, so that with equal options it
 * is the gradient of conv2d in its input. float32 when run. Throws ShapeError naming the shapes where they do not fit.
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  { bias, outputPadding = 0, ...options }: TransposedConvolutionOptions = {},
): Tensor {
  const op = "convTranspose2d";
  const attributes = {
    ...checked(op, x, weight, options),
    outputPadding: pair(op, "outputPadding", outputPadding, 0),
  };
  const { kernel, stride, padding, dilation, groups } = attributes;
  if (weight.shape[0] !== x.shape[1]) {
    throw new ShapeError(
      `${op}: x ${formatShape(x.shape)} does not have the channels of weight ${formatShape(weight.shape)}`,
    );
  }
  if (attributes.outputPadding.some((n, i) => n >= Math.max(stride[i as 0 | 1], dilation[i as 0 | 1]))) {
    throw new ShapeError(`${op}: outputPadding ${attributes.outputPadding.join(", ")} is not below stride or dilation`);
  }
  const [height = 0, width = 0] = staticShape(op, x.shape.slice(2));
  const size = two((i) => {
    const length = i === 0 ? height : width;
    const reach = dilation[i] * (kernel[i] - 1) + 1 - 2 * padding[i];
    return (length - 1) * stride[i] + reach + attributes.outputPadding[i];
  });
  const out = Number(weight.shape[1]) * groups;
  const shape = [dimAt(x.shape, 0), out, ...size];
  return apply(transposedConvolution, withBias(op, [x, weight], bias, out), attributes, { shape, dtype: x.dtype });
}

/** Below this many output positions in a batch, turning the weight around costs more than a convolution saves. */
const fewTransposedPositions = 1024;

/** The gradient in x of conv2d(x, weight), `g` being that of its output. */
function inputGradient(g: Tensor, weight: Tensor, shape: Shape, attributes: ConvolutionAttributes): Tensor {
  const { stride, padding, dilation, groups } = attributes;
  const rest = restOf(attributes);
  const outputPadding = two((i) => {
    const length = Number(shape[2 + i]);
    return length - ((Number(g.shape[2 + i]) - 1) * stride[i] + 1 + rest[i] - padding[i]);
  });
  const value =
    turnedConvolution(g, weight, attributes) ??
    convTranspose2d(g, weight, { stride, padding, dilation, groups, outputPadding });
  if (groups > 1) return value;
  return apply(inputGradientOperation, [g, weight, value], attributes, { shape, dtype: g.dtype });
}

/** What the windows reach beyond the padding, on each side. */
const restOf = ({ kernel, padding, dilation }: Windows): Two => two((i) => dilation[i] * (kernel[i] - 1) - padding[i]);

/** The gradient as a convolution with the weight turned around: 10 to 25 % faster than ONNX Runtime's ConvTranspose, where that serves. */
function turnedConvolution(g: Tensor, weight: Tensor, attributes: ConvolutionAttributes): Tensor | undefined {
  const { kernel, stride, dilation, groups } = attributes;
  const rest = restOf(attributes);
  const [batch = 0, , height = 0, width = 0] = staticShape("conv2d", g.shape);
  const isPointwise = kernel.every((n) => n === 1);
  const isWorth = isPointwise || batch * height * width >= fewTransposedPositions;
  if (!(isWorth && stride.every((n) => n === 1) && rest.every((n) => n >= 0))) return undefined;
  const [out = 0, inputs = 0] = staticShape("conv2d", weight.shape);
  const grouped = reshape(flip(weight, [2, 3]), [groups, out / groups, inputs, ...kernel]);
  const turned = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inputs, out / groups, ...kernel]);
  return conv2d(g, turned, { padding: rest, dilation, groups });
}

/**
 * The gradient in the input, of g, the weight and what the usual layout makes of them: that is lowered where ONNX Runtime's own layout does not
 * serve, and falls away where it does.
 */
const inputGradientOperation: Operation<ConvolutionAttributes> = {
  name: "conv2dInputGradient",
  lower: (emit, [g = "", weight = "", usual = ""], node) => {
    const { kernel, stride, dilation } = node.attributes;
    const { shape } = node.output();
    const slopes = node.input(0).shape;
    const rest = restOf(node.attributes);
    // With a stride the outputs of a 1×1 kernel have zeros between them; those of others overlap.
    const isSpread = kernel.every((n, i) => n === 1 && Number(slopes[2 + i]) * stride[i as 0 | 1] === shape[2 + i]);
    const fits = rest.every((n) => n >= 0) && (isSpread || stride.every((n) => n === 1));
    const size = [slopes[0] ?? 0, shape[1] ?? 0, slopes[2] ?? 0, slopes[3] ?? 0];
    if (!(fits && convolvesBlocked(emit, g, slopes, size, kernel))) return [usual];
    const filters = turnedFilters(emit, weight, staticShape("conv2d", node.input(1).shape));
    const windows = { kernel, stride: [1, 1], padding: rest, dilation } as const;
    const inputs = Number(shape[1]);
    const convolved = blockedConvolution(emit, g, filters, undefined, inputs, windows);
    return [isSpread ? blockedSpread(emit, convolved, size as readonly number[], stride) : convolved];
  },
  // Linear in g and in the weight, as conv2d is in x and in the weight.
  vjp: ([u], node, wanted) => {
    if (!u) return [];
    const [g, weight] = [node.input(0), node.input(1)];
    return [
      wanted[0] ? conv2d(u, weight, node.attributes) : undefined,
      wanted[1] ? weightGradient(u, g, weight.shape, node.attributes) : undefined,
    ];
  },
};

/**
 * The gradient in the weight of conv2d(x, weight), `g` being that of its output: matrix products over the output's positions, or a convolution in
 * ONNX Runtime's own layout. It convolves x with g in the usual one, the textbook form, at a third of its speed at best.
 */
function weightGradient(x: Tensor, g: Tensor, shape: Shape, attributes: ConvolutionAttributes): Tensor {
  const { kernel, groups } = attributes;
  const [out = 0, inputs = 0] = staticShape("conv2d", shape);
  if (kernel.every((n) => n === 1)) return pointwiseGradient(x, g, [out, inputs], attributes);
  const products = productsGradient(x, g, [out, inputs], attributes);
  if (groups > 1) return products;
  return apply(weightGradientOperation, [x, g, products], attributes, { shape, dtype: x.dtype });
}

/**
 * The gradient in the weight, of x, g and what matrix products make of them: those are lowered where ONNX Runtime's own layout does not serve,
 * and fall away where it does.
 */
const weightGradientOperation: Operation<ConvolutionAttributes> = {
  name: "conv2dWeightGradient",
  lower: (emit, [x = "", g = "", products = ""], node) => {
    const size = blockedGradientSize(emit, node.input(0).shape, node.input(1).shape, node.attributes);
    return [size ? blockedGradient(emit, x, g, size) : products];
  },
  // Linear in x and in g, as conv2d is in x and in the weight.
  vjp: ([u], node, wanted) => {
    if (!u) return [];
    const [x, g] = [node.input(0), node.input(1)];
    return [
      wanted[0] ? inputGradient(g, u, x.shape, node.attributes) : undefined,
      wanted[1] ? conv2d(x, u, node.attributes) : undefined,
    ];
  },
};

function productsGradient(x: Tensor, g: Tensor, [out, inputs]: Two, attributes: ConvolutionAttributes): Tensor {
  const { kernel, stride, padding, dilation, groups } = attributes;
  const reach = two((i) => dilation[i] * (kernel[i] - 1));
  const isInside = padding.every((n, i) => n <= reach[i as 0 | 1]);
  if (groups === 1 && stride.every((n) => n === 1) && isInside && inputs >= fewChannels) {
    return shiftingGradient(x, g, [out, inputs], attributes);
  }
  return columnsGradient(x, g, [out, inputs], attributes);
}

/** With fewer input channels the products are too narrow. */
const fewChannels = 16;

/** Σ over images of a·bᵀ: a `[batch, groups, m, positions]`, b `[batch, groups, n, positions]` → `[groups, m, n]`. */
const outer = (a: Tensor, b: Tensor): Tensor => sum(matmul(a, b, { transposeB: true }), 0);

const grouped = (x: Tensor, groups: number, channels: number): Tensor =>
  reshape(x, [dimAt(x.shape, 0), groups, channels, -1]);

/** x with the zeros around it that the padding asks for. */
const padded = (x: Tensor, [vertical, horizontal]: Two): Tensor =>
  pad(x, [
    [2, vertical, vertical],
    [3, horizontal, horizontal],
  ]);

/** The elements of x (padded) that one of the kernel's elements meets. */
function met(x: Tensor, g: Tensor, { stride }: Windows, start: Two): Tensor {
  return two((i) => i).reduce((part, i) => {
    const [from = 0, step = 1] = [start[i as 0 | 1], stride[i as 0 | 1]];
    return slice(part, 2 + i, from, from + (Number(g.shape[2 + i]) - 1) * step + 1, step);
  }, x);
}

function pointwiseGradient(x: Tensor, g: Tensor, [out, inputs]: Two, attributes: ConvolutionAttributes): Tensor {
  const { groups, padding } = attributes;
  const reached = met(padded(x, padding), g, attributes, [0, 0]);
  const positions = sizeOf(g.shape.slice(2));
  if (groups === 1 && out * inputs > positions * (out + inputs)) {
    const rows = (tensor: Tensor) => reshape(transpose(tensor, [1, 0, 2, 3]), [dimAt(tensor.shape, 1), -1]);
    return reshape(matmul(rows(g), rows(reached), { transposeB: true }), [out, inputs, 1, 1]);
  }
  const [left, right] = [grouped(reached, groups, inputs), grouped(g, groups, out / groups)];
  // ONNX Runtime repacks the transposed operand, so that is the smaller one.
  const product = inputs * groups >= out ? transpose(outer(left, right)) : outer(right, left);
  return reshape(product, [out, inputs, 1, 1]);
}

/**
 * For stride 1. All images of a channel lie behind each other in one row, each with zeros after its rows and columns, so that moving by a
 * kernel's element is moving along the row: what leaves an image meets zeros. A product for each of the kernel's columns, of x moved by it
 * with g moved back by every one of the kernel's rows, has everything.
 *
 * By 130 to 150 GFLOP/s of one thread in the products of ResNet-20 with 128 images; few and contiguous copies count for more than the zeros.
 */
function shiftingGradient(x: Tensor, g: Tensor, [out, inputs]: Two, attributes: ConvolutionAttributes): Tensor {
  const { kernel, padding, dilation } = attributes;
  // From the first of the kernel's elements to the one over the output's position, and from there to the last.
  const after = two((i) => dilation[i] * (kernel[i] - 1) - padding[i]);
  const frame = two((i) => Number(x.shape[2 + i]) + Math.max(padding[i], after[i]));
  const line = (images: Tensor) => {
    const byChannel = transpose(images, [1, 0, 2, 3]);
    return reshape(filled(filled(byChannel, 3, frame[1]), 2, frame[0]), [dimAt(byChannel.shape, 0), -1]);
  };
  const [source, slopes] = [line(x), line(g)];
  const moved = (row: Tensor, by: number) => pad(row, [[1, -by, by]]);
  const left = concat(
    Array.from({ length: kernel[0] }, (_, i) => moved(slopes, -(i * dilation[0] - padding[0]) * frame[1])),
  );
  const products = Array.from({ length: kernel[1] }, (_, i) =>
    matmul(left, moved(source, i * dilation[1] - padding[1]), { transposeB: true }),
  );
  return transpose(reshape(stack(products), [kernel[1], kernel[0], out, inputs]), [2, 3, 1, 0]);
}

/** Zeros after the elements of an axis, up to a length: joined, which ONNX Runtime does twice as fast as padding where the axis is short. */
function filled(x: Tensor, axis: number, length: number): Tensor {
  const missing = length - Number(x.shape[axis]);
  if (missing === 0) return x;
  return concat(
    [
      x,
      expand(
        constant(0, [], x.dtype),
        x.shape.map((dim, i) => (i === axis ? missing : dim)),
      ),
    ],
    axis,
  );
}

function columnsGradient(x: Tensor, g: Tensor, [out, inputs]: Two, attributes: ConvolutionAttributes): Tensor {
  const { kernel, groups, ...windows } = attributes;
  const columns = conv2d(x, unitKernels(x, kernel), { ...windows, groups: inputs * groups });
  const product = outer(grouped(columns, groups, inputs * kernel[0] * kernel[1]), grouped(g, groups, out / groups));
  return reshape(transpose(product), [out, inputs, ...kernel]);
}

/** For each channel of x, every kernel that is one at one place and zero elsewhere: a convolution with them gives the windows' elements. */
function unitKernels(x: Tensor, kernel: Two): Tensor {
  const size = kernel[0] * kernel[1];
  const channels = sizeOf([dimAt(x.shape, 1)]);
  const data = new Float64Array(channels * size * size);
  for (let row = 0; row < channels * size; row++) data[row * size + (row % size)] = 1;
  return constant(data, [channels * size, 1, ...kernel], x.dtype);
}
