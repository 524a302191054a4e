import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus, xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** Draws skipped after seeding: xoroshiro128+ starts from the bare seed, so the first draws of neighbouring seeds resemble each other. */
const WARM_UP_DRAWS = 32;

/**
 * A seeded source of random numbers whose whole state is {@link Random.stateSize} integers, so that a run can be saved and continued
 * exactly. xoroshiro128+ (pure-rand); the numbers differ from NumPy's, hence from Gymnasium's for the same seed.
 */
export class Random {
  /** How many 32-bit integers {@link Random.getState} returns. */
  static readonly stateSize = 4;

  #generator: ReturnType<typeof xoroshiro128plus>;

  /** @param seed Any integer; only its low 32 bits count. */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
    for (let i = 0; i < WARM_UP_DRAWS; i++) this.#generator.next();
  }

  /** Uniform in `[low, high)`, with 53 random bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformFloat64(this.#generator);
  }

  /** Standard normal, by Box and Muller's transform. The second value of the pair is dropped, so that no draw hides outside the state. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(this.#generator)));
    return radius * Math.cos(2 * Math.PI * uniformFloat64(this.#generator));
  }

  /** The state as {@link Random.stateSize} signed 32-bit integers. */
  getState(): readonly number[] {
    return this.#generator.getState();
  }

  /** Continues exactly where a generator with this state was. Throws unless it has {@link Random.stateSize} numbers. */
  setState(state: readonly number[]): void {
    this.#generator = xoroshiro128plusFromState(state);
  }
}
