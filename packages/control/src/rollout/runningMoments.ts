/**
 * Running mean and variance of each element of a stream of vectors, float64 (Gymnasium's `RunningMeanStd`: mean 0, variance 1 and a count of 1e-4
 * at the start; batches are joined by the parallel algorithm of Chan et al. 1979).
 */
export class RunningMoments {
  /** `[size]` */
  readonly mean: Float64Array;
  /** `[size]`, of the population */
  readonly variance: Float64Array;
  /** `[1]` */
  readonly count: Float64Array;

  /** Works in the given arrays, which somebody else may save and restore. {@link initialMoments} says what they hold at the start. */
  constructor({ mean, variance, count }: Readonly<Record<"mean" | "variance" | "count", Float64Array>>) {
    this.mean = mean;
    this.variance = variance;
    this.count = count;
  }

  /** Takes in rows `[n, size]`. */
  add(rows: ArrayLike<number>): void {
    const size = this.mean.length;
    const n = rows.length / size;
    if (n === 0) return;
    const count = this.count[0] ?? 0;
    const total = count + n;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let row = i; row < rows.length; row += size) sum += rows[row] ?? 0;
      const batchMean = sum / n;
      let squares = 0;
      for (let row = i; row < rows.length; row += size) squares += ((rows[row] ?? 0) - batchMean) ** 2;
      const mean = this.mean[i] ?? 0;
      const delta = batchMean - mean;
      this.mean[i] = mean + (delta * n) / total;
      this.variance[i] = ((this.variance[i] ?? 0) * count + squares + (delta * delta * count * n) / total) / total;
    }
    this.count[0] = total;
  }
}

/** What {@link RunningMoments} of `size` elements hold before anything was seen. */
export const initialMoments = (size: number) => ({
  mean: new Float64Array(size),
  variance: new Float64Array(size).fill(1),
  count: Float64Array.of(1e-4),
});
