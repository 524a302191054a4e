/** Convolutions in ONNX Runtime's own layout of images, as ONNX nodes: the operators are those that its optimizer uses where weights are constants. */
import { blockedDomain, type Emitter } from "../emitter.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { channelwise } from "./blockedImages.ts";
import { type Two, two, type Windows, windowAttributes } from "./windows.ts";

/** Below this many output positions in a batch, reordering images and weights costs more than the faster kernel saves. */
const fewPositions = 4096;
/** The same where the images are in that layout already, and only the weights are to be reordered. */
const fewBlockedPositions = 256;

/**
 * Whether a convolution of the images x, without groups, is faster in that layout than in the usual one: by 1.2 to 1.7 times with 3×3 kernels and
 * 16 to 64 channels, since the kernel there needs no columns (215 to 260 GFLOP/s of one thread with 32 and 64 channels, 115 to 150 without), and
 * by 1.1 to 1.5 with 1×1 kernels, which does not pay for reordering images.
 */
export function convolvesBlocked(emit: Emitter, x: string, from: Shape, to: Shape, kernel: Two): boolean {
  const { channelBlock: block } = emit;
  if (block === 1 || ![...from, ...to].every((dim) => typeof dim === "number")) return false;
  const [batch = 0, out, ...size] = to as readonly number[];
  if (![from[1], out].every((channels) => Number(channels) % block === 0)) return false;
  const positions = batch * sizeOf(size);
  if (emit.hasBlocked(x)) return positions >= fewBlockedPositions;
  return positions >= fewPositions && kernel.some((n) => n > 1);
}

/** The convolution of x with filters as `blockedFilters` gives them. */
export function blockedConvolution(
  emit: Emitter,
  x: string,
  filters: string,
  bias: string | undefined,
  out: number,
  windows: Windows,
): string {
  const operands = [emit.blocked(x), filters, ...(bias === undefined ? [] : [bias])];
  const attributes = { ...windowAttributes(windows), group: 1 };
  return emit.unblocked(emit.node(`${blockedDomain}.Conv`, operands, attributes), out);
}

const reshaped = (emit: Emitter, value: string, shape: readonly number[]): string =>
  emit.node("Reshape", [value, emit.int64(shape)]);

/**
 * Reorderings of images serve for weights as well, in all threads where a Transpose has one: `[n, block, m]` → `[n, m, block]`.
 */
function swapped(emit: Emitter, value: string, [n, m]: Two): string {
  return m === 1
    ? value
    : emit.node(`${blockedDomain}.ReorderInput`, [reshaped(emit, value, [n, emit.channelBlock, m, 1])]);
}

/** `[n, block, m, block]` → `[n, m, block, block]`. */
function swappedBlocks(emit: Emitter, value: string, [n, m]: Two): string {
  const { channelBlock: block } = emit;
  if (m === 1) return value;
  const rows = reshaped(emit, value, [n, block, 1, m * block]);
  return emit.node(`${blockedDomain}.ReorderInput`, [rows], { channels_last: 1 });
}

/** A weight `[out, in, height, width]` as filters `[out / block, in / block, height, width, block (in), block (out)]`. */
export function blockedFilters(emit: Emitter, weight: string, shape: readonly number[]): string {
  const { channelBlock: block } = emit;
  const [out = 0, inputs = 0, height = 0, width = 0] = shape;
  const area = height * width;
  const byOut = swapped(emit, weight, [out / block, inputs * area]);
  return reshaped(emit, swappedBlocks(emit, byOut, [(out / block) * (inputs / block), area]), shape);
}

/** A weight `[out, in, height, width]` as filters of the gradient in the input: in and out change places, and the kernel is turned around. */
export function turnedFilters(emit: Emitter, weight: string, shape: readonly number[]): string {
  const { channelBlock: block } = emit;
  const [out = 0, inputs = 0, height = 0, width = 0] = shape;
  const area = height * width;
  const [outs, ins] = [out / block, inputs / block];
  const byInput = swapped(emit, weight, [out * ins, area]);
  const blocks = reshaped(emit, swappedBlocks(emit, byInput, [outs, ins * area]), [outs, ins, area, block * block]);
  const places = Array.from({ length: area }, (_, i) => area - 1 - i);
  const around = area === 1 ? blocks : emit.node("Gather", [blocks, emit.int64(places)], { axis: 2 });
  return reshaped(emit, emit.node("Transpose", [around], { perm: [1, 0, 2, 3] }), [inputs, out, height, width]);
}

export interface BlockedGradientSize {
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

/** Below this many positions in a batch the reordering costs more than the convolution saves. */
const fewGradientPositions = 1024;

/** With images of more positions the filter that g is outgrows the caches. */
const manySlopes = 64 * 64;

/** What `blockedGradient` needs to know; undefined where it does not serve. */
export function blockedGradientSize(
  { channelBlock: block }: Emitter,
  x: Shape,
  g: Shape,
  { kernel, stride, padding, dilation }: Windows,
): BlockedGradientSize | undefined {
  if (block === 1 || ![...x, ...g].every((dim) => typeof dim === "number")) return undefined;
  const [batch = 0, inputs = 0, ...image] = x as readonly number[];
  const [, out = 0, ...slopes] = g as readonly number[];
  const [images, outputs] = [two((i) => image[i] ?? 0), two((i) => slopes[i] ?? 0)];
  const after = two((i) => (outputs[i] - 1) * stride[i] + kernel[i] - images[i] - padding[i]);
  const serves =
    [batch, inputs, out].every((n) => n % block === 0) &&
    dilation.every((n) => n === 1) &&
    after.every((n) => n >= 0) &&
    batch * sizeOf(outputs) >= fewGradientPositions &&
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
 * By 120 (16 channels) to 250 GFLOP/s (64) of one thread, and all of it runs in all threads, as copies do not. Sums of a block are
 * sequential: rounding is some 5e-6 of the largest element in layers of CIFAR's size.
 */
export function blockedGradient(emit: Emitter, x: string, g: string, size: BlockedGradientSize): string {
  const { channelBlock: block } = emit;
  const { batch, inputs, out, image, slopes, kernel, stride, before, after } = size;
  const groups = batch / block;
  const frame = [before[1], after[1]] as const;
  const width = before[1] + image[1] + after[1];
  const framed = frame.some((n) => n > 0) ? widened(emit, x, inputs, frame) : emit.blocked(x);
  // A single block of channels lies in the order that is asked for: all channels of a pixel together.
  const pixels =
    inputs === block
      ? framed
      : emit.node(`${blockedDomain}.ReorderOutput`, [framed], { channels: inputs, channels_last: 1 });
  const columns = width * inputs;
  const byBlock = reshaped(emit, pixels, [groups, block, image[0], columns]);
  const source = reshaped(emit, emit.node(`${blockedDomain}.ReorderInput`, [byBlock]), [1, batch, image[0], columns]);
  const byImage = swappedBlocks(emit, emit.blocked(g), [groups, (out / block) * sizeOf(slopes)]);
  const filters = reshaped(emit, byImage, [groups * out, block, ...slopes]);
  const parts = emit.node(`${blockedDomain}.Conv`, [source, filters], {
    kernel_shape: slopes,
    strides: [1, 1],
    dilations: [stride[0], stride[1] * inputs],
    pads: [before[0], 0, after[0], 0],
    group: groups,
  });
  const together = emit.node("ReduceSum", [reshaped(emit, parts, [groups, -1]), emit.int64([0])], { keepdims: 0 });
  const places = reshaped(emit, together, [out / block, kernel[0], kernel[1], inputs, block]);
  return reshaped(emit, emit.node("Transpose", [places], { perm: [0, 4, 3, 1, 2] }), [out, inputs, ...kernel]);
}

/** Images in the blocked layout with columns of zeros before and after theirs; Pad would have one thread. */
const widened = (emit: Emitter, x: string, channels: number, [before, after]: Two): string =>
  channelwise(emit, x, emit.filled("float32", channels, 1), undefined, channels, [0, before, 0, after]);

/** Images `[batch, channels, height, width]` with zeros after each pixel and row, so that they are `stride` times as high and wide. */
export function blockedSpread(emit: Emitter, x: string, shape: readonly number[], [down, across]: Two): string {
  const { channelBlock: block } = emit;
  const [batch = 0, channels = 0, height = 0, width = 0] = shape;
  if (down === 1 && across === 1) return x;
  const rows = reshaped(emit, emit.blocked(x), [batch * (channels / block) * height, 1, width, block]);
  const pads = [0, 0, 0, 0, 0, down - 1, 0, (across - 1) * block];
  const spread = emit.node("Pad", [rows, emit.int64(pads)]);
  return emit.unblocked(reshaped(emit, spread, [batch, channels, height * down, width * across]), channels);
}
