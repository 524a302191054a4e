/** The networks by name. */
import type { Network } from "./network.ts";
import { cifarResnet, type ResnetDepth, resnet } from "./resnet.ts";
import { mlp, smallCnn } from "./small.ts";
import { wideResnet } from "./wideResnet.ts";

/** What a network is made for. */
export interface ModelOptions {
  readonly classes: number;
  /** Channels, height and width of the images. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Where the network has a place for it. */
  readonly dropout?: number;
  /** Residual networks: blocks begin as their shortcuts. */
  readonly zeroInitResidual?: boolean;
}

const residual =
  (depth: ResnetDepth) =>
  ({ classes, image: [channels, height], zeroInitResidual = false }: ModelOptions): Network =>
    resnet(depth, { classes, channels, stem: height > 64 ? "imagenet" : "cifar", zeroInitResidual });
const ofCifar =
  (depth: number) =>
  ({ classes, image: [channels], zeroInitResidual = false }: ModelOptions): Network =>
    cifarResnet(depth, { classes, channels, zeroInitResidual });
const small = ({ classes, image: [channels, size], dropout = 0 }: ModelOptions) => ({
  classes,
  channels,
  size,
  dropout,
});

/** Every network, by the name that a user gives. ResNet-18 to -101 take the CIFAR stem for images of up to 64². */
export const models = {
  mlp: (options: ModelOptions) => mlp([256, 256], small(options)),
  cnn: (options: ModelOptions) => smallCnn(small(options)),
  resnet20: ofCifar(20),
  resnet56: ofCifar(56),
  "wrn-28-10": ({ classes, image: [channels], dropout = 0 }: ModelOptions) =>
    wideResnet(28, 10, { classes, channels, dropout }),
  resnet18: residual(18),
  resnet34: residual(34),
  resnet50: residual(50),
  resnet101: residual(101),
} as const satisfies Readonly<Record<string, (options: ModelOptions) => Network>>;

export type ModelName = keyof typeof models;
