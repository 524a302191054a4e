/** A tensor or a plain number. A number stands for a scalar of the tensor's own data type and broadcasts to any shape. */
export type Operand<T> = T | number;

/** A known first derivative of a result: `derivative = ∂ value / ∂ input`, element by element. See {@link Ops.withDerivatives}. */
export type Derivative<T> = readonly [input: T, derivative: T];

/**
 * What a tensor library must offer so that every activation, distribution and loss of this package runs on it.
 *
 * A `T` is a real tensor of the library's own kind and precision (eager array, lazy expression, traced value). The
 * formulas are written once over this interface; `referenceOps` implements it in float64.
 *
 * Conventions, for every operation:
 * - Operations are pure: no argument is changed or consumed.
 * - Binary operations and `where` broadcast as NumPy does: shapes are aligned at the last axis, and an axis of size 1 or a
 *   missing axis repeats. Either side may be a number; at least one argument is a `T`.
 * - "The last axis" always means the innermost one. Reductions keep it with size 1, so that their result broadcasts back.
 * - Values follow IEEE 754 in the library's precision: `log(0) = −∞`, `exp(−∞) = 0`, no clamps are added. A NaN anywhere in a row of raw
 *   outputs makes the row's entropy NaN, and so does a logit of +∞; one of −∞ is a weight of 0. No infinity or NaN ever yields a plausible number.
 * - Gradients, where the library differentiates, are the mathematical ones except where a line below says otherwise. A
 *   forward-only library implements `stopGradient` as the identity and `withDerivatives` as its first argument.
 */
export interface Ops<T> {
  /** `a + b`, broadcast. */
  add(a: Operand<T>, b: Operand<T>): T;
  /** `a − b`, broadcast. */
  sub(a: Operand<T>, b: Operand<T>): T;
  /** `a · b`, element by element, broadcast. */
  mul(a: Operand<T>, b: Operand<T>): T;
  /** `a / b`, element by element, broadcast. */
  div(a: Operand<T>, b: Operand<T>): T;

  /** `eˣ`, element by element. */
  exp(x: T): T;
  /** Natural logarithm, element by element. */
  log(x: T): T;
  /** Square root, element by element. */
  sqrt(x: T): T;
  /** Hyperbolic tangent, element by element. */
  tanh(x: T): T;
  /** `erf(x) = 2/√π ∫₀ˣ exp(−t²) dt`, element by element, within a few units of the precision's rounding. */
  erf(x: T): T;

  /**
   * `min(max(x, low), high)`, element by element, with number bounds (`±Infinity` for a side without bound).
   * Gradient: 1 strictly inside, 0 strictly outside, either at the bounds themselves.
   */
  clip(x: T, low: number, high: number): T;
  /** The mask `a < b`, broadcast; it is only ever given to `where`, so its data type is the library's choice. No gradient. */
  less(a: Operand<T>, b: Operand<T>): T;
  /**
   * `a` where the mask holds and `b` elsewhere, the three broadcast together; both may be numbers. Gradient: each side's own elements, 0 to the
   * side not chosen. (That 0 times an infinite derivative further back is NaN, so formulas keep both sides finite.)
   */
  where(mask: T, a: Operand<T>, b: Operand<T>): T;

  /** Softmax over the last axis, shifted by the row's maximum so that no finite input overflows. */
  softmax(x: T): T;
  /** Sum over the last axis, kept: `[…, n]` → `[…, 1]`. */
  sum(x: T): T;
  /** Maximum over the last axis, kept: `[…, n]` → `[…, 1]`. Gradient: to a maximal element (or shared among equal ones). */
  max(x: T): T;
  /**
   * The `min(k, n)` largest elements of the last axis in descending order: `[…, n]` → `[…, min(k, n)]`. `Infinity` sorts the
   * whole axis. Gradient: each result's to the element it came from.
   */
  topK(x: T, k: number): T;
  /** `0, 1, …, n−1` as a `T` of shape `[n]`, where `n` is the size of `x`'s last axis. Constant. */
  positions(x: T): T;

  /**
   * `coefficients[0] + coefficients[1]·x + coefficients[2]·x² + …`, element by element (at least one coefficient). A
   * primitive because a graph engine can evaluate it with far fewer nodes than Horner's scheme written out. Coefficients are
   * chosen so that plain Horner evaluation in the library's precision is accurate. Gradient: the mathematical one; this
   * package only differentiates through it where `stopGradient` or `withDerivatives` hides it, so zero would do as well.
   */
  polynomial(x: T, coefficients: readonly number[]): T;

  /** `x` itself, through which no gradient flows. */
  stopGradient(x: T): T;
  /**
   * `value`, with its first derivatives given instead of traced: an upstream gradient `g` reaches each `input` as
   * `g · derivative` (summed over axes along which the input broadcasts), and nothing flows into `value`'s own expression
   * or into the derivatives. `input` and `derivative` broadcast to `value`'s shape.
   *
   * It is how a function with a costly or inexact forward pass (a quantile, Lambert's W) gets its exact and short derivative.
   * An engine with custom gradients makes it one node that costs nothing forwards; any other builds it from
   * {@link surrogateDerivatives}. Second derivatives are not defined.
   */
  withDerivatives(value: T, derivatives: readonly Derivative<T>[]): T;
}

/**
 * {@link Ops.withDerivatives} from the other operations, for libraries without custom gradients:
 * `stop(value) + Σ stop(derivative)·(input − stop(input))`, whose value is `value` and whose derivatives are those given
 * (inputs and derivatives must be finite).
 */
export function surrogateDerivatives<T>(
  ops: Pick<Ops<T>, "add" | "sub" | "mul" | "stopGradient">,
  value: T,
  derivatives: readonly Derivative<T>[],
): T {
  return derivatives.reduce(
    (sum, [input, derivative]) =>
      ops.add(sum, ops.mul(ops.stopGradient(derivative), ops.sub(input, ops.stopGradient(input)))),
    ops.stopGradient(value),
  );
}
