/**
 * Images in ONNX Runtime's own layout `[batch, channels / block, height, width, block]`, in which its convolutions are fastest. What stands
 * between convolutions is lowered to it too, so that images need no reordering there; results are known in both layouts, and the reordering
 * to the usual one falls away where nothing needs it.
 */
import { blockedDomain, type Emitter } from "../emitter.ts";
import { sameShape } from "../shape.ts";
import type { Node } from "../tensor.ts";

const convolution = `${blockedDomain}.Conv`;

/** Whether the node's images are to be computed in that layout: one of its operands has been. */
function isBlocked(emit: Emitter, inputs: readonly string[], node: Node): boolean {
  const { shape, dtype } = node.output();
  const [, channels] = shape;
  if (emit.channelBlock === 1 || shape.length !== 4 || Number(channels) % emit.channelBlock !== 0) return false;
  if (!(dtype === "float32" || dtype === "bool") || !shape.every((dim) => typeof dim === "number")) return false;
  const fits = node.inputs.every(
    (input, i) =>
      input.rank === 0 ||
      // Only numbers can be reordered.
      (sameShape(input.shape, shape) && (input.dtype === "float32" || emit.hasBlocked(inputs[i] ?? ""))),
  );
  return fits && inputs.some((name) => emit.hasBlocked(name));
}

/** Lowers an elementwise operation, in either layout. */
export function elementwise(
  emit: Emitter,
  inputs: readonly string[],
  node: Node,
  lower: (inputs: readonly string[]) => string,
): readonly string[] {
  if (!isBlocked(emit, inputs, node)) return [lower(inputs)];
  const y = lower(inputs.map((name, i) => (node.input(i).rank === 0 ? name : emit.blocked(name))));
  const { shape, dtype } = node.output();
  if (dtype === "float32") return [emit.unblocked(y, Number(shape[1]))];
  const x = lower(inputs);
  emit.sameImages(x, y);
  return [x];
}

/**
 * x·scale + shift for each channel, of images x in the blocked layout; scale and shift are `[channels]`. A convolution of one pixel, channel by
 * channel, is one pass in all threads.
 * @param pads pixels of value `shift` before the rows, before the columns, after the rows and after the columns
 */
export function channelwise(
  emit: Emitter,
  x: string,
  scale: string,
  shift: string | undefined,
  channels: number,
  pads: readonly number[] = [0, 0, 0, 0],
): string {
  const weight = emit.node("Reshape", [scale, emit.int64([channels, 1, 1, 1])]);
  return emit.node(convolution, [emit.blocked(x), weight, ...(shift === undefined ? [] : [shift])], {
    kernel_shape: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads,
    group: channels,
  });
}

/** The operands and attributes of what `channelwise` wrote, where x is that. */
function channelwiseOf(emit: Emitter, x: string) {
  const made = emit.made(x);
  const isOnePixel = made?.type === convolution && `${made.attributes.kernel_shape}` === "1,1";
  return isOnePixel && Number(made.attributes.group) > 1 ? made : undefined;
}

/** max(x, 0); in one pass with a `channelwise` before it, which falls away where nothing else needs it. */
export function rectified(emit: Emitter, x: string): string {
  const made = channelwiseOf(emit, x);
  if (!made) return emit.node("Relu", [x]);
  return emit.node(made.type, made.inputs, { ...made.attributes, activation: "Relu" });
}

/** a + b; in one pass with a `channelwise` that computes one of them, which falls away where nothing else needs it. */
export function added(emit: Emitter, a: string, b: string): string {
  for (const [own, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const made = channelwiseOf(emit, own);
    if (made?.inputs.length === 3 && made.attributes.activation === undefined) {
      return emit.node(made.type, [...made.inputs, other], made.attributes);
    }
  }
  return emit.node("Add", [a, b]);
}

/** Sums of images in the blocked layout over height and width, `[batch, channels]`. */
export function pixelSums(
  emit: Emitter,
  x: string,
  [batch = 0, channels = 0, height = 0, width = 0]: readonly number[],
): string {
  const { channelBlock: block } = emit;
  const shape = [batch * (channels / block), height * width, block];
  const blocks = emit.node("Reshape", [emit.blocked(x), emit.int64(shape)]);
  const sums = emit.node("ReduceSum", [blocks, emit.int64([1])], { keepdims: 0 });
  return emit.node("Reshape", [sums, emit.int64([batch, channels])]);
}

/** Sums of images in the blocked layout over all but the channels, `[channels]`. */
export const channelSums = (emit: Emitter, x: string, shape: readonly number[]): string =>
  emit.node("ReduceSum", [pixelSums(emit, x, shape), emit.int64([0])], { keepdims: 0 });
