/** Windows over images: what convolution and pooling share. */
import { formatShape, type Shape, ShapeError, staticShape } from "../shape.ts";

/** One number for height and width, or one for each. */
export type Pair = number | readonly [height: number, width: number];

/** A number for height and one for width. */
export type Two = readonly [height: number, width: number];

/** The place of the windows: what convolution and pooling share. */
export interface Windows {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

/** Both numbers of a pair. Throws ShapeError where they are not whole numbers from `least`. */
export function pair(op: string, name: string, value: Pair, least: number): Two {
  const both: Two = typeof value === "number" ? [value, value] : value;
  if (!both.every((n) => Number.isSafeInteger(n) && n >= least)) {
    throw new ShapeError(`${op}: ${name} is ${both.join(", ")}; it must be whole numbers from ${least}`);
  }
  return both;
}

export const two = (f: (axis: 0 | 1) => number): Two => [f(0), f(1)];

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
