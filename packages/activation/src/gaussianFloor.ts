import { normalQuadrature } from "./quadrature.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps } from "./reference.ts";
import { tanhNormal } from "./tanhNormal.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

/** Fine enough for 1e-11 nat up to σ = e², the largest scale that a spec may ask for. */
const FINE_RULE = normalQuadrature(180, 9);

/**
 * The entropy in nats of one dimension of a bounded Gaussian policy, as a function of log σ, at the location where it is
 * smallest: |m| = 1 for the normal truncated to [−1, 1], |m| = meanBound for the squashed one.
 *
 * (Squashed: log(1 − tanh²) is concave and even, so its expectation under N(m, σ²) falls with |m|. Truncated: checked numerically.)
 */
export function worstDimensionEntropy(kind: "truncated" | "squashed", meanBound: number): (logStd: number) => number {
  const entropy = (logStd: NdArray) =>
    kind === "truncated"
      ? truncatedNormal(referenceOps, { location: ndArray([1]), logStd }).entropy()
      : tanhNormal(referenceOps, { location: ndArray([meanBound]), logStd }).entropy(FINE_RULE);
  return (logStd) => entropy(ndArray([logStd])).data[0] ?? Number.NaN;
}

/**
 * The infimum of `Σ f(log σ_i)` over everything the bounded Gaussian activation can output, as a function of the budget:
 * `log σ_i = max(logStdMax − x_i, logStdMin)` with `x = budget·softmax(ŝ)`, that is x_i > 0, Σ x_i = budget = −k.
 *
 * For f concave, `x_i ↦ f(…)` is concave up to the clip at L = logStdMax − logStdMin and constant beyond. With j dimensions
 * fixed as clipped, the sum is concave over a polytope, so its minimum is at a vertex: every dimension at 0 or at the
 * clip, except one that takes what is left of the budget, either below the clip or (beyond it, without effect) above. All such
 * vertices are compared; the number j of clipped dimensions enters linearly, so its two ends suffice.
 */
export function allocationFloor(
  f: (logStd: number) => number,
  actionDim: number,
  { logStdMin, logStdMax }: { readonly logStdMin: number; readonly logStdMax: number },
): (budget: number) => number {
  const depth = logStdMax - logStdMin;
  const free = f(logStdMax);
  const clipped = f(logStdMin);
  const withClipped = (count: number) => count * clipped + (actionDim - count) * free;
  return (budget) => {
    const most = Math.min(Math.floor(budget / depth), actionDim);
    const candidates: number[] = [];
    if (most > 0) candidates.push(withClipped(1), withClipped(most));
    if (most < actionDim) candidates.push(withClipped(most) - free + f(logStdMax - (budget - most * depth)));
    return Math.min(...candidates);
  };
}
