/** A replay's moments, and what there is to read at each. */
import type { Replay } from "./replay.ts";

export interface Moment {
  /** The state at or before it. */
  readonly index: number;
  /** 0 to 1: how far it is towards the next state. */
  readonly part: number;
}

/** A moment so near to a state, as a part of the way between two, is that state's: times are rounded to float32. */
const CLOSE = 1e-3;

export class Timeline {
  /** Seconds of simulated time from the first state to the last. */
  readonly duration: number;
  readonly steps: number;
  readonly #times: Float32Array;
  /** Return before each state, `[states]`. */
  readonly #returns: Float64Array;

  constructor({ times, rewards }: Replay) {
    this.#times = times;
    this.steps = rewards.length;
    this.duration = (times.at(-1) ?? 0) - (times[0] ?? 0);
    this.#returns = new Float64Array(times.length);
    for (const [i, reward] of rewards.entries()) this.#returns[i + 1] = (this.#returns[i] ?? 0) + reward;
  }

  /** The moment some seconds after the first state; beyond the ends, the nearest. */
  at(seconds: number): Moment {
    const times = this.#times;
    const wanted = (times[0] ?? 0) + Math.min(Math.max(seconds, 0), this.duration);
    let [low, high] = [0, times.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) <= wanted) low = middle;
      else high = middle;
    }
    const [from = 0, to = 0] = [times[low], times[high]];
    const part = to > from ? (wanted - from) / (to - from) : 0;
    return part > 1 - CLOSE ? { index: high, part: 0 } : { index: low, part: part < CLOSE ? 0 : part };
  }

  /** Seconds from the first state to this one. */
  secondsOf(index: number): number {
    return (this.#times[index] ?? 0) - (this.#times[0] ?? 0);
  }

  /** Undiscounted return of the steps up to this state. */
  returnAt(index: number): number {
    return this.#returns[index] ?? 0;
  }
}
