/** Training batches: which images, and how they are changed. Both follow from the seed and the step alone, so that a run resumes anywhere. */
import { Random } from "@era/tensor";
import type { ImageSet } from "../data/imageSet.ts";
import { betaSample, cutMixBox, erase, jitterColor, moveImage, resizeBox, resizedCropBox } from "./augment.ts";
import { type ChannelStatistics, channelStatistics } from "./channelStatistics.ts";
import { type RandAugmentPolicy, randAugment } from "./randAugment.ts";

export type Augmentation = "none" | "flip" | "crop-flip" | "resized-crop-flip";

export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  readonly augmentation: Augmentation;
  /** How random resized crops are enlarged: linearly (default), or linearly or cubically by lot, as timm does. */
  readonly cropInterpolation?: "linear" | "random";
  /** Strength of colour jitter; 0 or left out: none. */
  readonly colorJitter?: number;
  readonly randAugment?: RandAugmentPolicy | undefined;
  /** Share of images in which a box is erased. */
  readonly randomErasing?: number;
  /** The set's, for what is erased and what RandAugment moves in; computed where left out. */
  readonly statistics?: ChannelStatistics;
  /** α of mixup (Zhang et al. 2018) and of CutMix; where both are given, each batch has one of them by lot. 0 or left out: none. */
  readonly mixup?: number;
  readonly cutmix?: number;
  /**
   * Versions of each image: the first is only cropped and flipped, the others, from the same crop, have colour jitter, RandAugment and erasing too
   * (timm's AugMixDataset with its "resplit"). 1 or left out: one version with everything. Not with mixing.
   */
  readonly splits?: number;
  /** Batches that make one step: an epoch has whole steps only. */
  readonly batchesPerStep?: number;
}

export interface Batch {
  /** `[splits · batch, channels, height, width]`, 0 to 255: all images' first versions, then all their second ones … */
  readonly images: Float32Array;
  readonly labels: BigInt64Array;
  /** Of the images that were mixed in, and the share of the own ones; only where images are mixed. */
  readonly mixedLabels?: BigInt64Array;
  readonly ownShare?: readonly [number];
}

/** Where a training loop has its batches from. */
export interface BatchSource {
  /** Batches of an epoch. */
  readonly perEpoch: number;
  /**
   * The batch of a step, counted from 0.
   * @throws FailureError in one line where an image is damaged
   */
  at(step: number): Promise<Batch>;
  /** Ends what prepares them. */
  close(): Promise<void>;
}

/** Black pixels on every side before a random crop (He et al. 2016, section 4.2). */
const padding = 4;

/**
 * Batches of a set. Each epoch takes every image at most once, in an order of its own; a rest that fills no batch is left out. Each image of a
 * batch has a random generator of its own, so that it does not matter in which order they are made.
 */
export class Batches implements BatchSource {
  readonly perEpoch: number;
  readonly #set: ImageSet;
  readonly #options: BatchOptions;
  readonly #order: Uint32Array;
  readonly #statistics: ChannelStatistics;
  #epoch = -1;

  /** @throws RangeError where the set does not fill a batch */
  constructor(set: ImageSet, options: BatchOptions) {
    const { batchSize, splits = 1, batchesPerStep = 1, statistics } = options;
    this.perEpoch = batchesPerStep * Math.floor(set.labels.length / (batchSize * batchesPerStep));
    if (this.perEpoch === 0) {
      const batches = batchesPerStep === 1 ? "a batch" : `${batchesPerStep} batches`;
      throw new RangeError(`${set.name}: ${set.labels.length} images do not fill ${batches} of ${batchSize}`);
    }
    if (splits > 1 && ((options.mixup ?? 0) > 0 || (options.cutmix ?? 0) > 0)) {
      throw new RangeError(`mixup and CutMix need one version of each image, not ${splits}`);
    }
    this.#set = set;
    this.#options = options;
    this.#order = new Uint32Array(set.labels.length);
    const needsStatistics = (options.randomErasing ?? 0) > 0 || options.randAugment !== undefined;
    this.#statistics = statistics ?? (needsStatistics ? channelStatistics(set) : { mean: [], deviation: [] });
  }

  /** The batch of a step, counted from 0, in arrays of its own. */
  async at(step: number): Promise<Batch> {
    const { batchSize, seed, splits = 1 } = this.#options;
    const { image } = this.#set;
    const size = image.reduce((product, n) => product * n, 1);
    const epoch = Math.floor(step / this.perEpoch);
    if (epoch !== this.#epoch) this.#shuffle(epoch);
    const first = (step % this.perEpoch) * batchSize;
    const places = this.#order.slice(first, first + batchSize);
    const random = generator(seed, step, 1);
    const own = Array.from({ length: batchSize }, () => random.fork());
    const images = new Float32Array(splits * batchSize * size);
    const version = (split: number, i: number) =>
      images.subarray((split * batchSize + i) * size, (split * batchSize + i + 1) * size);
    own.forEach((ownRandom, i) => {
      const place = places[i] ?? 0;
      this.#crop(this.#set.images.subarray(place * size, (place + 1) * size), ownRandom, version(0, i));
      if (splits === 1) this.#change(ownRandom, version(0, i));
      for (let split = 1; split < splits; split++) {
        version(split, i).set(version(0, i));
        this.#change(ownRandom, version(split, i));
      }
    });
    const labels = BigInt64Array.from(places, (place) => BigInt(this.#set.labels[place] ?? 0));
    return this.#mixed({ images, labels }, random);
  }

  async close(): Promise<void> {}

  /** Writes an image of the set cropped and flipped. */
  #crop(source: Uint8Array, random: Random, target: Float32Array): void {
    const { augmentation, cropInterpolation = "linear" } = this.#options;
    const { image } = this.#set;
    const isFlipped = augmentation !== "none" && random.integer(2) === 1;
    if (augmentation === "resized-crop-flip") {
      const box = resizedCropBox(random, image);
      const isCubic = cropInterpolation === "random" && random.integer(2) === 1;
      resizeBox(source, image, box, isFlipped, target, isCubic ? "cubic" : "linear");
    } else {
      const shift = () => (augmentation === "crop-flip" ? random.integer(2 * padding + 1) - padding : 0);
      moveImage(source, image, { down: shift(), right: shift() }, isFlipped, target);
    }
  }

  /** Changes an image in colour and content, after it was cropped. */
  #change(random: Random, own: Float32Array): void {
    const { colorJitter = 0, randAugment: policy, randomErasing = 0 } = this.#options;
    const { image } = this.#set;
    if (colorJitter > 0) jitterColor(random, own, image, colorJitter);
    if (policy) {
      const fill = this.#statistics.mean.map(Math.round);
      own.set(randAugment(random, new Uint8Array(Uint8ClampedArray.from(own).buffer), image, policy, fill));
    }
    if (randomErasing > 0 && random.uniform() < randomErasing) erase(random, own, image, this.#statistics);
  }

  /** The batch with every image mixed with its opposite in the batch, as timm does, where that is asked for. */
  #mixed(batch: Batch, random: Random): Batch {
    const { mixup = 0, cutmix = 0, batchSize } = this.#options;
    if (mixup === 0 && cutmix === 0) return batch;
    const { image } = this.#set;
    const { images, labels } = batch;
    const [, height, width] = image;
    const size = images.length / batchSize;
    const isCut = cutmix > 0 && (mixup === 0 || random.integer(2) === 1);
    const lambda = betaSample(random, isCut ? cutmix : mixup);
    const others = images.slice();
    const box = isCut ? cutMixBox(random, image, lambda) : undefined;
    for (let i = 0; i < images.length; i++) {
      const other = others[(batchSize - 1 - Math.floor(i / size)) * size + (i % size)] ?? 0;
      if (!box) images[i] = lambda * (images[i] ?? 0) + (1 - lambda) * other;
      else {
        const [row, column] = [Math.floor(i / width) % height, i % width];
        const isInside =
          row >= box.top && row < box.top + box.height && column >= box.left && column < box.left + box.width;
        if (isInside) images[i] = other;
      }
    }
    // What lies outside the image was not cut out.
    const ownShare = box ? 1 - (box.height * box.width) / (height * width) : lambda;
    return { images, labels, mixedLabels: labels.slice().reverse(), ownShare: [ownShare] };
  }

  #shuffle(epoch: number): void {
    const random = generator(this.#options.seed, epoch, 0);
    const order = this.#order;
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const other = random.integer(i + 1);
      [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
    }
    this.#epoch = epoch;
  }
}

/** A generator for one purpose at one place of a run. */
function generator(seed: number, place: number, purpose: number): Random {
  const base = new Random(seed);
  const words = [base.nextUint32(), base.nextUint32()] as const;
  // Places of one run, and purposes, differ in all bits of their seeds: `Random` mixes each word.
  return new Random(((words[0] + 2 * place + purpose) % 2 ** 32) + 2 ** 32 * (words[1] % 2 ** 20));
}
