/** The verdict on each claim: what an adversary found against what the closed form promises. */
import type { Claim } from "./claim.ts";
import { type SearchOptions, search } from "./search.ts";

/** A floor must be attained by the search within this many nats. */
export const ATTAINED_WITHIN = 1e-4;

export interface Verdict {
  readonly family: Claim["family"];
  readonly name: string;
  readonly size: number;
  /** Nats, all dimensions together. */
  readonly asked: number;
  readonly floor: number;
  /** The smallest entropy found, in nats. */
  readonly worst: { readonly float64: number; readonly float32: number };
  /** How far below the floor rounding may take a float64 evaluation, and a float32 evaluation by its proven margin. */
  readonly slack: { readonly float64: number; readonly float32: number };
  /** No evaluation fell below the floor by more than its slack. */
  readonly kept: boolean;
  /** The search came within 1e-4 nat of the floor: it is no lower bound among others but the infimum. */
  readonly attained: boolean;
  readonly evaluations: number;
}

/** Rows and steps by what a case costs, so that the whole grid takes some two minutes on two cores. */
function effort({ family, size, inputs }: Claim): Omit<SearchOptions, "seed"> {
  if (family === "softmax" || family === "sequence") {
    return size > 1e4 ? { rows: 12, steps: 40, rounds: 1 } : { rows: 64, steps: 80, rounds: 1 };
  }
  const squashed = family === "squashed Gaussian";
  // A learned δ̂ is not descended, so rows that begin at its worst value must be many.
  if (inputs.delta) return { rows: 192, steps: 130, rounds: 4 };
  const rows = size > 50 ? (squashed ? 72 : 200) : size > 10 ? 96 : 64;
  return { rows, steps: 130, rounds: size === 1 ? 1 : size > 50 && !squashed ? 6 : 3 };
}

export async function verify(claim: Claim, seed: number): Promise<Verdict> {
  const { family, name, size, asked, floor, slack } = claim;
  const options = { ...effort(claim), seed };
  const float64 = await search(claim, "float64", options);
  const float32 = await search(claim, "float32", options);
  return {
    family,
    name,
    size,
    asked,
    floor,
    worst: { float64: float64.worst, float32: float32.worst },
    slack,
    kept: float64.worst >= floor - slack.float64 && float32.worst >= floor - slack.float32,
    attained: Math.min(float64.worst, float32.worst) <= floor + ATTAINED_WITHIN,
    evaluations: float64.evaluations + float32.evaluations,
  };
}
