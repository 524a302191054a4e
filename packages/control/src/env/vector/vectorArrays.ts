/** The numbers of all copies of a vector environment, in one block of memory that threads can share. */
export interface VectorArrays {
  /** `[count, actionSize]` */
  readonly actions: Float32Array;
  /** `[count, observationSize]` */
  readonly observations: Float32Array;
  /** `[count, observationSize]` */
  readonly finalObservations: Float32Array;
  /** `[count]` */
  readonly rewards: Float64Array;
  /** `[count]`, 0 or 1 */
  readonly terminated: Uint8Array;
  /** `[count]`, 0 or 1 */
  readonly truncated: Uint8Array;
}

/** What decides the layout of {@link VectorArrays}. */
export interface VectorSizes {
  readonly count: number;
  readonly observationSize: number;
  readonly actionSize: number;
}

/** Bytes that {@link vectorArrays} needs. */
export function vectorBytes({ count, observationSize, actionSize }: VectorSizes): number {
  return count * (8 + 4 * (actionSize + 2 * observationSize) + 2);
}

/** The arrays in a block of {@link vectorBytes}; the same block gives every thread the same arrays. */
export function vectorArrays(
  buffer: ArrayBufferLike,
  { count, observationSize, actionSize }: VectorSizes,
): VectorArrays {
  let offset = 0;
  const next = (bytes: number): number => {
    offset += bytes;
    return offset - bytes;
  };
  const observations = count * observationSize;
  const actions = count * actionSize;
  // The widest elements come first, so that all are aligned.
  return {
    rewards: new Float64Array(buffer, next(8 * count), count),
    actions: new Float32Array(buffer, next(4 * actions), actions),
    observations: new Float32Array(buffer, next(4 * observations), observations),
    finalObservations: new Float32Array(buffer, next(4 * observations), observations),
    terminated: new Uint8Array(buffer, next(count), count),
    truncated: new Uint8Array(buffer, next(count), count),
  };
}
