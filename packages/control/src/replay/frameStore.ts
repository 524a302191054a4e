/**
 * A queue of equally long float32 rows ("frames"), numbered 0, 1, 2, … in the order they are pushed and released from
 * the old end.
 *
 * Frames lie in blocks. A block is allocated when the first frame needs it and, once all its frames are released,
 * becomes the next block at the young end: memory follows the number of live frames (at most three blocks more), no
 * data moves, and there is no object per frame.
 */
export class FrameStore {
  readonly #frameSize: number;
  readonly #framesPerBlock: number;
  readonly #blocks: Float32Array[] = [];
  #spare: Float32Array | undefined;
  #firstBlock = 0;
  #end = 0;

  /** @param frameSize numbers in one frame @param framesPerBlock frames in one block */
  constructor(frameSize: number, framesPerBlock: number) {
    this.#frameSize = frameSize;
    this.#framesPerBlock = framesPerBlock;
  }

  /** Appends a copy of `values` (`[frameSize]`, rounded to float32) and returns its frame number. */
  push(values: ArrayLike<number>): number {
    const frame = this.#end++;
    if (this.#block(frame) === undefined) {
      this.#blocks.push(this.#spare ?? new Float32Array(this.#framesPerBlock * this.#frameSize));
      this.#spare = undefined;
    }
    this.#blockOf(frame).set(values, this.#offset(frame));
    return frame;
  }

  /** Whether `values` (`[frameSize]`), rounded to float32, are the numbers of a live `frame` (0 and -0 are the same). */
  holds(frame: number, values: ArrayLike<number>): boolean {
    const block = this.#blockOf(frame);
    const offset = this.#offset(frame);
    for (let i = 0; i < this.#frameSize; i++) {
      if (block[offset + i] !== Math.fround(values[i] as number)) return false;
    }
    return true;
  }

  /** Copies a live `frame` into `target` from element `at` on. */
  copy(frame: number, target: Float32Array, at: number): void {
    const block = this.#blockOf(frame);
    const offset = this.#offset(frame);
    // `set(block.subarray(…))` takes about half the time, but makes an object per frame; both are small beside an update.
    for (let i = 0; i < this.#frameSize; i++) target[at + i] = block[offset + i] as number;
  }

  /** Forgets all frames numbered below `before`. */
  release(before: number): void {
    while ((this.#firstBlock + 1) * this.#framesPerBlock <= before) {
      this.#spare = this.#blocks.shift();
      this.#firstBlock++;
    }
  }

  #block(frame: number): Float32Array | undefined {
    return this.#blocks[Math.floor(frame / this.#framesPerBlock) - this.#firstBlock];
  }

  #blockOf(frame: number): Float32Array {
    const block = this.#block(frame);
    if (block === undefined) throw new RangeError(`frame ${frame} is not stored`);
    return block;
  }

  #offset(frame: number): number {
    return (frame % this.#framesPerBlock) * this.#frameSize;
  }
}
