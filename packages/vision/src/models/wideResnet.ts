/** Wide residual networks (Zagoruyko & Komodakis 2016), with the names of the usual PyTorch implementation. */
import { add, globalAveragePool2d, relu, type Tensor } from "@era/tensor";
import { composed, convolution, dense, dropped, type Layer, normalization, plain } from "./layer.ts";
import type { Network } from "./network.ts";
import type { ResnetOptions } from "./resnet.ts";

export interface WideResnetOptions extends ResnetOptions {
  /** Of the elements between a block's two convolutions. */
  readonly dropout?: number;
}

/** Normalization and ReLU before each convolution; where the size changes the shortcut starts after the first of them. */
function block(inputs: number, out: number, stride: number, rate: number): Layer {
  const isSame = inputs === out;
  const parts = composed({
    bn1: normalization(inputs),
    conv1: convolution(inputs, out, { stride }),
    bn2: normalization(out),
    dropout: dropped(rate),
    conv2: convolution(out, out),
    convShortcut: isSame ? plain((x) => x) : convolution(inputs, out, { kernel: 1, stride }),
  });
  return {
    keeps: parts.keeps,
    forward: (x, pass) => {
      const active = relu(parts.apply("bn1", x, pass));
      const y = relu(parts.apply("bn2", parts.apply("conv1", active, pass), pass));
      const z = parts.apply("conv2", parts.apply("dropout", y, pass), pass);
      return add(z, parts.apply("convShortcut", isSame ? x : active, pass));
    },
  };
}

/**
 * WideResNet-`depth`-`widening` for images of 32²: WRN-28-10 has 36.5 million parameters.
 * @throws RangeError where the depth is not 6n + 4
 */
export function wideResnet(
  depth: number,
  widening: number,
  { classes = 10, channels = 3, dropout = 0 }: WideResnetOptions = {},
): Network {
  const count = (depth - 4) / 6;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`wideResnet: the depth is ${depth}; it must be 6n + 4, such as 28 or 40`);
  }
  if (!(Number.isInteger(widening) && widening >= 1)) {
    throw new RangeError(`wideResnet: the widening is ${widening}; it must be a whole number from 1`);
  }
  let inputs = 16;
  const stages = [16, 32, 64].map((width, stage) => {
    const out = width * widening;
    const layers = Array.from({ length: count }, (_, i) => {
      const layer = block(inputs, out, i === 0 && stage > 0 ? 2 : 1, dropout);
      inputs = out;
      return [`block${stage + 1}.layer.${i}`, layer] as const;
    });
    return layers;
  });
  const blocks = stages.flat();
  const parts = composed<string>({
    conv1: convolution(channels, 16),
    ...Object.fromEntries(blocks),
    bn1: normalization(inputs),
    fc: dense(inputs, classes),
  });
  return {
    name: `wrn-${depth}-${widening}`,
    classes,
    image: [channels, 32, 32],
    keeps: parts.keeps,
    forward: (images, pass) => {
      const first = parts.apply("conv1", images, pass);
      const last = blocks.reduce((x: Tensor, [name]) => parts.apply(name, x, pass), first);
      return parts.apply("fc", globalAveragePool2d(relu(parts.apply("bn1", last, pass))), pass);
    },
  };
}
