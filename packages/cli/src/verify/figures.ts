/** Pictures of what is asked and what is enforced, from the closed forms. */
import {
  floor,
  type GaussianSpec,
  ndArray,
  referenceOps,
  resolveGaussian,
  STANDARD_NORMAL_ENTROPY,
  truncatedNormal,
} from "@era/activation";
import type { ChartOptions } from "@era/lab";

const grid = (low: number, high: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1));

/** Points that a chart joins to a line without dots. */
const POINTS = 121;

const oneDimension = (of: "gaussian" | "policy"): GaussianSpec => ({
  kind: "truncated",
  actionDim: 1,
  entropy: { perDim: 0.25, of },
});

/** The entropy of one dimension's policy at each location, in the official recipe and with the policy's own entropy asked for. */
export function locationFigure(): ChartOptions {
  const locations = grid(-1, 1, POINTS);
  const policy = (of: "gaussian" | "policy") => {
    const logStd = ndArray([resolveGaussian(oneDimension(of)).gaussianEntropy - STANDARD_NORMAL_ENTROPY]);
    return locations.map((step) => ({
      step,
      value: truncatedNormal(referenceOps, { location: ndArray([step]), logStd }).entropy().data[0] ?? Number.NaN,
    }));
  };
  return {
    title: "Entropy at each location, 0.25 nat asked",
    xTitle: "location of the truncated normal on [−1, 1]",
    yTitle: "nats per dimension",
    curves: [
      { label: "asked of the Gaussian (official)", points: policy("gaussian") },
      { label: "asked of the policy (certified)", points: policy("policy") },
    ],
    rules: [{ value: 0.25, label: "asked" }],
    steps: [-1, 1],
  };
}

/** The entropy that a softmax activation enforces, for each that is asked. */
export function softmaxFigure(): ChartOptions {
  const curve = (label: string, classes: number, inverse: "lambert" | "paper", bound: "tight" | "paper") => ({
    label,
    points: grid(0.05, 2, POINTS).map((entropy) => ({
      step: entropy,
      value: floor({ kind: "softmax", classes, entropy, inverse, bound }),
    })),
  });
  return {
    title: "Entropy that the softmax activation enforces",
    xTitle: "nats asked",
    yTitle: "nats enforced",
    curves: [
      curve("tight bound, any number of classes", 1000, "lambert", "tight"),
      curve("official, 10 classes", 10, "paper", "paper"),
      curve("official, 1000 classes", 1000, "paper", "paper"),
      curve("paper's bound, exact inverse, 1000 classes", 1000, "lambert", "paper"),
      {
        label: "the official setting, 0.6 nat",
        points: [10, 1000].map((classes) => ({ step: 0.6, value: officialSoftmax(classes) })),
      },
    ],
    steps: [0.05, 2],
  };
}

/** What the official ResNet's setting enforces. */
const officialSoftmax = (classes: number): number =>
  floor({ kind: "softmax", classes, entropy: 0.6, inverse: "paper", bound: "paper" });

/** The floor of the acting policy, per dimension, for each entropy asked of its Gaussian. */
export function gaussianFigure(): ChartOptions {
  const targets = grid(-3, 1.4, POINTS);
  const curve = (actionDim: number) => ({
    label: `asked of the Gaussian, ${actionDim} dimension${actionDim === 1 ? "" : "s"}`,
    points: targets.map((perDim) => ({
      step: perDim,
      value: floor({ kind: "truncated", actionDim, entropy: { perDim, of: "gaussian" } }) / actionDim,
    })),
  });
  const highest = floor({
    kind: "truncated",
    actionDim: 1,
    entropy: { perDim: STANDARD_NORMAL_ENTROPY, of: "gaussian" },
  });
  const certified = targets.filter((perDim) => perDim <= highest);
  return {
    title: "Asked and certified: truncated Gaussians",
    xTitle: "nats asked per dimension",
    yTitle: "nats certified per dimension",
    curves: [
      {
        label: "asked of the policy, any number of dimensions",
        points: certified.map((step) => ({ step, value: step })),
      },
      ...[1, 61].map(curve),
      {
        label: "the official setting, 19 dimensions (H1)",
        points: [
          {
            step: 0.25,
            value: floor({ kind: "truncated", actionDim: 19, entropy: { perDim: 0.25, of: "gaussian" } }) / 19,
          },
        ],
      },
    ],
    steps: [-3, 1.4],
  };
}

/** All figures by file name, without its extension. */
export const figures: Readonly<Record<string, () => ChartOptions>> = {
  "floor-location": locationFigure,
  "softmax-enforced": softmaxFigure,
  "gaussian-floors": gaussianFigure,
};
