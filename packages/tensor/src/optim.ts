/**
 * Optimizers as expressions: each takes a flat vector of parameters and its gradient and gives the next vector, with the updates of its own
 * state. Learning rates may be tensors: a schedule is a scalar input, fed at every run.
 */
import { add, div, minimum, mul, type Operand, sqrt, square, sub } from "./ops/elementwise.ts";
import { sum } from "./ops/reduce.ts";
import { formatShape, ShapeError, sameShape } from "./shape.ts";
import type { State } from "./state.ts";
import type { Tensor } from "./tensor.ts";

export interface Step {
  /** The next parameters, `[n]`. */
  readonly next: Tensor;
  /** What a program must write for the step to be taken: the parameters and the optimizer's state. */
  readonly updates: readonly (readonly [variable: Tensor, value: Tensor])[];
}

/** Where an optimizer keeps its state: a State and the prefix of its variables' names. */
export interface Memory {
  readonly state: State;
  readonly name: string;
}

export interface AdamOptions {
  readonly learningRate: Operand;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled weight decay (AdamW): parameters shrink by learningRate·weightDecay each step. */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma & Ba 2015), with `weightDecay` AdamW (Loshchilov & Hutter 2019).
 *
 * The moments are kept unnormalized, M = m/(1 − β₁) = Σ β₁ⁱg and V = v/(1 − β₂), with the normalization and the bias corrections in two
 * scalars: the same step in ten passes over the parameters instead of thirteen, and those passes are most of its cost.
 */
export function adam(
  { state, name }: Memory,
  parameters: Tensor,
  gradient: Tensor,
  { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions,
): Step {
  requireSameShape("adam", parameters, gradient);
  const shape = parameters.shape as readonly number[];
  const { dtype } = parameters;
  const first = state.variable(`${name}.first`, 0, shape, dtype);
  const second = state.variable(`${name}.second`, 0, shape, dtype);
  // c = 1 − βᵗ by c ← β·c + (1 − β): 1 − βᵗ itself would cancel to four digits in float32.
  const correction1 = state.variable(`${name}.correction1`, 0, [], dtype);
  const correction2 = state.variable(`${name}.correction2`, 0, [], dtype);
  const nextCorrection1 = add(mul(correction1, beta1), 1 - beta1);
  const nextCorrection2 = add(mul(correction2, beta2), 1 - beta2);

  const nextFirst = add(mul(first, beta1), gradient);
  const nextSecond = add(mul(second, beta2), square(gradient));
  // m/c₁ = M·(1 − β₁)/c₁ and √(v/c₂) = √V·r with r = √((1 − β₂)/c₂).
  const r = sqrt(div(1 - beta2, nextCorrection2));
  const rate = mul(learningRate, div(div(1 - beta1, nextCorrection1), r));
  const step = mul(div(nextFirst, add(sqrt(nextSecond), div(epsilon, r))), rate);
  const kept = weightDecay === 0 ? parameters : mul(parameters, sub(1, mul(learningRate, weightDecay)));
  const next = sub(kept, step);
  return {
    next,
    updates: [
      [parameters, next],
      [first, nextFirst],
      [second, nextSecond],
      [correction1, nextCorrection1],
      [correction2, nextCorrection2],
    ],
  };
}

function requireSameShape(name: string, parameters: Tensor, gradient: Tensor): void {
  if (!sameShape(parameters.shape, gradient.shape)) {
    throw new ShapeError(
      `${name}: parameters ${formatShape(parameters.shape)} have a gradient of another shape, ${formatShape(gradient.shape)}`,
    );
  }
}

export interface SgdOptions {
  readonly learningRate: Operand;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** L2 penalty added to the gradient, as PyTorch's SGD has it. */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent with (Nesterov) momentum, as PyTorch defines it. */
export function sgd(
  { state, name }: Memory,
  parameters: Tensor,
  gradient: Tensor,
  { learningRate, momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions,
): Step {
  requireSameShape("sgd", parameters, gradient);
  const slope = weightDecay === 0 ? gradient : add(gradient, mul(parameters, weightDecay));
  if (momentum === 0) {
    const next = sub(parameters, mul(slope, learningRate));
    return { next, updates: [[parameters, next]] };
  }
  const velocity = state.variable(`${name}.velocity`, 0, parameters.shape as readonly number[], parameters.dtype);
  const nextVelocity = add(mul(velocity, momentum), slope);
  const direction = nesterov ? add(slope, mul(nextVelocity, momentum)) : nextVelocity;
  const next = sub(parameters, mul(direction, learningRate));
  return {
    next,
    updates: [
      [parameters, next],
      [velocity, nextVelocity],
    ],
  };
}

/** √Σ g², a scalar. */
export const globalNorm = (gradient: Tensor): Tensor => sqrt(sum(square(gradient)));

/** The gradient, scaled down to `maxNorm` where its norm is larger (PyTorch's clip_grad_norm_). */
export const clipByGlobalNorm = (gradient: Tensor, maxNorm: number): Tensor =>
  mul(gradient, minimum(div(maxNorm, add(globalNorm(gradient), 1e-6)), 1));

/** target + rate·(source − target): Polyak averaging. */
export const polyak = (target: Tensor, source: Tensor, rate: Operand): Tensor =>
  add(target, mul(sub(source, target), rate));
