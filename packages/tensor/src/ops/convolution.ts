/**
 * Convolutions of images `[batch, channels, height, width]`, as PyTorch defines them. Both derivatives are written with operations that
 * ONNX Runtime has fast kernels for, so that they differentiate again.
 */
import { requireFloat } from "../dtype.ts";
import { blockedDomain, type Emitter, type OnnxAttribute } from "../emitter.ts";
import { type Dim, dimAt, formatShape, type Shape, ShapeError, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, constant, type Node, type Operation, type Tensor } from "../tensor.ts";
import { topologicalOrder } from "../topology.ts";
import { concat, expand, flip, pad, reshape, slice, stack, transpose } from "./layout.ts";
import { matmul } from "./linear.ts";
import { sum } from "./reduce.ts";

/** One number for height and width, or one for each. */
export type Pair = number | readonly [height: number, width: number];

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

type Two = readonly [height: number, width: number];

/** The place of the windows: what convolution and pooling share. */
export interface Windows {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

interface ConvolutionAttributes extends Attributes, Windows {
  readonly groups: number;
}

interface TransposedAttributes extends ConvolutionAttributes {
  readonly outputPadding: Two;
}

/** Both numbers of a pair. Throws ShapeError where they are not whole numbers from `least`. */
export function pair(op: string, name: string, value: Pair, least: number): Two {
  const both: Two = typeof value === "number" ? [value, value] : value;
  if (!both.every((n) => Number.isSafeInteger(n) && n >= least)) {
    throw new ShapeError(`${op}: ${name} is ${both.join(", ")}; it must be whole numbers from ${least}`);
  }
  return both;
}

const two = (f: (axis: 0 | 1) => number): Two => [f(0), f(1)];

/** Height and width of what the windows give. Throws ShapeError where no window fits. */
export function windowed(op: string, shape: Shape, { kernel, stride, padding, dilation }: Windows): Two {
  const [height, width] = staticShape(op, shape.slice(2));
  const size = two((i) => {
    const length = (i === 0 ? height : width) ?? 0;
    return Math.floor((length + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1;
  });
  if (!size.every((n) => n >= 1)) {
    throw new ShapeError(
      `${op}: a window of ${kernel.join("×")} is larger than ${formatShape(shape)} with its padding`,
    );
  }
  return size;
}

/** The windows as ONNX attributes. */
export const windowAttributes = ({ kernel, stride, padding, dilation }: Windows) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...padding, ...padding],
  dilations: dilation,
});

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
    const attributes = { ...windowAttributes(node.attributes), group: node.attributes.groups };
    return [isBlocked(emit, node) ? blocked(emit, inputs, node, attributes) : emit.node("Conv", inputs, attributes)];
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

/** Below this many output positions in a batch, turning the weight around costs more than the faster kernel saves. */
const fewPositions = 4096;

/**
 * Whether a convolution is faster in ONNX Runtime's own layout, with reordering x, weight and result: 1.2 to 1.7 times with 16 to 64 channels,
 * since the kernel there needs no columns (215 to 260 GFLOP/s of one thread with 32 and 64 channels, 115 to 150 without).
 */
function isBlocked({ channelBlock }: Emitter, node: Node<ConvolutionAttributes>): boolean {
  const { shape } = node.output();
  const [, inputs = 0] = node.input(0).shape;
  const [batch, out, ...size] = shape;
  const { kernel, groups } = node.attributes;
  if (channelBlock === 1 || groups > 1 || typeof batch !== "number" || kernel.every((n) => n === 1)) return false;
  const isWhole = (channels: Dim | undefined) => Number(channels) % channelBlock === 0;
  return isWhole(out) && isWhole(inputs) && batch * sizeOf(size) >= fewPositions;
}

/** The convolution in ONNX Runtime's layout, by the operators that its optimizer uses where weights are constants. */
function blocked(
  emit: Emitter,
  [x = "", weight = "", ...bias]: readonly string[],
  node: Node<ConvolutionAttributes>,
  attributes: Readonly<Record<string, OnnxAttribute>>,
): string {
  const { channelBlock: block } = emit;
  const shape = staticShape("conv2d", node.input(1).shape);
  const [out = 0, inputs = 0, height = 0, width = 0] = shape;
  const split = emit.node("Reshape", [weight, emit.int64([out / block, block, inputs / block, block, height, width])]);
  const turned = emit.node("Transpose", [split], { perm: [0, 2, 4, 5, 3, 1] });
  const filters = emit.node("Reshape", [turned, emit.int64(shape)]);
  const result = emit.node(`${blockedDomain}.Conv`, [emit.blocked(x), filters, ...bias], attributes);
  return emit.unblocked(result, out);
}

/** Whether a convolution is among what the values are computed from. */
export const convolves = (values: readonly Tensor[]): boolean =>
  topologicalOrder(values).some(({ operation: { name } }) =>
    [convolution, weightGradientOperation].some((own) => own.name === name),
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
  const { kernel, stride, padding, dilation, groups } = attributes;
  const rest = two((i) => dilation[i] * (kernel[i] - 1) - padding[i]);
  const [batch = 0, , height = 0, width = 0] = staticShape("conv2d", g.shape);
  const isPointwise = kernel.every((n) => n === 1);
  // A convolution with the weight turned around: 10 to 25 % faster than ONNX Runtime's ConvTranspose.
  if (
    stride.every((n) => n === 1) &&
    rest.every((n) => n >= 0) &&
    (isPointwise || batch * height * width >= fewTransposedPositions)
  ) {
    const [out = 0, inputs = 0] = staticShape("conv2d", weight.shape);
    const grouped = reshape(flip(weight, [2, 3]), [groups, out / groups, inputs, ...kernel]);
    const turned = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inputs, out / groups, ...kernel]);
    return conv2d(g, turned, { padding: rest, dilation, groups });
  }
  const outputPadding = two((i) => {
    const length = Number(shape[2 + i]);
    return length - ((Number(g.shape[2 + i]) - 1) * stride[i] + 1 + rest[i] - padding[i]);
  });
  return convTranspose2d(g, weight, { stride, padding, dilation, groups, outputPadding });
}

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
    const size = blockedGradientSize(emit, node);
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

interface BlockedGradientSize {
  readonly batch: number;
  readonly inputs: number;
  readonly out: number;
  /** Height and width of x, of g and of the weight. */
  readonly image: Two;
  readonly slopes: Two;
  readonly kernel: Two;
  readonly stride: Two;
  /** Zeros before and after x that the windows reach. */
  readonly before: Two;
  readonly after: Two;
}

/** With images of more positions the filter that g is outgrows the caches. */
const manySlopes = 64 * 64;

/** What `blockedGradient` needs to know; undefined where it does not serve. */
function blockedGradientSize(
  { channelBlock: block }: Emitter,
  node: Node<ConvolutionAttributes>,
): BlockedGradientSize | undefined {
  const [x, g] = [node.input(0).shape, node.input(1).shape];
  if (block === 1 || ![...x, ...g].every((dim) => typeof dim === "number")) return undefined;
  const { kernel, stride, padding, dilation } = node.attributes;
  const [batch = 0, inputs = 0, ...image] = x as readonly number[];
  const [, out = 0, ...slopes] = g as readonly number[];
  const [images, outputs] = [two((i) => image[i] ?? 0), two((i) => slopes[i] ?? 0)];
  const after = two((i) => (outputs[i] - 1) * stride[i] + kernel[i] - images[i] - padding[i]);
  const serves =
    [batch, inputs, out].every((n) => n % block === 0) &&
    dilation.every((n) => n === 1) &&
    after[0] >= 0 &&
    batch * sizeOf(outputs) >= fewTransposedPositions &&
    sizeOf(outputs) <= manySlopes;
  return serves
    ? { batch, inputs, out, image: images, slopes: outputs, kernel, stride, before: padding, after }
    : undefined;
}

/**
 * The gradient in the weight as one convolution in ONNX Runtime's layout, in which a block of images takes the place of the block of channels:
 * g is the filter, as high and wide as itself, and what it meets of x at each of the kernel's places is an output. The channels of x lie beside
 * each other along its width, which the filter's dilation steps over, so that the outputs of a row are many; g's channels are the output's. Each
 * block of images is a group of its own, and their sum is the gradient.
 *
 * By 120 (16 channels) to 250 GFLOP/s (64) of one thread, and all of it but the frame runs in all threads, as copies do not. Sums of a block are
 * sequential: rounding is some 5e-6 of the largest element in layers of CIFAR's size.
 */
function blockedGradient(emit: Emitter, x: string, g: string, size: BlockedGradientSize): string {
  const { channelBlock: block } = emit;
  const { batch, inputs, out, image, slopes, kernel, stride, before, after } = size;
  const groups = batch / block;
  const reshaped = (value: string, shape: readonly number[]) => emit.node("Reshape", [value, emit.int64(shape)]);
  const reordered = (value: string, channelsLast = 0) =>
    emit.node(`${blockedDomain}.ReorderInput`, [value], channelsLast ? { channels_last: 1 } : {});
  // A single block of channels lies in the order that is asked for.
  const pixels =
    inputs === block
      ? emit.blocked(x)
      : emit.node(`${blockedDomain}.ReorderOutput`, [emit.blocked(x)], { channels: inputs, channels_last: 1 });
  const rows = reshaped(pixels, [batch, image[0], image[1] * inputs]);
  const width = (before[1] + image[1] + after[1]) * inputs;
  const pads = [0, 0, before[1] * inputs, 0, 0, after[1] * inputs];
  const framed = pads.some((n) => n !== 0) ? emit.node("Pad", [rows, emit.int64(pads)]) : rows;
  const source = reshaped(reordered(reshaped(framed, [groups, block, image[0], width])), [1, batch, image[0], width]);
  const flat = reshaped(emit.blocked(g), [groups, block, 1, out * slopes[0] * slopes[1]]);
  const filters = reshaped(reordered(flat, 1), [groups * out, block, ...slopes]);
  const parts = emit.node(`${blockedDomain}.Conv`, [source, filters], {
    kernel_shape: slopes,
    strides: [1, 1],
    dilations: [stride[0], stride[1] * inputs],
    pads: [before[0], 0, after[0], 0],
    group: groups,
  });
  const together = emit.node("ReduceSum", [reshaped(parts, [groups, -1]), emit.int64([0])], { keepdims: 0 });
  const places = reshaped(together, [out / block, kernel[0], kernel[1], inputs, block]);
  return reshaped(emit.node("Transpose", [places], { perm: [0, 4, 3, 1, 2] }), [out, inputs, ...kernel]);
}

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
