/** The middle value (the mean of the two middle ones). NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

export const minimumOf = (values: readonly number[]): number =>
  values.reduce((low, value) => Math.min(low, value), Infinity);

/** A number in a table: three significant digits. */
export const short = (value: number): string => (Number.isFinite(value) ? `${Number(value.toPrecision(3))}` : "—");
