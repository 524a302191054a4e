import { STANDARD_NORMAL_ENTROPY } from "./distribution.ts";
import { allocationFloor, bestLogStd, worstDimension } from "./gaussianFloor.ts";
import { crossing } from "./root.ts";

/** The entropy that a bounded Gaussian policy is asked to keep. */
export interface GaussianEntropyTarget {
  /** Nats per action dimension. */
  readonly perDim: number;
  /**
   * Whose entropy: `"gaussian"`, as in the paper and the official code, that of the normal *before* its actions are bounded
   * (δ then pays for the bounding, if asked to); `"policy"`, that of the distribution which acts, certified at every state
   * by the constant δ for which the worst case is exactly the target.
   */
  readonly of: "gaussian" | "policy";
}

interface CommonGaussianSpec {
  /** D ≥ 1. */
  readonly actionDim: number;
  readonly entropy: GaussianEntropyTarget;
  /** Smallest log σ; default −8 (official). */
  readonly logStdMin?: number;
  /** Largest log σ; default 0 (official). */
  readonly logStdMax?: number;
  /**
   * δ ≥ 0 in nats, all dimensions together, added to the target (paper: H₀' = H₀ + δ); default 0. `"learned"`: given to
   * {@link boundedGaussian} at each evaluation and trained by {@link deltaLoss}. Not allowed with `of: "policy"`, which solves for it.
   */
  readonly delta?: number | "learned";
}

/** Actions from a normal truncated to [−1, 1] around tanh(μ̂): the official recipe. */
export interface TruncatedGaussianSpec extends CommonGaussianSpec {
  readonly kind: "truncated";
}

/** Actions tanh(x), x normal around μ̂, or around `meanBound·tanh(μ̂/meanBound)`. */
export interface SquashedGaussianSpec extends CommonGaussianSpec {
  readonly kind: "squashed";
  /** Bound on |mean|. Without it the policy's entropy has no floor, since tanh saturates. */
  readonly meanBound?: number;
}

/** What a bounded Gaussian head is asked for. */
export type GaussianSpec = TruncatedGaussianSpec | SquashedGaussianSpec;

/** A checked {@link GaussianSpec} with every number that the activation uses; made by {@link resolveGaussian} only. */
export interface ResolvedGaussian {
  readonly kind: GaussianSpec["kind"];
  readonly actionDim: number;
  readonly logStdMin: number;
  readonly logStdMax: number;
  /** `Infinity` where the mean is free. */
  readonly meanBound: number;
  /** H₀ in nats, all dimensions together: the entropy asked for. */
  readonly target: number;
  /** Whose entropy `target` speaks of. */
  readonly of: GaussianEntropyTarget["of"];
  /** δ in nats: given, solved for, or 0 where it is learned. */
  readonly delta: number;
  /** Whether δ is learned. */
  readonly learnsDelta: boolean;
  /** Largest δ for which some Gaussian still reaches H₀ + δ. */
  readonly maxDelta: number;
  /** H₀ + δ: the Gaussian's entropy before clipping, and its exact floor. */
  readonly gaussianEntropy: number;
  /**
   * The exact infimum, over all network outputs, of the entropy of the policy that acts (nats, all dimensions together):
   * what the head enforces. With a learned δ, the infimum over all its values too. `−Infinity` for a squashed policy with a free mean.
   */
  readonly floor: number;
  /** A bound in nats on the error of `floor` itself: quadrature (squashed) and rounding. */
  readonly floorError: number;
}

/** An interval in nats for a message, rounded inwards so that what it names is allowed. */
function interval(low: number, high: number): string {
  return `[${Math.ceil(low * 1e4) / 1e4}, ${Math.floor(high * 1e4) / 1e4}]`;
}

function checkNumbers(spec: GaussianSpec, logStdMin: number, logStdMax: number, meanBound: number): void {
  const { kind, actionDim, entropy, delta } = spec;
  const fail = (what: string) => {
    throw new Error(`${kind} Gaussian: ${what}`);
  };
  if (!Number.isInteger(actionDim) || actionDim < 1) fail(`actionDim is ${actionDim}; it must be an integer ≥ 1`);
  if (!(logStdMin >= -20 && logStdMin < logStdMax && logStdMax <= 2)) {
    fail(`logStdMin ${logStdMin} and logStdMax ${logStdMax} must satisfy −20 ≤ logStdMin < logStdMax ≤ 2`);
  }
  if (!Number.isFinite(entropy.perDim)) fail(`entropy.perDim is ${entropy.perDim}; it must be a finite number of nats`);
  if (!(meanBound > 0)) fail(`meanBound is ${meanBound}; it must be greater than 0`);
  if (entropy.of === "policy") {
    if (delta !== undefined) fail(`delta is given with entropy of "policy", which solves for it; leave it out`);
    if (kind === "squashed" && meanBound === Number.POSITIVE_INFINITY) {
      fail(`entropy of "policy" needs a meanBound: with a free mean the policy's entropy is unbounded below`);
    }
  } else if (typeof delta === "number" && !(delta >= 0 && Number.isFinite(delta))) {
    fail(`delta is ${delta}; it must be a finite number of nats ≥ 0, or "learned"`);
  }
}

/**
 * Checks a spec, fills in its defaults, solves for the constant δ of `of: "policy"`, and computes the exact floor.
 *
 * Feasible targets, per dimension and with c = ½·log(2πe): of the Gaussian, [c + logStdMin, c + logStdMax] (from the paper's
 * condition k ≤ 0 and, below, from the clip); of the policy, from all dimensions clipped to the best of the floors, both at the worst
 * location (THEORY.md, propositions 2 and 3).
 *
 * @throws one line that names the value and what is allowed.
 */
export function resolveGaussian(spec: GaussianSpec): ResolvedGaussian {
  const { kind, actionDim, entropy, logStdMin = -8, logStdMax = 0 } = spec;
  const meanBound = (spec.kind === "squashed" ? spec.meanBound : undefined) ?? Number.POSITIVE_INFINITY;
  checkNumbers(spec, logStdMin, logStdMax, meanBound);

  const target = actionDim * entropy.perDim;
  const lowest = actionDim * (STANDARD_NORMAL_ENTROPY + logStdMin);
  const highest = actionDim * (STANDARD_NORMAL_ENTROPY + logStdMax);
  const refuse = (what: string, value: number, low: number, high: number) => {
    const range = `with log σ in [${logStdMin}, ${logStdMax}] it must lie in ${interval(low / actionDim, high / actionDim)}`;
    throw new Error(`${kind} Gaussian: ${what} is ${value} nats; ${range}`);
  };
  const learnsDelta = spec.delta === "learned";
  const givenDelta = typeof spec.delta === "number" ? spec.delta : 0;
  let gaussianEntropy = target + givenDelta;
  if (entropy.of === "gaussian" && !(gaussianEntropy >= lowest && gaussianEntropy <= highest)) {
    const what = givenDelta > 0 ? "entropy.perDim + delta/actionDim" : "entropy.perDim";
    refuse(what, entropy.perDim + givenDelta / actionDim, lowest, highest);
  }

  let floor = Number.NEGATIVE_INFINITY;
  let floorError = 0;
  if (kind === "truncated" || meanBound < Number.POSITIVE_INFINITY) {
    const range = { logStdMin, logStdMax };
    const worst = worstDimension(kind, meanBound, range);
    const floorOfBudget = allocationFloor(worst.entropy, actionDim, range);
    const floorAt = (sum: number) => floorOfBudget(highest - sum);
    if (entropy.of === "policy") {
      // Up to here the floor rises with the Gaussian's entropy; beyond, only a squashed policy has anything left, and falls.
      const best = highest - (logStdMax - bestLogStd(worst.entropy, range));
      const [low, high] = [floorAt(lowest), floorAt(best)];
      if (!(target >= low && target <= high)) refuse("entropy.perDim of the policy", entropy.perDim, low, high);
      gaussianEntropy = target === low ? lowest : crossing(floorAt, target, lowest, best);
    }
    // A learned δ can take the whole budget back: the floors of all budgets up to this one, of which the extreme ones are smallest.
    floor = Math.min(floorAt(gaussianEntropy), learnsDelta ? floorAt(highest) : Number.POSITIVE_INFINITY);
    floorError = actionDim * worst.error;
  }
  return {
    kind,
    actionDim,
    logStdMin,
    logStdMax,
    meanBound,
    target,
    of: entropy.of,
    delta: gaussianEntropy - target,
    learnsDelta,
    maxDelta: highest - target,
    gaussianEntropy,
    floor,
    floorError,
  };
}
