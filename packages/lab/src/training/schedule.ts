/** Learning rates over a run. */

export type ScheduleName = "constant" | "cosine" | "onecycle";

export interface Schedule {
  readonly name: ScheduleName;
  /** The highest rate. */
  readonly peak: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps over which the rate rises from zero, in a straight line. */
  readonly warmUp: number;
}

/** one-cycle: where the rate is highest, and what it starts with and ends with, as PyTorch's OneCycleLR has it. */
const [riseShare, startDivisor, endDivisor] = [0.3, 25, 1e4];

/** From `from` at share 0 to `to` at share 1 along half a cosine. */
const annealed = (from: number, to: number, share: number): number =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));

/**
 * The rate of a step, counted from 0. "cosine": half a cosine from the peak to zero (Loshchilov & Hutter 2017). "onecycle": up to the peak in
 * the first 30 % of the steps and down again, both along half a cosine (Smith & Topin 2018).
 */
export function learningRateAt({ name, peak, steps, warmUp }: Schedule, step: number): number {
  if (step < warmUp) return (peak * (step + 1)) / warmUp;
  const last = Math.max(steps - 1 - warmUp, 1);
  const share = Math.min((step - warmUp) / last, 1);
  if (name === "constant") return peak;
  if (name === "cosine") return annealed(peak, 0, share);
  const start = peak / startDivisor;
  return share < riseShare
    ? annealed(start, peak, share / riseShare)
    : annealed(peak, start / endDivisor, (share - riseShare) / (1 - riseShare));
}
