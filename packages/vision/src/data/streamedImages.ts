/** Images of a streamed set, decoded when they are needed. */
import { FailureError } from "@era/lab";
import { type DecodedImage, decodeCentre, decodeWhole } from "./decodeImage.ts";
import { DamagedImageError, EncodedReader, imageName } from "./encodedImages.ts";
import { type AnySet, type ImageSet, isStreamed, type SkippedFile, type StreamedSet } from "./imageSet.ts";
import { inTurns } from "./inTurns.ts";

/** A damaged image that was found when it was needed. */
export interface DamagedImage extends SkippedFile {
  /** Its place in the set. */
  readonly index: number;
}

/** An image, or the one that stands for it. */
export interface FoundImage {
  readonly index: number;
  readonly image: DecodedImage;
  /** Those before it that are damaged. */
  readonly damaged: readonly DamagedImage[];
}

/** Images that are read and decoded at a time; what is decoded while another thread takes a step is bounded by it. */
export const together = 32;

/** After so many damaged images one after another, the set is no good. */
const mostDamaged = 256;

export class StreamReader {
  readonly #set: StreamedSet;
  readonly #reader: EncodedReader;

  constructor(set: StreamedSet) {
    this.#set = set;
    this.#reader = new EncodedReader(set.source);
  }

  /**
   * An image of the set. Where it is damaged and the set leaves such out, the next usable one of the set's order stands for it, after the last the
   * first: in class folders mostly one of the same class. That depends on the files alone, so that a run resumes with the same.
   * @param decode how to decode it; left out: as evaluation sees it
   * @throws FailureError in one line that names the damaged image
   */
  async image(index: number, decode: (bytes: Uint8Array) => Promise<DecodedImage> = this.#decode): Promise<FoundImage> {
    const { name, places, skipBad } = this.#set;
    const damaged: DamagedImage[] = [];
    for (let tried = 0; tried < Math.min(places.length, mostDamaged); tried++) {
      const own = (index + tried) % places.length;
      const found = await this.attempt(own, decode);
      if (!("reason" in found)) return { index: own, image: found, damaged };
      if (!skipBad) throw new FailureError(`${name}: ${found.file} ${found.reason}`);
      damaged.push({ index: own, ...found });
    }
    throw new FailureError(
      `${name}: ${damaged.length} damaged images, one after another, the first: ${damaged[0]?.file}`,
    );
  }

  /** An image of the set, or what is wrong with it. */
  async attempt(
    index: number,
    decode: (bytes: Uint8Array) => Promise<DecodedImage> = this.#decode,
  ): Promise<DecodedImage | SkippedFile> {
    const { source, places, image } = this.#set;
    const place = places[index] ?? 0;
    try {
      const decoded = await decode(await this.#reader.read(place));
      const { height, width } = decoded;
      if (height === image[1] && width === image[2]) return decoded;
      const sizes = `is ${height}×${width}, but the ones before it are ${image.slice(1).join("×")}`;
      throw new DamagedImageError(`${sizes} (--image-size makes them alike)`);
    } catch (error) {
      if (!(error instanceof DamagedImageError)) throw error;
      return { file: imageName(source, place), reason: error.message };
    }
  }

  readonly #decode = (bytes: Uint8Array): Promise<DecodedImage> =>
    this.#set.centre ? decodeCentre(bytes, this.#set.centre) : decodeWhole(bytes);
}

/**
 * A set in parts of so many images, decoded, as evaluation sees them; the next part is decoded while one is worked on. Damaged images are left
 * out, and listed as `skipped` of their part, where the set says so.
 * @throws FailureError in one line that names a damaged image
 */
export async function* parts(set: AnySet, size: number): AsyncGenerator<ImageSet> {
  const count = set.labels.length;
  if (!isStreamed(set)) {
    const pixels = set.image.reduce((product, n) => product * n, 1);
    for (let start = 0; start < count; start += size) {
      const labels = set.labels.subarray(start, start + size);
      yield {
        ...set,
        labels,
        skipped: [],
        images: set.images.subarray(start * pixels, (start + labels.length) * pixels),
      };
    }
    return;
  }
  const reader = new StreamReader(set);
  const part = (start: number) => decodedPart(set, reader, start, Math.min(size, count - start));
  let next = part(0);
  for (let start = 0; start < count; start += size) {
    const own = await next;
    if (start + size < count) {
      next = part(start + size);
      // Where the work on this part fails, nobody waits for the next one.
      next.catch(() => {});
    }
    yield own;
  }
}

async function decodedPart(set: StreamedSet, reader: StreamReader, start: number, count: number): Promise<ImageSet> {
  const { name, image, classes, centre, skipBad } = set;
  const size = image.reduce((product, n) => product * n, 1);
  const images = new Uint8Array(count * size);
  const results = await inTurns(count, together, async (i) => {
    const found = await reader.attempt(start + i);
    if ("reason" in found) return found;
    images.set(found.planes, i * size);
    return undefined;
  });
  const skipped = results.filter((result) => result !== undefined);
  const [first] = skipped;
  if (first && !skipBad) throw new FailureError(`${name}: ${first.file} ${first.reason}`);
  const kept = Array.from(results.keys()).filter((i) => results[i] === undefined);
  // The others move up to where damaged ones would be.
  kept.forEach((from, to) => {
    if (from !== to) images.copyWithin(to * size, from * size, (from + 1) * size);
  });
  const labels = Uint16Array.from(kept, (i) => set.labels[start + i] ?? 0);
  return { name, image, classes, centre, skipped, labels, images: images.subarray(0, kept.length * size) };
}

/** The set whole in memory; damaged images are left out and listed where it says so. @throws FailureError */
export async function inMemory(set: StreamedSet): Promise<ImageSet> {
  for await (const whole of parts(set, set.labels.length))
    return { ...whole, skipped: [...set.skipped, ...whole.skipped] };
  throw new FailureError(`${set.name}: holds no images`);
}
