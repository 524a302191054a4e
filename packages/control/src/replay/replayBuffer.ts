import { FrameStore } from "./frameStore.ts";
import type { ReplayBatch } from "./replayBatch.ts";
import { type Uint32Generator, uniformIndex } from "./uniformIndex.ts";

/**
 * Frames are allocated in blocks of about this size: a young buffer is small, and a full one has few hundred blocks.
 */
const blockBytes = 4 * 2 ** 20;

/** What fixes a replay buffer's shape. */
export interface ReplayLayout {
  /** Transitions kept: once full, each new one replaces the oldest. At most 2³². */
  readonly capacity: number;
  readonly observationSize: number;
  readonly actionSize: number;
}

/**
 * Uniform experience replay of one environment's transitions, in float32.
 *
 * Transitions are numbered 0, 1, 2, … from the beginning of the run; the buffer holds exactly the last `capacity` of
 * them. Where a transition begins at the observation at which the one before it ended, that observation is stored once,
 * so memory is about half of two arrays' (for 10⁶ transitions of Humanoid 1.5 GB, not 2.9): `capacity` frames and one
 * more for each episode. Where it does not (after a reset), or never does (interleaved environments), the frame is
 * stored, and only memory is lost.
 */
export class ReplayBuffer implements ReplayLayout {
  readonly capacity: number;
  readonly observationSize: number;
  readonly actionSize: number;
  /** Transition t's observation is frame `#frame[t mod capacity]`, its next observation the frame after that. */
  readonly #frame: Float64Array;
  readonly #actions: Float32Array;
  readonly #rewards: Float32Array;
  readonly #terminated: Uint8Array;
  readonly #frames: FrameStore;
  readonly #first: number;
  #count: number;

  /**
   * @param layout all three positive integers
   * @param first number of the first transition that will be added: not 0 only when a buffer is rebuilt from its log
   * @throws RangeError naming the impossible size
   */
  constructor(layout: ReplayLayout, first = 0) {
    const { capacity, observationSize, actionSize } = layout;
    for (const [name, size] of Object.entries({ capacity, observationSize, actionSize })) {
      if (!Number.isInteger(size) || size < 1 || size > 2 ** 32) {
        throw new RangeError(`replay buffer: ${name} is ${size}; it must be an integer from 1 to 2^32`);
      }
    }
    this.capacity = capacity;
    this.observationSize = observationSize;
    this.actionSize = actionSize;
    // Typed arrays get their memory from the operating system when they are first written, so a young buffer is small.
    this.#frame = new Float64Array(capacity);
    this.#actions = new Float32Array(capacity * actionSize);
    this.#rewards = new Float32Array(capacity);
    this.#terminated = new Uint8Array(capacity);
    this.#frames = new FrameStore(observationSize, Math.min(capacity, Math.ceil(blockBytes / (4 * observationSize))));
    this.#first = first;
    this.#count = first;
  }

  /** Transitions added since the beginning of the run, and so the number that the next one gets. */
  get count(): number {
    return this.#count;
  }

  /** The number of the oldest transition held (`count` when there is none). */
  get oldest(): number {
    return Math.max(this.#first, this.#count - this.capacity);
  }

  /** Transitions held, at most `capacity`. */
  get size(): number {
    return this.#count - this.oldest;
  }

  /**
   * Stores one transition, copying the arrays.
   * @param observation `[observationSize]`, what the action was chosen from
   * @param action `[actionSize]`
   * @param terminated whether `nextObservation` is terminal, so that nothing is bootstrapped from it; false at a
   * truncation
   * @param nextObservation `[observationSize]`; at an episode's end its last observation, not the first after the reset
   * @throws RangeError if a length is wrong or a number is not finite in float32, naming it; nothing is stored then
   */
  add(
    observation: ArrayLike<number>,
    action: ArrayLike<number>,
    reward: number,
    terminated: boolean,
    nextObservation: ArrayLike<number>,
  ): void {
    const transition = this.#count;
    this.#checkRow("observation", observation, this.observationSize);
    this.#checkRow("action", action, this.actionSize);
    this.#checkRow("nextObservation", nextObservation, this.observationSize);
    if (!Number.isFinite(Math.fround(reward))) throw notFinite("reward", reward, transition);

    const slot = transition % this.capacity;
    const latest = this.size === 0 ? undefined : this.#frameOf(transition - 1) + 1;
    const shares = latest !== undefined && this.#frames.holds(latest, observation);
    this.#frame[slot] = shares ? latest : this.#frames.push(observation);
    this.#frames.push(nextObservation);
    this.#actions.set(action, slot * this.actionSize);
    this.#rewards[slot] = reward;
    this.#terminated[slot] = terminated ? 1 : 0;
    this.#count++;
    this.#frames.release(this.#frameOf(this.oldest));
  }

  /**
   * Fills every row of `batch` with a transition drawn uniformly, with replacement, from those held. Makes no array,
   * view or object; which are drawn depends on the generator's state, `count` and `size` alone.
   * @throws RangeError if the buffer is empty or an array of `batch` has the wrong length
   */
  sample(generator: Uint32Generator, batch: ReplayBatch): void {
    if (this.size === 0) throw new RangeError("replay buffer: nothing to sample, no transition was added yet");
    this.#checkBatch(batch);
    for (let row = 0; row < batch.rewards.length; row++) {
      this.read(this.oldest + uniformIndex(generator, this.size), batch, row);
    }
  }

  /**
   * Copies transition number `transition` into row `row` of `batch`.
   * @throws RangeError if that transition is not held (any more)
   */
  read(transition: number, batch: ReplayBatch, row: number): void {
    if (!(transition >= this.oldest && transition < this.#count)) {
      throw new RangeError(`replay buffer: holds transitions ${this.oldest} to ${this.#count - 1}, not ${transition}`);
    }
    const slot = transition % this.capacity;
    const frame = this.#frameOf(transition);
    this.#frames.copy(frame, batch.observations, row * this.observationSize);
    this.#frames.copy(frame + 1, batch.nextObservations, row * this.observationSize);
    for (let i = 0; i < this.actionSize; i++) {
      batch.actions[row * this.actionSize + i] = this.#actions[slot * this.actionSize + i] as number;
    }
    batch.rewards[row] = this.#rewards[slot] as number;
    batch.masks[row] = this.#terminated[slot] === 1 ? 0 : 1;
  }

  /** Whether `transition` and the one before it are held and share a frame: it begins where that one ended. */
  continues(transition: number): boolean {
    return transition > this.oldest && this.#frameOf(transition) === this.#frameOf(transition - 1) + 1;
  }

  #frameOf(transition: number): number {
    return this.#frame[transition % this.capacity] as number;
  }

  #checkRow(name: string, values: ArrayLike<number>, length: number): void {
    if (values.length !== length) {
      throw new RangeError(`replay buffer: ${name} has ${values.length} numbers; this buffer takes ${length}`);
    }
    for (let i = 0; i < length; i++) {
      const value = values[i] as number;
      if (!Number.isFinite(Math.fround(value))) throw notFinite(`${name}[${i}]`, value, this.#count);
    }
  }

  #checkBatch(batch: ReplayBatch): void {
    const rows = batch.rewards.length;
    if (
      batch.observations.length !== rows * this.observationSize ||
      batch.nextObservations.length !== rows * this.observationSize ||
      batch.actions.length !== rows * this.actionSize ||
      batch.masks.length !== rows
    ) {
      throw new RangeError(
        `replay buffer: a batch of ${rows} needs observations of ${this.observationSize} and actions of ${this.actionSize} numbers a row`,
      );
    }
  }
}

function notFinite(name: string, value: number, transition: number): RangeError {
  return new RangeError(
    `replay buffer: ${name} of transition ${transition} is ${value}; it must be a finite float32 number`,
  );
}
