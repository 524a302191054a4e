/** The source of randomness that sampling needs. */
export interface Uint32Generator {
  /** The next of the sequence, an integer uniform on [0, 2³²). */
  nextUint32(): number;
}

/**
 * Draws an integer uniformly from [0, `size`), `size` an integer in [1, 2³²]. Draws of the generator above the largest
 * multiple of `size` are rejected, so no index is favoured.
 */
export function uniformIndex(generator: Uint32Generator, size: number): number {
  const limit = 2 ** 32 - (2 ** 32 % size);
  for (;;) {
    const draw = generator.nextUint32();
    if (draw < limit) return draw % size;
  }
}
