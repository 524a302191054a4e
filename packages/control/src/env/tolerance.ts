/** How {@link tolerance} falls from 1 with the distance from the bounds. */
export type Sigmoid =
  | "gaussian"
  | "hyperbolic"
  | "long_tail"
  | "reciprocal"
  | "cosine"
  | "linear"
  | "quadratic"
  | "tanh_squared";

/** The options of {@link tolerance}. */
export interface ToleranceOptions {
  /** The interval of values that are right, ends included; either may be infinite. `[0, 0]` if left out. */
  readonly bounds?: readonly [lower: number, upper: number];
  /** The distance from the interval at which the result is `valueAtMargin`; 0: nothing outside counts. */
  readonly margin?: number;
  readonly sigmoid?: Sigmoid;
  /** In (0, 1); cosine, linear and quadratic take 0 too. 0.1 if left out. */
  readonly valueAtMargin?: number;
}

/**
 * The reward for a quantity within bounds: 1 inside, falling towards 0 with the distance outside. (dm_control/utils/rewards.py; section 3.2
 * of arXiv 1801.00690)
 */
export function tolerance(
  value: number,
  { bounds: [lower, upper] = [0, 0], margin = 0, sigmoid = "gaussian", valueAtMargin = 0.1 }: ToleranceOptions,
): number {
  if (lower <= value && value <= upper) return 1;
  if (margin === 0) return 0;
  return sigmoids[sigmoid]((value < lower ? lower - value : value - upper) / margin, valueAtMargin);
}

/** Each sigmoid of the distance `x` ≥ 0 in margins, with `v` = its value at 1; it is 1 at 0. */
const sigmoids: Readonly<Record<Sigmoid, (x: number, v: number) => number>> = {
  gaussian: (x, v) => Math.exp(-0.5 * (x * Math.sqrt(-2 * Math.log(v))) ** 2),
  hyperbolic: (x, v) => 1 / Math.cosh(x * Math.acosh(1 / v)),
  long_tail: (x, v) => 1 / ((x * Math.sqrt(1 / v - 1)) ** 2 + 1),
  reciprocal: (x, v) => 1 / (x * (1 / v - 1) + 1),
  cosine: (x, v) => {
    const scaled = (x * Math.acos(2 * v - 1)) / Math.PI;
    return scaled < 1 ? (1 + Math.cos(Math.PI * scaled)) / 2 : 0;
  },
  linear: (x, v) => Math.max(0, 1 - x * (1 - v)),
  quadratic: (x, v) => Math.max(0, 1 - (x * Math.sqrt(1 - v)) ** 2),
  tanh_squared: (x, v) => 1 - Math.tanh(x * Math.atanh(Math.sqrt(1 - v))) ** 2,
};
