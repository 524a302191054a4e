export const minimumOf = (values: readonly number[]): number =>
  values.reduce((low, value) => Math.min(low, value), Infinity);

/** A number in a table: three significant digits. */
export const short = (value: number): string => (Number.isFinite(value) ? `${Number(value.toPrecision(3))}` : "—");
