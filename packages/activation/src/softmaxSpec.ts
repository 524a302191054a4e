import { lambertInverseOfTerms, paperInverse } from "./lambert.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { crossing } from "./root.ts";

/** The largest h of one class: log τ / τ with the official τ = 4 (the paper asks τ ≥ e). */
const LARGEST_TERM = Math.log(4) / 4;

/** What a softmax head is asked for. */
export interface SoftmaxSpec {
  readonly kind?: "softmax";
  /** n ≥ 2. */
  readonly classes: number;
  /** H₀ in nats: the entropy that the class distribution shall keep. */
  readonly entropy: number;
  /** How h(z) = −z·e^z is inverted: exactly by Lambert's W₋₁ (default), or by the paper's approximation (official). */
  readonly inverse?: "lambert" | "paper";
  /**
   * How the total C = Σ h is chosen: `"tight"` (default) so that the floor is exactly H₀; `"paper"` C = e^(H₀ − 1) (official),
   * whose floor lies well above what was asked.
   */
  readonly bound?: "tight" | "paper";
}

/** A checked {@link SoftmaxSpec} with every number that the activation uses; made by {@link resolveSoftmax} only. */
export interface ResolvedSoftmax {
  readonly classes: number;
  /** H₀ in nats. */
  readonly target: number;
  readonly inverse: "lambert" | "paper";
  readonly bound: "tight" | "paper";
  /** `h_i = slope·softmax(z)_i + offset`, so that Σ h_i = C and offset < h_i < log(4)/4. */
  readonly slope: number;
  readonly offset: number;
  /** The infimum in nats, over all logits, of the entropy of the class distribution: its value at a one-hot input. */
  readonly floor: number;
}

/** Slope and offset for a total C: a class with all the weight reaches the largest term, the classes' terms add up to C. */
function terms(classes: number, total: number): { readonly slope: number; readonly offset: number } {
  const slope = (LARGEST_TERM - total / classes) / (1 - 1 / classes);
  return { slope, offset: (total - slope) / classes };
}

/** The entropy of the class distribution when one class has all the input's weight: n − 1 equal terms and one largest. */
function oneHotEntropy(classes: number, offset: number, inverse: "lambert" | "paper"): number {
  if (offset <= 0) return 0;
  const [top = 0, rest = 0] = (inverse === "lambert" ? lambertInverseOfTerms : paperInverse)(
    referenceOps,
    ndArray([LARGEST_TERM, offset]),
  ).data;
  const gap = top - rest;
  const others = (classes - 1) * Math.exp(-gap);
  return Math.log1p(others) + (gap * others) / (1 + others);
}

/**
 * Checks a spec, fills in its defaults, chooses C and computes the exact floor.
 *
 * @throws one line that names the value and the feasible interval: (0, log n) for the tight bound, and [0, 1 + log(n·U)],
 * U = log(4)/4, for the paper's, from U ≤ C ≤ n·U.
 */
export function resolveSoftmax(spec: SoftmaxSpec): ResolvedSoftmax {
  const { classes, entropy, inverse = "lambert", bound = "tight" } = spec;
  if (!Number.isInteger(classes) || classes < 2) {
    throw new Error(`softmax: classes is ${classes}; it must be an integer ≥ 2`);
  }
  const floorAt = (total: number) => oneHotEntropy(classes, terms(classes, total).offset, inverse);
  let total: number;
  if (bound === "tight") {
    if (!(entropy > 0 && entropy < Math.log(classes))) {
      throw new Error(
        `softmax: entropy is ${entropy} nats; for ${classes} classes it must lie between 0 and log(${classes}) = ${Math.log(classes).toFixed(4)}, both excluded`,
      );
    }
    total = crossing(floorAt, entropy, LARGEST_TERM, classes * LARGEST_TERM);
  } else {
    const highest = 1 + Math.log(classes * LARGEST_TERM);
    if (!(entropy >= 0 && entropy <= highest)) {
      throw new Error(
        `softmax: entropy is ${entropy} nats; for ${classes} classes and the paper's bound it must lie in [0, ${Math.floor(highest * 1e4) / 1e4}]`,
      );
    }
    total = Math.exp(entropy - 1);
  }
  return { classes, target: entropy, inverse, bound, ...terms(classes, total), floor: floorAt(total) };
}
