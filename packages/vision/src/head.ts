/** What stands between a network's logits and its class distribution. */
import { calibrate, float32Margin, resolveSoftmax, softmaxActivation } from "@era/activation";
import { logSoftmax, mul, neg, softmax, sum, type Tensor, tensorOps } from "@era/tensor";

export interface Head {
  /** Logits `[…, classes]` of the class distribution, from those of the network. */
  logits(raw: Tensor): Tensor;
  /** The entropy asked for, and what no network's output can fall below, in float32 too; in nats; null: none. */
  readonly entropy: { readonly target: number | null; readonly floor: number | null };
}

/** The softmax of the logits as they are. */
export const plainHead: Head = { logits: (raw) => raw, entropy: { target: null, floor: null } };

export interface EraOptions {
  readonly classes: number;
  /** H₀ in nats. */
  readonly entropy: number;
  /** "tight" (default): the floor is H₀, in float32 too; "paper": the official choice, whose floor lies above H₀. */
  readonly bound?: "tight" | "paper";
  /** Exactly by Lambert's function (default) or by the paper's approximation (official). */
  readonly inverse?: "lambert" | "paper";
}

/**
 * The entropy regularizing activation: whatever the network gives, the class distribution keeps its entropy.
 * @throws Error in one line naming the value and the feasible interval
 */
export function eraHead({ bound = "tight", inverse = "lambert", classes, entropy }: EraOptions): Head {
  const asked = { kind: "softmax", classes, entropy, bound, inverse } as const;
  const spec = bound === "tight" ? calibrate(asked, "float32") : asked;
  const resolved = resolveSoftmax(spec);
  return {
    logits: (raw) => softmaxActivation(tensorOps, resolved, raw),
    entropy: { target: entropy, floor: resolved.floor - float32Margin(spec) },
  };
}

/** Entropy in nats of the distribution of logits `[…, classes]`: `[…]`. */
export const predictiveEntropy = (logits: Tensor): Tensor => neg(sum(mul(softmax(logits), logSoftmax(logits)), -1));
