/**
 * Optimizers as expressions: each takes a flat vector of parameters and its gradient and gives the next vector, with the updates of its own
 * state. Learning rates may be tensors: a schedule is a scalar input, fed at every run.
 */
import { add, div, minimum, mul, type Operand, sqrt, square, sub } from "./ops/elementwise.ts";
import { expand } from "./ops/layout.ts";
import { sum } from "./ops/reduce.ts";
import { formatShape, ShapeError, sameShape } from "./shape.ts";
import type { State } from "./state.ts";
import { constant, type Tensor, variableOf } from "./tensor.ts";

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
  /** Decoupled weight decay (AdamW): parameters shrink by learningRate·weightDecay each step. A tensor `[n]` gives each its own. */
  readonly weightDecay?: Operand;
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
  /** L2 penalty added to the gradient, as PyTorch's SGD has it. A tensor `[n]` gives each parameter its own. */
  readonly weightDecay?: Operand;
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

/** A moving average of parameters. */
export interface Average {
  /** The average that is kept, a variable: for evaluation and export. */
  readonly average: Tensor;
  readonly updates: readonly (readonly [variable: Tensor, value: Tensor])[];
}

export interface AverageOptions {
  /** What the average keeps of itself at each step, 0.999 for one over some thousand steps. */
  readonly decay: number;
  /** Average faster at the start, with decay (1 + t)/(10 + t) at step t where that is less (TensorFlow's ExponentialMovingAverage). */
  readonly warmUp?: boolean;
}

/**
 * Exponential moving average of parameters (Polyak & Juditsky 1992; timm's ModelEma): average ← decay·average + (1 − decay)·next,
 * from the values that the parameters have now. Throws Error where `parameters` is no variable.
 * @param next the parameters after this step's update
 */
export function movingAverage(
  { state, name }: Memory,
  parameters: Tensor,
  next: Tensor,
  { decay, warmUp = false }: AverageOptions,
): Average {
  requireSameShape("movingAverage", parameters, next);
  if (!variableOf(parameters)) throw new Error(`movingAverage: ${parameters} is not a variable`);
  const average = state.variable(
    `${name}.average`,
    state.read(parameters),
    parameters.shape as readonly number[],
    parameters.dtype,
  );
  if (!warmUp) return { average, updates: [[average, polyak(average, next, 1 - decay)]] };
  const count = state.variable(`${name}.count`, 0, [], parameters.dtype);
  const kept = minimum(div(add(count, 1), add(count, 10)), decay);
  return {
    average,
    updates: [
      [average, polyak(average, next, sub(1, kept))],
      [count, add(count, 1)],
    ],
  };
}

/** Gradients added up over several batches before one step is taken with their mean. */
export interface Accumulation {
  /** For the program of every batch but the last: what it must write. */
  readonly gather: readonly (readonly [variable: Tensor, value: Tensor])[];
  /** For the program of the last batch: the mean over all batches, this one included, for the optimizer. */
  readonly mean: Tensor;
  /** For the program of the last batch: what it must write besides the step. */
  readonly reset: readonly (readonly [variable: Tensor, value: Tensor])[];
}

/**
 * Gradient accumulation: the step of a batch that is too large for memory, in parts. Two programs share the sum: one that only adds
 * to it, one that takes the step. The sum is state, so that a checkpoint between parts is exact.
 */
export function accumulate({ state, name }: Memory, gradient: Tensor): Accumulation {
  const { dtype } = gradient;
  const sumOfParts = state.variable(`${name}.sum`, 0, gradient.shape as readonly number[], dtype);
  const count = state.variable(`${name}.count`, 0, [], dtype);
  const [total, parts] = [add(sumOfParts, gradient), add(count, 1)];
  return {
    gather: [
      [sumOfParts, total],
      [count, parts],
    ],
    mean: div(total, parts),
    reset: [
      [sumOfParts, expand(constant(0, [], dtype), gradient.shape)],
      [count, constant(0, [], dtype)],
    ],
  };
}
