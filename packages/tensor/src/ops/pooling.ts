/** Pooling of images `[batch, channels, height, width]`, as PyTorch defines it. */
import { requireFloat } from "../dtype.ts";
import { formatShape, ShapeError, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, constant, Node, type Operation, type Tensor } from "../tensor.ts";
import { convTranspose2d } from "./convolution.ts";
import { div } from "./elementwise.ts";
import { scatterAdd } from "./indexing.ts";
import { expand, reshape } from "./layout.ts";
import { mean } from "./reduce.ts";
import { type Pair, pair, type Windows, windowAttributes, windowed } from "./windows.ts";

export interface PoolingOptions {
  /** Between windows; the kernel's size where left out. */
  readonly stride?: Pair;
  /** On both sides; at most half the kernel. */
  readonly padding?: Pair;
}

interface PoolingAttributes extends Attributes, Windows {}

function checked(
  op: string,
  x: Tensor,
  kernel: Pair,
  { stride = kernel, padding = 0 }: PoolingOptions,
): PoolingAttributes {
  requireFloat(op, x.dtype);
  if (x.rank !== 4) throw new ShapeError(`${op}: needs [batch, channels, height, width], not ${formatShape(x.shape)}`);
  const attributes = {
    kernel: pair(op, "kernel", kernel, 1),
    stride: pair(op, "stride", stride, 1),
    padding: pair(op, "padding", padding, 0),
    dilation: [1, 1] as const,
  };
  if (attributes.padding.some((width, i) => 2 * width > attributes.kernel[i as 0 | 1])) {
    throw new ShapeError(
      `${op}: padding ${attributes.padding.join(", ")} is more than half the kernel ${attributes.kernel.join(", ")}`,
    );
  }
  return attributes;
}

const maxPooling: Operation<PoolingAttributes> = {
  name: "maxPool2d",
  lower: (emit, inputs, node) => emit.nodes("MaxPool", inputs, windowAttributes(node.attributes), 2),
  vjp: ([g], node) => {
    if (!g) return [];
    const { shape, dtype } = node.input(0);
    const size = sizeOf(shape);
    // Positions count through the whole input, in row-major order.
    const places = reshape(node.output(1), [-1]);
    const zeros = expand(constant(0, [], dtype), [size]);
    return [reshape(scatterAdd(zeros, places, reshape(g, [-1])), shape)];
  },
};

/** The largest element of each window; of equal ones the first takes the derivative. */
export function maxPool2d(x: Tensor, kernel: Pair, options: PoolingOptions = {}): Tensor {
  const attributes = checked("maxPool2d", x, kernel, options);
  const shape = [...x.shape.slice(0, 2), ...windowed("maxPool2d", x.shape, attributes)];
  const types = [
    { shape, dtype: x.dtype },
    { shape, dtype: "int64" as const },
  ];
  return new Node(maxPooling, [x], attributes, types).output();
}

const averagePooling: Operation<PoolingAttributes> = {
  name: "avgPool2d",
  lower: (emit, inputs, node) => {
    const { dilations: _, ...windows } = windowAttributes(node.attributes);
    return [emit.node("AveragePool", inputs, { ...windows, count_include_pad: 1 })];
  },
  vjp: ([g], node) => {
    if (!g) return [];
    const { kernel, stride, padding } = node.attributes;
    const [, channels = 0, height = 0, width = 0] = staticShape("avgPool2d", node.input(0).shape);
    const size = kernel[0] * kernel[1];
    const ones = constant(new Float64Array(channels * size).fill(1), [channels, 1, ...kernel], g.dtype);
    const rest = (i: 0 | 1, length: number) =>
      length - ((Number(g.shape[2 + i]) - 1) * stride[i] + kernel[i] - 2 * padding[i]);
    const outputPadding = [rest(0, height), rest(1, width)] as const;
    return [convTranspose2d(div(g, size), ones, { stride, padding, groups: channels, outputPadding })];
  },
};

/** The mean of each window; zeros of the padding count (PyTorch's default). */
export function avgPool2d(x: Tensor, kernel: Pair, options: PoolingOptions = {}): Tensor {
  const attributes = checked("avgPool2d", x, kernel, options);
  const shape = [...x.shape.slice(0, 2), ...windowed("avgPool2d", x.shape, attributes)];
  return apply(averagePooling, [x], attributes, { shape, dtype: x.dtype });
}

/** The mean of each channel: `[batch, channels, height, width]` → `[batch, channels]`. */
export function globalAveragePool2d(x: Tensor): Tensor {
  if (x.rank !== 4) {
    throw new ShapeError(`globalAveragePool2d: needs [batch, channels, height, width], not ${formatShape(x.shape)}`);
  }
  return mean(x, [2, 3]);
}
