/** The parameters of a Gaussian-like distribution, one per dimension: `location` and natural logarithm of the scale. */
export interface LocationScale<T> {
  /** `[…, D]` */
  readonly location: T;
  /** `[…, D]`, or broadcasting to it. */
  readonly logStd: T;
}

/** ½·log(2πe): the differential entropy of a standard normal, in nats. */
export const STANDARD_NORMAL_ENTROPY = 0.5 * Math.log(2 * Math.PI * Math.E);
