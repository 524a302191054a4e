import { gaussianFloat32Margin, softmaxFloat32Margin } from "./float32.ts";
import { type GaussianSpec, resolveGaussian } from "./gaussianSpec.ts";
import { resolveSequence, type SequenceSpec } from "./sequence.ts";
import { resolveSoftmax, type SoftmaxSpec } from "./softmaxSpec.ts";

/** What any activation of this package is asked for; `kind` says which. */
export type ActivationSpec =
  | GaussianSpec
  | (SoftmaxSpec & { readonly kind: "softmax" })
  | (SequenceSpec & { readonly kind: "sequence" });

/** The arithmetic that a floor shall hold in: real numbers, or an evaluation in float32. */
export type Precision = "real" | "float32";

/** Floor and margin of a spec, from its one resolution. */
function certificate(spec: ActivationSpec): { readonly floor: number; readonly margin: number } {
  switch (spec.kind) {
    case "softmax": {
      const softmax = resolveSoftmax(spec);
      return { floor: softmax.floor, margin: softmaxFloat32Margin(softmax) };
    }
    case "sequence":
      // Sampling never changes, so the distribution that is sampled can be any at all (THEORY.md, proposition 7).
      resolveSequence(spec);
      return { floor: 0, margin: 0 };
    default: {
      const gaussian = resolveGaussian(spec);
      return { floor: gaussian.floor, margin: gaussian.floorError + gaussianFloat32Margin(gaussian) };
    }
  }
}

/**
 * The exact infimum in nats, over all finite inputs, of the entropy of the distribution that an activation's outputs define:
 * the bounded policy that acts (differential entropy, all dimensions together), the class distribution, or, for the sequence activation, the
 * distribution that is sampled, of which nothing is promised: 0. `−Infinity` for a squashed Gaussian with a free mean.
 *
 * @param precision `"float32"`: what a float32 evaluation keeps all the same, the infimum less {@link float32Margin}
 * @throws one line that names the value and what is allowed, where the spec is infeasible.
 */
export function floor(spec: ActivationSpec, precision: Precision = "real"): number {
  const { floor, margin } = certificate(spec);
  return precision === "real" ? floor : floor - margin;
}

/**
 * How far below `floor(spec)` the exact entropy of a float32 evaluation can fall, in nats: a bound, from 1e-5 for small specs to some 1e-4
 * (THEORY.md, proposition 8). Errors of the floor's own computation are in it.
 */
export function float32Margin(spec: ActivationSpec): number {
  return certificate(spec).margin;
}

/**
 * The spec whose floor is exactly the entropy asked for: `of: "policy"` for a Gaussian (δ left out), `bound: "tight"` for a softmax; all else as given.
 * For `precision: "float32"` the asked entropy is raised by the margin, so that a float32 evaluation keeps what was asked.
 *
 * @param spec its `entropy` is the target: nats per dimension (Gaussian), nats (softmax)
 * @throws one line that names the feasible interval; always for a sequence activation and a squashed Gaussian with a free mean, which keep no floor.
 */
export function calibrate<Spec extends ActivationSpec>(spec: Spec, precision: Precision = "real"): Spec {
  const tight = asTight(spec, 0);
  if (precision === "real") {
    certificate(tight); // for its refusals
    return tight as Spec;
  }
  // The margin depends on the spec that it is added to, but changes by less than a thousandth of what is added: a few rounds find its fixed point.
  let margin = 0;
  for (let round = 0; round < 4; round++) margin = certificate(asTight(spec, margin)).margin;
  return asTight(spec, (1 + 1e-6) * margin) as Spec;
}

/** The spec with the floor `entropy + margin`. */
function asTight(spec: ActivationSpec, margin: number): ActivationSpec {
  switch (spec.kind) {
    case "softmax":
      return { ...spec, bound: "tight", entropy: spec.entropy + margin };
    case "sequence":
      throw new Error(
        "sequence: the activation leaves sampling as it is and keeps no floor; nothing can be calibrated",
      );
    default: {
      const { delta: _, ...rest } = spec;
      return { ...rest, entropy: { perDim: spec.entropy.perDim + margin / spec.actionDim, of: "policy" } };
    }
  }
}
