/** Training batches: which images, and how they are changed. Both follow from the seed and the step alone, so that a run resumes anywhere. */
import type { Random } from "@era/tensor";
import { type DecodedImage, decodeBox } from "../data/decodeImage.ts";
import { type AnySet, type ImageSet, isStreamed } from "../data/imageSet.ts";
import { inTurns } from "../data/inTurns.ts";
import { type DamagedImage, StreamReader, together } from "../data/streamedImages.ts";
import { betaSample, cutMixBox, erase, jitterColor, moveImage, resizeBox, resizedCropBox } from "./augment.ts";
import { type ChannelStatistics, channelStatistics } from "./channelStatistics.ts";
import { EpochOrder } from "./epochOrder.ts";
import { generator } from "./generator.ts";
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

/** A batch, and what was found damaged on the way. */
export interface PreparedBatch {
  readonly feeds: Batch;
  /** Images in whose place others stand. */
  readonly damaged: readonly DamagedImage[];
}

/** Where a training loop has its batches from. */
export interface BatchSource {
  /** Batches of an epoch. */
  readonly perEpoch: number;
  /**
   * The batch of a step, counted from 0.
   * @throws FailureError in one line where an image is damaged
   */
  at(step: number): Promise<PreparedBatch>;
  /** Ends what prepares them. */
  close(): Promise<void>;
}

/** Which image was cropped. */
interface Cropped {
  readonly index: number;
  readonly damaged: readonly DamagedImage[];
}

/** Black pixels on every side before a random crop (He et al. 2016, section 4.2). */
const padding = 4;

/**
 * Batches of a set. Each epoch takes every image at most once, in an order of its own; a rest that fills no batch is left out. Each image of a
 * batch has a random generator of its own, so that it does not matter in which order they are made.
 */
export class Batches implements BatchSource {
  readonly perEpoch: number;
  readonly #set: AnySet;
  readonly #reader: StreamReader | undefined;
  readonly #options: BatchOptions;
  readonly #order: EpochOrder;
  readonly #statistics: ChannelStatistics;

  /** @throws RangeError where the set does not fill a batch */
  constructor(set: AnySet, options: BatchOptions) {
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
    this.#reader = isStreamed(set) ? new StreamReader(set) : undefined;
    this.#order = new EpochOrder(set, options.seed);
    const needsStatistics = (options.randomErasing ?? 0) > 0 || options.randAugment !== undefined;
    if (needsStatistics && !statistics && isStreamed(set)) throw new RangeError(`${set.name}: give its statistics`);
    this.#statistics =
      statistics ?? (needsStatistics && !isStreamed(set) ? channelStatistics(set) : { mean: [], deviation: [] });
  }

  /** The batch of a step, counted from 0, in arrays of its own. */
  async at(step: number): Promise<PreparedBatch> {
    const { batchSize, seed, splits = 1 } = this.#options;
    const size = this.#set.image.reduce((product, n) => product * n, 1);
    const places = this.#order.of(Math.floor(step / this.perEpoch));
    const first = (step % this.perEpoch) * batchSize;
    const random = generator(seed, step, 1);
    const own = Array.from({ length: batchSize }, (_, i) => ({ random: random.fork(), place: places[first + i] ?? 0 }));
    const images = new Float32Array(splits * batchSize * size);
    const labels = new BigInt64Array(batchSize);
    const damaged: DamagedImage[][] = [];
    const version = (split: number, i: number) =>
      images.subarray((split * batchSize + i) * size, (split * batchSize + i + 1) * size);
    await inTurns(batchSize, together, async (i) => {
      const { random, place } = own[i] as (typeof own)[number];
      const found = await this.#crop(place, random, version(0, i));
      labels[i] = BigInt(this.#set.labels[found.index] ?? 0);
      damaged[i] = [...found.damaged];
      if (splits === 1) this.#change(random, version(0, i));
      for (let split = 1; split < splits; split++) {
        version(split, i).set(version(0, i));
        this.#change(random, version(split, i));
      }
    });
    return { feeds: this.#mixed({ images, labels }, random), damaged: damaged.flat() };
  }

  async close(): Promise<void> {}

  /** Writes an image of the set cropped and flipped; says which one it is, as another may stand for a damaged one. */
  async #crop(place: number, random: Random, target: Float32Array): Promise<Cropped> {
    const isFlipped = this.#options.augmentation !== "none" && random.integer(2) === 1;
    const set = this.#set;
    if (!this.#reader || !isStreamed(set)) {
      const size = target.length;
      const { images } = set as ImageSet;
      this.#move(images.subarray(place * size, (place + 1) * size), random, isFlipped, target);
      return { index: place, damaged: [] };
    }
    const { centre } = set;
    if (centre && this.#options.augmentation === "resized-crop-flip") {
      const decode = (bytes: Uint8Array): Promise<DecodedImage> =>
        decodeBox(bytes, centre.size, (height, width) => ({
          box: resizedCropBox(random, [3, height, width]),
          kernel: this.#interpolation(random),
        }));
      const { image, ...found } = await this.#reader.image(place, decode);
      moveImage(image.planes, set.image, { down: 0, right: 0 }, isFlipped, target);
      return found;
    }
    const { image, ...found } = await this.#reader.image(place);
    this.#move(image.planes, random, isFlipped, target);
    return found;
  }

  /** Writes an image, decoded in its size, moved or as a part of it, perhaps flipped. */
  #move(source: Uint8Array, random: Random, isFlipped: boolean, target: Float32Array): void {
    const { augmentation } = this.#options;
    const { image } = this.#set;
    if (augmentation === "resized-crop-flip") {
      const box = resizedCropBox(random, image);
      resizeBox(source, image, box, isFlipped, target, this.#interpolation(random));
    } else {
      const shift = () => (augmentation === "crop-flip" ? random.integer(2 * padding + 1) - padding : 0);
      moveImage(source, image, { down: shift(), right: shift() }, isFlipped, target);
    }
  }

  /** How the next crop is brought to its size. */
  #interpolation(random: Random): "linear" | "cubic" {
    const isByLot = this.#options.cropInterpolation === "random";
    return isByLot && random.integer(2) === 1 ? "cubic" : "linear";
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
}
