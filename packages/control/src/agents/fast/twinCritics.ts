/** How two critics' distributions become what they are taught and what the actor climbs, in FastTD3 and FastSAC. */
import {
  adam,
  add,
  flatGradient,
  globalNorm,
  less,
  mean,
  minimum,
  mul,
  type NamedArray,
  type Parameters,
  polyak,
  type State,
  softmax,
  split,
  squeeze,
  stack,
  sum,
  type Tensor,
  unflatten,
  unsqueeze,
  where,
} from "@era/tensor";
import { crossEntropy, expectation, project, type Support, shiftedAtoms } from "./categorical.ts";
import { criticLogits, type LayerStyle } from "./layers.ts";

/**
 * "clipped": both critics learn from the target critic with the smaller value, and the actor climbs the smaller value (clipped double Q:
 * Fujimoto et al. 2018, as FastTD3); "mean": each learns from its own target, and the actor climbs their mean (as FastSAC).
 */
export const twinRules = ["clipped", "mean"] as const;
export type TwinRule = (typeof twinRules)[number];

/** Both of a pair `[2, batch, n]`, each `[batch, n]`. */
function both(pair: Tensor): [Tensor, Tensor] {
  const [first, second] = split(pair, [1, 1], 0) as [Tensor, Tensor];
  return [squeeze(first, 0), squeeze(second, 0)];
}

/**
 * The distributions that the critics learn: `[1, batch, atoms]`, the same for both, where clipped, else `[2, batch, atoms]`.
 * @param logits of the target critics at the next state, `[2, batch, atoms]`
 * @param rewards `[batch, 1]`, and what multiplies the values of the next state, discounts `[batch, 1]`
 */
export function taughtDistributions(
  logits: Tensor,
  { rewards, discounts }: { readonly rewards: Tensor; readonly discounts: Tensor },
  support: Support,
  rule: TwinRule,
): Tensor {
  const probabilities = softmax(logits);
  const shifted = shiftedAtoms(rewards, discounts, support);
  const [first, second] = both(probabilities);
  if (rule === "mean") return stack([project(first, shifted, support), project(second, shifted, support)]);
  // The official code compares the means of both projections; projecting leaves a mean as it is, so that one projection is enough.
  const [firstValue, secondValue] = both(sum(mul(probabilities, shifted), -1, true));
  return unsqueeze(project(where(less(firstValue, secondValue), first, second), shifted, support), 0);
}

/** The value `[batch, 1]` that the actor climbs, from both critics' logits `[2, batch, atoms]`. */
export function twinValue(logits: Tensor, support: Support, rule: TwinRule): Tensor {
  const values = expectation(softmax(logits), support);
  return rule === "mean" ? mean(values, 0) : minimum(...both(values));
}

/**
 * The probability, a mean over a batch `[]`, that distributions `[…, atoms]` (of three at least) put on the support's two ends: much of it
 * means that returns are cut off there.
 */
export function probabilityAtEnds(distributions: Tensor): Tensor {
  const inner = Number(distributions.shape.at(-1)) - 2;
  const [first, , last] = split(distributions, [1, inner, 1], -1) as [Tensor, Tensor, Tensor];
  return mean(add(first, last));
}

/** Critics and their targets, and how they learn. */
export interface TwinCritics {
  readonly state: State;
  readonly parameters: Parameters;
  readonly targets: Parameters;
  readonly style: LayerStyle;
  readonly support: Support;
  readonly rule: TwinRule;
  /** Rate of the targets' Polyak averaging. */
  readonly tau: number;
  readonly learningRate: Tensor;
  readonly weightDecay: number;
  /** AdamW's. */
  readonly beta2: number;
}

/** Adds critics of these initial values to the state. */
export function twinCritics(
  state: State,
  initial: Readonly<Record<string, NamedArray>>,
  rest: Omit<TwinCritics, "state" | "parameters" | "targets">,
): TwinCritics {
  return {
    state,
    parameters: state.parameters("critics", initial),
    targets: state.parameters("targets", initial),
    ...rest,
  };
}

/** What the critics learn from, observations normalized. Rewards and discounts are `[batch, 1]`. */
export interface CriticBatch {
  readonly observations: Tensor;
  readonly actions: Tensor;
  readonly rewards: Tensor;
  readonly discounts: Tensor;
  readonly nextObservations: Tensor;
  /** What the policy does there. */
  readonly nextActions: Tensor;
}

export interface CriticStep {
  /** The value `[batch, 1]` of actions under the critics after the step. */
  value(observations: Tensor, actions: Tensor): Tensor;
  readonly measurements: Readonly<Record<string, Tensor>>;
  readonly updates: readonly (readonly [variable: Tensor, value: Tensor])[];
}

/** One step of both critics, by the cross-entropies to the distributions that they are taught, and of their targets behind them. */
export function criticStep(critics: TwinCritics, batch: CriticBatch): CriticStep {
  const { state, parameters, targets, style, support, rule, tau, learningRate, weightDecay, beta2 } = critics;
  const nextLogits = criticLogits(targets.tensors, batch.nextObservations, batch.nextActions, style);
  const taught = taughtDistributions(nextLogits, batch, support, rule);
  const logits = criticLogits(parameters.tensors, batch.observations, batch.actions, style);
  const loss = mul(mean(crossEntropy(logits, taught)), 2);
  const gradient = flatGradient(loss, parameters);
  const step = adam({ state, name: "critics.adam" }, parameters.flat, gradient, { learningRate, weightDecay, beta2 });
  const next = unflatten(step.next, parameters);
  return {
    value: (observations, actions) => twinValue(criticLogits(next, observations, actions, style), support, rule),
    measurements: {
      "loss/critic": loss,
      "gradient/critic": globalNorm(gradient),
      "train/value": mean(expectation(taught, support)),
      "train/valueAtEnds": probabilityAtEnds(taught),
    },
    updates: [...step.updates, [targets.flat, polyak(targets.flat, step.next, tau)]],
  };
}
