/** Small networks for MNIST and its like, `[1, 28, 28]`. */
import { maxPool2d, relu, reshape, type Tensor } from "@era/tensor";
import { composed, convolution, dense, dropped } from "./layer.ts";
import type { Network } from "./network.ts";
import type { ResnetOptions } from "./resnet.ts";

export interface SmallOptions extends ResnetOptions {
  /** Height and width of the images. */
  readonly size?: number;
  /** Of the last hidden layer; each layer has its own default. */
  readonly dropout?: number;
}

const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0] ?? -1, -1]);

/** Fully connected layers of these widths with ReLU between: `fc1`, `fc2`, … */
export function mlp(
  hidden: readonly number[] = [256, 256],
  { classes = 10, channels = 1, size = 28, dropout = 0 }: SmallOptions = {},
): Network {
  const widths = [channels * size * size, ...hidden, classes];
  const layers = widths.slice(1).map((width, i) => [`fc${i + 1}`, dense(widths[i] ?? 0, width)] as const);
  const parts = composed<string>({ ...Object.fromEntries(layers), dropout: dropped(dropout) });
  return {
    name: "mlp",
    classes,
    image: [channels, size, size],
    keeps: parts.keeps,
    forward: (images, pass) =>
      layers.reduce((x: Tensor, [name], i) => {
        const isLast = i === layers.length - 1;
        const y = parts.apply(name, isLast ? parts.apply("dropout", x, pass) : x, pass);
        return isLast ? y : relu(y);
      }, flat(images)),
  };
}

/** The network of PyTorch's MNIST example: two 3×3 convolutions of 32 and 64 channels, a pooling, a layer of 128; 99 % on MNIST. */
export function smallCnn({ classes = 10, channels = 1, size = 28, dropout = 0 }: SmallOptions = {}): Network {
  const side = Math.floor((size - 4) / 2);
  const parts = composed({
    conv1: convolution(channels, 32, { padding: 0, bias: true, fan: "in" }),
    conv2: convolution(32, 64, { padding: 0, bias: true, fan: "in" }),
    fc1: dense(64 * side * side, 128),
    dropout: dropped(dropout),
    fc2: dense(128, classes),
  });
  return {
    name: "cnn",
    classes,
    image: [channels, size, size],
    keeps: parts.keeps,
    forward: (images, pass) => {
      const x = relu(parts.apply("conv1", images, pass));
      const y = maxPool2d(relu(parts.apply("conv2", x, pass)), 2);
      const z = relu(parts.apply("fc1", flat(y), pass));
      return parts.apply("fc2", parts.apply("dropout", z, pass), pass);
    },
  };
}
