/** Residual networks (He et al. 2016), with torchvision's names. */
import { add, globalAveragePool2d, maxPool2d, pad, relu, slice, type Tensor } from "@era/tensor";
import { composed, convolution, dense, type Layer, normalization, plain, sequence } from "./layer.ts";
import type { Network } from "./network.ts";

/** The first layers: 7×7 with stride 2 and a pooling for images of 224², one 3×3 convolution for those of 32². */
export type Stem = "imagenet" | "cifar";

interface BlockSettings {
  readonly inputs: number;
  readonly width: number;
  readonly stride: number;
  readonly fan: "in" | "out";
  readonly shortcut: Layer | undefined;
  /** What the last normalization's weight begins with. */
  readonly lastScale: number;
}

/** Two 3×3 convolutions beside a shortcut. */
function basicBlock({ inputs, width, stride, fan, shortcut, lastScale }: BlockSettings): Layer {
  const parts = composed({
    conv1: convolution(inputs, width, { stride, fan }),
    bn1: normalization(width),
    conv2: convolution(width, width, { fan }),
    bn2: normalization(width, { scale: lastScale }),
    downsample: shortcut ?? identity,
  });
  return {
    keeps: parts.keeps,
    forward: (x, pass) => {
      const y = relu(parts.apply("bn1", parts.apply("conv1", x, pass), pass));
      const z = parts.apply("bn2", parts.apply("conv2", y, pass), pass);
      return relu(add(z, parts.apply("downsample", x, pass)));
    },
  };
}

/** 1×1, 3×3 and 1×1 convolutions beside a shortcut; the 3×3 one has the stride ("v1.5", as torchvision has it). */
function bottleneck({ inputs, width, stride, fan, shortcut, lastScale }: BlockSettings): Layer {
  const out = width * bottleneckExpansion;
  const parts = composed({
    conv1: convolution(inputs, width, { kernel: 1, fan }),
    bn1: normalization(width),
    conv2: convolution(width, width, { stride, fan }),
    bn2: normalization(width),
    conv3: convolution(width, out, { kernel: 1, fan }),
    bn3: normalization(out, { scale: lastScale }),
    downsample: shortcut ?? identity,
  });
  return {
    keeps: parts.keeps,
    forward: (x, pass) => {
      const y = relu(parts.apply("bn1", parts.apply("conv1", x, pass), pass));
      const z = relu(parts.apply("bn2", parts.apply("conv2", y, pass), pass));
      return relu(add(parts.apply("bn3", parts.apply("conv3", z, pass), pass), parts.apply("downsample", x, pass)));
    },
  };
}

const bottleneckExpansion = 4;
const identity = plain((x) => x);

/** Shortcut by a 1×1 convolution and a normalization. */
const projection = (inputs: number, out: number, stride: number, fan: "in" | "out"): Layer =>
  sequence([convolution(inputs, out, { kernel: 1, stride, fan }), normalization(out)]);

/** Shortcut without parameters: every stride-th pixel, and channels of zeros on both sides (He et al. 2016, "option A"). */
const padded = (inputs: number, out: number, stride: number): Layer =>
  plain((x) => {
    const taken = slice(slice(x, 2, 0, undefined, stride), 3, 0, undefined, stride);
    const before = Math.floor((out - inputs) / 2);
    return pad(taken, [[1, before, out - inputs - before]]);
  });

interface ResidualSettings {
  readonly stem: Stem;
  readonly blocks: readonly number[];
  readonly widths: readonly number[];
  readonly block: "basic" | "bottleneck";
  readonly shortcut: "projection" | "pad";
  readonly fan: "in" | "out";
  readonly classes: number;
  readonly channels: number;
  readonly zeroInitResidual: boolean;
}

function residual(settings: ResidualSettings): Layer {
  const { stem, blocks, widths, block, shortcut, fan, classes, channels, zeroInitResidual } = settings;
  const lastScale = zeroInitResidual ? 0 : 1;
  const first = widths[0] ?? 0;
  const expansion = block === "basic" ? 1 : bottleneckExpansion;
  let inputs = first;
  const stages = blocks.map((count, stage) => {
    const width = widths[stage] ?? 0;
    const out = width * expansion;
    const layers = Array.from({ length: count }, (_, i) => {
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const isSame = stride === 1 && inputs === out;
      const way = isSame
        ? undefined
        : shortcut === "pad"
          ? padded(inputs, out, stride)
          : projection(inputs, out, stride, fan);
      const layer = (block === "basic" ? basicBlock : bottleneck)({
        inputs,
        width,
        stride,
        fan,
        shortcut: way,
        lastScale,
      });
      inputs = out;
      return layer;
    });
    return [`layer${stage + 1}`, sequence(layers)] as const;
  });
  const parts = composed<string>({
    conv1: convolution(channels, first, stem === "imagenet" ? { kernel: 7, stride: 2, fan } : { fan }),
    bn1: normalization(first),
    ...Object.fromEntries(stages),
    fc: dense(inputs, classes),
  });
  return {
    keeps: parts.keeps,
    forward: (images, pass) => {
      const start = relu(parts.apply("bn1", parts.apply("conv1", images, pass), pass));
      const pooled = stem === "imagenet" ? maxPool2d(start, 3, { stride: 2, padding: 1 }) : start;
      const last = stages.reduce((x: Tensor, [name]) => parts.apply(name, x, pass), pooled);
      return parts.apply("fc", globalAveragePool2d(last), pass);
    },
  };
}

export interface ResnetOptions {
  readonly classes?: number;
  /** Of the images: 3 for colour. */
  readonly channels?: number;
  /** Blocks begin as their shortcuts: the weight of their last normalization is 0 (Goyal et al. 2017; timm's default, torchvision's option). */
  readonly zeroInitResidual?: boolean;
}

const depths = {
  18: { blocks: [2, 2, 2, 2], block: "basic" },
  34: { blocks: [3, 4, 6, 3], block: "basic" },
  50: { blocks: [3, 4, 6, 3], block: "bottleneck" },
  101: { blocks: [3, 4, 23, 3], block: "bottleneck" },
} as const;

export type ResnetDepth = keyof typeof depths;

/** torchvision's ResNet of this depth: 1000 classes of 224² with the "imagenet" stem; 10 of 32² with the "cifar" one. */
export function resnet(
  depth: ResnetDepth,
  {
    stem = "imagenet",
    classes = stem === "imagenet" ? 1000 : 10,
    channels = 3,
    zeroInitResidual = false,
  }: ResnetOptions & { stem?: Stem } = {},
): Network {
  const size = stem === "imagenet" ? 224 : 32;
  const widths = [64, 128, 256, 512];
  const { blocks, block } = depths[depth];
  const sizes = { stem, blocks, widths, block, classes, channels };
  const settings = { ...sizes, shortcut: "projection", fan: "out", zeroInitResidual } as const;
  return { name: `resnet${depth}`, classes, image: [channels, size, size], ...residual(settings) };
}

/**
 * The ResNets for CIFAR (He et al. 2016, section 4.2) of 20, 32, 44, 56 or 110 layers: three stages of 16, 32 and 64 channels.
 * @param shortcut where the size changes: zeros for the new channels (the paper's, without parameters) or a 1×1 convolution
 * @throws RangeError where the depth is not 6n + 2
 */
export function cifarResnet(
  depth: number,
  {
    classes = 10,
    channels = 3,
    zeroInitResidual = false,
    shortcut = "pad",
  }: ResnetOptions & { shortcut?: "projection" | "pad" } = {},
): Network {
  const count = (depth - 2) / 6;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`cifarResnet: the depth is ${depth}; it must be 6n + 2, such as 20 or 56`);
  }
  const blocks = [count, count, count];
  const widths = [16, 32, 64];
  const sizes = { blocks, widths, classes, channels };
  const settings = { ...sizes, stem: "cifar", block: "basic", shortcut, fan: "in", zeroInitResidual } as const;
  return { name: `resnet${depth}-cifar`, classes, image: [channels, 32, 32], ...residual(settings) };
}
