import { Random } from "@era/tensor";

/** The mean; NaN of no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The interquartile mean: the mean of the middle half, robust to outliers and less wasteful than the median (Agarwal et
 * al. 2021, arXiv 2108.13264). The lowest and the highest ⌊n/4⌋ values are left out, as by
 * scipy.stats.trim_mean(values, 0.25).
 */
export function interquartileMean(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const cut = Math.floor(sorted.length / 4);
  return mean(sorted.slice(cut, sorted.length - cut));
}

/**
 * The quantile at `probability` (0 to 1), interpolated linearly between the two nearest values, as by numpy.quantile;
 * NaN of no values.
 *
 * @param sorted in ascending order
 */
export function quantile(sorted: ArrayLike<number>, probability: number): number {
  const at = probability * (sorted.length - 1);
  const lower = sorted[Math.floor(at)] ?? Number.NaN;
  const upper = sorted[Math.ceil(at)] ?? Number.NaN;
  return lower + (at - Math.floor(at)) * (upper - lower);
}

/** The median: the middle value, or the mean of the two middle ones; NaN of no values. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

export interface BootstrapOptions {
  /** The probability that the interval shall cover, 0.95 by default. */
  readonly level?: number;
  /** How many resamples are drawn, 10,000 by default. */
  readonly resamples?: number;
  /** The same seed gives the same interval. */
  readonly seed?: number;
}

/** A statistic with the interval of its uncertainty. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A statistic of some values, with its bootstrap percentile interval (Efron 1979): the statistic's quantiles over
 * resamples drawn with replacement.
 */
export function bootstrap(
  values: readonly number[],
  statistic: (values: readonly number[]) => number = interquartileMean,
  { level = 0.95, resamples = 10_000, seed = 0 }: BootstrapOptions = {},
): Estimate {
  const value = statistic(values);
  if (values.length === 0) return { value, low: Number.NaN, high: Number.NaN };
  const random = new Random(seed);
  const resample = () => values.map(() => values[random.integer(values.length)] ?? Number.NaN);
  const drawn = Float64Array.from({ length: resamples }, () => statistic(resample())).sort();
  return { value, low: quantile(drawn, (1 - level) / 2), high: quantile(drawn, (1 + level) / 2) };
}

/** Count, lowest, mean and highest of the values seen so far, in constant memory. */
export class RunningRange {
  #count = 0;
  #mean = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    this.#count++;
    this.#mean += (value - this.#mean) / this.#count;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  get count(): number {
    return this.#count;
  }

  /** NaN before the first value, like `min` and `max`. */
  get mean(): number {
    return this.#count === 0 ? Number.NaN : this.#mean;
  }

  get min(): number {
    return this.#count === 0 ? Number.NaN : this.#min;
  }

  get max(): number {
    return this.#count === 0 ? Number.NaN : this.#max;
  }

  /** Forgets everything: for ranges from one log line to the next. */
  reset(): void {
    this.#count = 0;
    this.#mean = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }
}
