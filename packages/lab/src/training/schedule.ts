/** Learning rates over a run. */

export const scheduleNames = ["constant", "cosine", "cosine-epochs", "onecycle"] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export interface Schedule {
  readonly name: ScheduleName;
  /** The highest rate. */
  readonly peak: number;
  /** The rate at the end of a cosine; 0 if left out. */
  readonly minimum?: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps over which the rate rises, in a straight line, from `warmUpFrom` (0 if left out). */
  readonly warmUp: number;
  readonly warmUpFrom?: number;
  /** For "cosine-epochs": steps of an epoch. */
  readonly stepsPerEpoch?: number;
}

/** one-cycle: where the rate is highest, and what it starts with and ends with, as PyTorch's OneCycleLR has it. */
const [riseShare, startDivisor, endDivisor] = [0.3, 25, 1e4];

/** From `from` at share 0 to `to` at share 1 along half a cosine. */
const annealed = (from: number, to: number, share: number): number =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));

/**
 * The rate of a step, counted from 0. "cosine": half a cosine from the peak to the minimum (Loshchilov & Hutter 2017), after the warm-up.
 * "cosine-epochs": timm's, with one rate an epoch; the half cosine spans the whole run, and the warm-up stands in place of its beginning.
 * "onecycle": up to the peak in the first 30 % of the steps and down again, both along half a cosine (Smith & Topin 2018).
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { name, peak, minimum = 0, steps, warmUp, warmUpFrom = 0, stepsPerEpoch = 1 } = schedule;
  if (name === "cosine-epochs") {
    const start = Math.floor(step / stepsPerEpoch) * stepsPerEpoch;
    return start < warmUp
      ? warmUpFrom + ((peak - warmUpFrom) * start) / warmUp
      : annealed(peak, minimum, start / steps);
  }
  if (step < warmUp) return warmUpFrom + ((peak - warmUpFrom) * (step + 1)) / warmUp;
  const last = Math.max(steps - 1 - warmUp, 1);
  const share = Math.min((step - warmUp) / last, 1);
  if (name === "constant") return peak;
  if (name === "cosine") return annealed(peak, minimum, share);
  const start = peak / startDivisor;
  return share < riseShare
    ? annealed(start, peak, share / riseShare)
    : annealed(peak, start / endDivisor, (share - riseShare) / (1 - riseShare));
}
