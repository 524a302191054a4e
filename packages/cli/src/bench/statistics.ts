import { median } from "@era/lab";

export const minimumOf = (values: readonly number[]): number =>
  values.reduce((low, value) => Math.min(low, value), Infinity);

/** A number in a table: three significant digits. */
export const short = (value: number): string => (Number.isFinite(value) ? `${Number(value.toPrecision(3))}` : "—");

/** 0.01 is "1.00 %". */
export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** What something adds to a time, from pairs of measurements one after the other. */
export interface Overhead {
  /** Median of the paired differences over the median without it: 0.01 is one per cent. */
  readonly overhead: number;
  /** Range of that over up to twenty jackknife samples, which leave out a twentieth of the pairs each: how far chance moves it. */
  readonly overheadRange: readonly [number, number];
}

/** The overhead of what was measured in `withIt` and left out in `without`, pair by pair. Needs two pairs. */
export function pairedOverhead(withIt: readonly number[], without: readonly number[]): Overhead {
  const base = median(without);
  const differences = withIt.map((time, i) => time - (without[i] ?? Number.NaN));
  const parts = Math.min(20, differences.length);
  const jackknife = Array.from(
    { length: parts },
    (_, i) => median(differences.filter((_, j) => j % parts !== i)) / base,
  );
  return { overhead: median(differences) / base, overheadRange: [Math.min(...jackknife), Math.max(...jackknife)] };
}
