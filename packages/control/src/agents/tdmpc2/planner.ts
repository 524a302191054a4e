/**
 * Model predictive path integral control in latent space (official tdmpc2.py, `_plan`), unrolled into one expression: a decision is one run
 * of one program. All randomness is fed.
 */
import {
  add,
  argmax,
  cast,
  clip,
  concat,
  constant,
  div,
  exp,
  expand,
  gather,
  input,
  log,
  max,
  mul,
  neg,
  type Operand,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  topK,
} from "@era/tensor";

export interface PlannerConfig {
  /** Steps that are planned. */
  readonly horizon: number;
  readonly iterations: number;
  /** Action sequences tried in each iteration, those of the policy prior included. */
  readonly samples: number;
  readonly priorSamples: number;
  readonly elites: number;
  /** Weight of values: elites count exp(temperature·value). */
  readonly temperature: number;
  readonly minStd: number;
  readonly maxStd: number;
}

/** What planning needs of a world model; all on batches of latent states `[n, latent]` and actions `[n, actionSize]`. */
export interface LatentModel {
  next(latents: Tensor, actions: Tensor): Tensor;
  /** `[n, 1]` */
  reward(latents: Tensor, actions: Tensor): Tensor;
  /** An action of the policy prior from noise of its shape. */
  act(latents: Tensor, noise: Tensor): Tensor;
  /** Value `[n, 1]` by the members of the ensemble with these indices `[2]`. */
  value(latents: Tensor, actions: Tensor, indices: Tensor): Tensor;
  /** Whether an episode goes on at these states, `[n, 1]` bool; left out where every one does. */
  isAlive?(latents: Tensor): Tensor;
  readonly discount: number;
}

export interface Plan {
  /** `[1, actionSize]` on [−1, 1]. */
  readonly action: Tensor;
  /** Of the action sequence `[horizon, actionSize]`: what the next decision begins with. */
  readonly mean: Tensor;
}

/** The planner's inputs with their shapes; `*Noise` of the prior is drawn as its head says, `choice` uniform on [0, 1), the rest normal. */
export const plannerInputs = (
  { horizon, iterations, samples, priorSamples, elites }: PlannerConfig,
  actionSize: number,
): Readonly<Record<PlannerInput, readonly number[]>> => ({
  previousMean: [horizon, actionSize],
  priorNoise: [horizon, Math.max(1, priorSamples), actionSize],
  sampleNoise: [iterations, horizon, samples - priorSamples, actionSize],
  valueNoise: [iterations, samples, actionSize],
  choice: [elites],
  exploration: [1, actionSize],
});
export type PlannerInput = "previousMean" | "priorNoise" | "sampleNoise" | "valueNoise" | "choice" | "exploration";

/**
 * Plans from one latent state `[1, latent]`. Besides {@link plannerInputs} it reads `critics` `[iterations, 2]` int64, the members of the
 * ensemble that value the sequences of each iteration. `previousMean` is the last decision's mean, zeros at an episode's beginning;
 * `exploration` is zeros in evaluations.
 */
export function plan(model: LatentModel, config: PlannerConfig, latent: Tensor, actionSize: number): Plan {
  const { horizon, iterations, samples, priorSamples, elites, temperature, minStd, maxStd } = config;
  const shapes = plannerInputs(config, actionSize);
  const fed = (name: PlannerInput) => input(name, shapes[name]);
  const sampleNoise = fed("sampleNoise");
  const valueNoise = fed("valueNoise");
  const critics = input("critics", [iterations, 2], "int64");
  const at = (x: Tensor, index: number) => reshape(slice(x, 0, index, index + 1), x.shape.slice(1));
  const copies = (n: number) => expand(latent, [n, Number(latent.shape[1])]);

  // Sequences of the policy prior, the same in every iteration: [horizon] of [priorSamples, actionSize].
  const prior: Tensor[] = [];
  if (priorSamples > 0) {
    const priorNoise = fed("priorNoise");
    let z = copies(priorSamples);
    for (let t = 0; t < horizon; t++) {
      const action = model.act(z, at(priorNoise, t));
      prior.push(action);
      if (t < horizon - 1) z = model.next(z, action);
    }
  }

  // The last decision's plan, one step later.
  const last = constant(new Float32Array(actionSize), [1, actionSize]);
  let mean = concat([slice(fed("previousMean"), 0, 1), last]);
  let std: Tensor = expand(constant(maxStd, []), [horizon, actionSize]);
  let weights = latent;
  let eliteActions = latent;
  const start = copies(samples);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const noise = at(sampleNoise, iteration);
    const row = (x: Tensor) => reshape(x, [horizon, 1, actionSize]);
    const drawn = clip(add(row(mean), mul(row(std), noise)), -1, 1);
    const actions = Array.from({ length: horizon }, (_, t) => concat([...prior.slice(t, t + 1), at(drawn, t)]));

    // Values: discounted rewards along the model, then the ensemble's at an action of the prior; nothing after a terminal state.
    let z = start;
    let value: Tensor | undefined;
    let discount: Operand = 1;
    for (const action of actions) {
      const reward = mul(model.reward(z, action), discount);
      value = value ? add(value, reward) : reward;
      z = model.next(z, action);
      discount = mul(discount, model.discount);
      if (model.isAlive) discount = mul(discount, cast(model.isAlive(z), "float32"));
    }
    const final = model.value(z, model.act(z, at(valueNoise, iteration)), at(critics, iteration));
    const values = reshape(add(mul(final, discount), value ?? 0), [samples]);

    // Mean and deviation of the best sequences, weighted by their values.
    const best = topK(values, elites);
    eliteActions = gather(reshape(concat(actions), [horizon, samples, actionSize]), best.indices, 1);
    const scores = exp(mul(sub(best.values, max(best.values)), temperature));
    weights = div(scores, sum(scores));
    const weight = reshape(weights, [1, elites, 1]);
    const total = add(sum(weights), 1e-9);
    mean = div(sum(mul(weight, eliteActions), 1), total);
    std = clip(sqrt(div(sum(mul(weight, square(sub(eliteActions, row(mean)))), 1), total)), minStd, maxStd);
  }

  // One of the elites, drawn by its weight (Gumbel's trick), with the deviation of the first step.
  const gumbel = neg(log(neg(log(clip(fed("choice"), 1e-7, 1 - 1e-7)))));
  const chosen = argmax(add(log(clip(weights, 1e-38, 1)), gumbel), 0, true);
  const first = reshape(gather(slice(eliteActions, 0, 0, 1), chosen, 1), [1, actionSize]);
  return { action: clip(add(first, mul(slice(std, 0, 0, 1), fed("exploration"))), -1, 1), mean };
}
