/** What `era verify` attacks: a quantity of an activation's outputs that no input may push below its floor. */
import {
  type ActivationSpec,
  boundedGaussian,
  categorical,
  fineRule,
  float32Margin,
  floor,
  type GaussianSpec,
  resolveGaussian,
  resolveSequence,
  resolveSoftmax,
  type SequenceSpec,
  type SoftmaxSpec,
  sequenceFactor,
  softmaxActivation,
  tanhNormal,
  truncatedNormal,
} from "@era/activation";
import { cast, constant, mul, tensorOps as ops, sub, type Tensor } from "@era/tensor";

/** The families that the table is grouped by. */
export type Family = "truncated Gaussian" | "squashed Gaussian" | "softmax" | "sequence";

export interface Claim {
  readonly family: Family;
  /** What distinguishes it in its family, for the table. */
  readonly name: string;
  readonly spec: ActivationSpec;
  /** Action dimensions D or classes n. */
  readonly size: number;
  /** The nominal target in nats: what the spec asks, by whatever meaning it has. */
  readonly asked: number;
  /** The closed-form floor in nats. */
  readonly floor: number;
  /** How far below it a float64 evaluation may fall by rounding, and a float32 evaluation by proposition 8. */
  readonly slack: { readonly float64: number; readonly float32: number };
  /** Widths of the raw inputs, each `[rows, width]`. */
  readonly inputs: Readonly<Record<string, number>>;
  /**
   * The quantity `[rows, 1]` in float64, exact for the activation's outputs: these are computed in the inputs' own element type, float64 or float32, and
   * then taken as they are.
   */
  quantity(raw: Readonly<Record<string, Tensor>>): Tensor;
}

/** Rounding of the float64 evaluations and of the closed forms that they are compared with, per nat of an entropy's magnitude. */
const FLOAT64_ROUNDING = 1e-12;

const exact = (x: Tensor): Tensor => cast(x, "float64");

/** The entropy of the policy that acts, for any network outputs. */
export function gaussianClaim(name: string, spec: GaussianSpec): Claim {
  const gaussian = resolveGaussian(spec);
  const { actionDim, logStdMin, logStdMax, meanBound } = gaussian;
  const { rule, error } = fineRule(meanBound, logStdMax);
  const magnitude = actionDim * (2 + Math.max(Math.abs(logStdMin), Math.abs(logStdMax)));
  const float64 =
    gaussian.floorError + FLOAT64_ROUNDING * magnitude + (spec.kind === "squashed" ? actionDim * error : 0);
  return {
    family: spec.kind === "truncated" ? "truncated Gaussian" : "squashed Gaussian",
    name,
    spec,
    size: actionDim,
    asked: gaussian.target,
    floor: gaussian.floor,
    slack: { float64, float32: float64 + float32Margin(spec) },
    inputs: { mean: actionDim, logStd: actionDim, ...(gaussian.learnsDelta && { delta: 1 }) },
    quantity: ({ mean, logStd, delta }) => {
      if (!mean || !logStd) throw new Error("a Gaussian needs mean and logStd");
      const { location, logStd: log } = boundedGaussian(ops, gaussian, { mean, logStd }, delta);
      const parameters = { location: exact(location), logStd: exact(log) };
      return spec.kind === "truncated"
        ? truncatedNormal(ops, parameters).entropy()
        : tanhNormal(ops, parameters).entropy(rule);
    },
  };
}

/** The entropy of the class distribution, for any logits. */
export function softmaxClaim(name: string, spec: SoftmaxSpec & { readonly kind: "softmax" }): Claim {
  const softmax = resolveSoftmax(spec);
  const float64 = FLOAT64_ROUNDING * (1 + Math.log(spec.classes)) * 100;
  return {
    family: "softmax",
    name,
    spec,
    size: spec.classes,
    asked: softmax.target,
    floor: softmax.floor,
    slack: { float64, float32: float64 + float32Margin(spec) },
    inputs: { logits: spec.classes },
    quantity: ({ logits }) => {
      if (!logits) throw new Error("a softmax needs logits");
      return categorical(ops, exact(softmaxActivation(ops, softmax, logits))).entropy();
    },
  };
}

/**
 * What the sequence activation does keep (THEORY.md, proposition 7): flattening never lowers a token's entropy and sharpening never raises it; and what it
 * does not: the sampled distribution has no floor above 0.
 */
export function sequenceClaims(vocabulary: number, spec: SequenceSpec & { readonly kind: "sequence" }): Claim[] {
  const sequence = resolveSequence(spec);
  const entropy = (logits: Tensor) => categorical(ops, exact(logits)).entropy();
  /** Logits as the update sees them in a response of this entropy, for a token with positive advantage. */
  const activated = (logits: Tensor, responseEntropy: number) => {
    const factor = sequenceFactor(ops, sequence, constant([responseEntropy], [1]), constant([1], [1]));
    return mul(logits, cast(factor, logits.dtype));
  };
  const claim = (name: string, quantity: (logits: Tensor) => Tensor): Claim => ({
    family: "sequence",
    name,
    spec,
    size: vocabulary,
    asked: 0,
    floor: name === "sampling" ? floor(spec) : 0,
    slack: { float64: 1e-12 * vocabulary, float32: 1e-12 * vocabulary },
    inputs: { logits: vocabulary },
    quantity: ({ logits }) => {
      if (!logits) throw new Error("a sequence needs logits");
      return quantity(logits);
    },
  });
  return [
    claim("sampling", entropy),
    claim("flattened − sampled", (logits) => sub(entropy(activated(logits, sequence.high + 1)), entropy(logits))),
    claim("sampled − sharpened", (logits) => sub(entropy(logits), entropy(activated(logits, sequence.low - 1)))),
  ];
}
