/** From where a set's images are to the set: decoded, or left in its files. */
import { FailureError } from "@era/lab";
import { decodeWhole } from "./decodeImage.ts";
import { DamagedImageError, type EncodedImages, EncodedReader, imageName } from "./encodedImages.ts";
import { type AnySet, checkedSet, type ImageSet, type SkippedFile, type StreamedSet } from "./imageSet.ts";
import { inMemory } from "./streamedImages.ts";

/** Images whose classes are known, none of them decoded yet. */
export interface IndexedImages {
  readonly name: string;
  readonly source: EncodedImages;
  /** Of each of the source's images. */
  readonly labels: Uint16Array;
  readonly classes: readonly string[];
  readonly skipped: readonly SkippedFile[];
}

export interface StreamOptions {
  /** Leaves damaged images out, and lists them, instead of failing. */
  readonly skipBad?: boolean;
  /** Height and width that every image is reduced or enlarged to, its longer side cut; left out: all must have one size. */
  readonly imageSize?: number | undefined;
  /** With an image size: share of the shorter side that is kept; left out: {@link usualCentreShare}. */
  readonly centreShare?: number | undefined;
}

/** What evaluation on ImageNet takes (224 of 256 pixels: Krizhevsky et al. 2012). */
export const usualCentreShare = 0.875;

/** The set, to be decoded when its images are needed. @throws FailureError where the images have one size and no first one can be decoded */
export async function streamed(
  { name, source, labels, classes, skipped }: IndexedImages,
  { skipBad = false, imageSize, centreShare = usualCentreShare }: StreamOptions,
): Promise<StreamedSet> {
  const centre = imageSize === undefined ? undefined : { size: imageSize, share: centreShare };
  const places = Uint32Array.from(labels.keys());
  const base = { name, source, labels, classes, skipped, places, centre, skipBad };
  if (labels.length === 0) throw new FailureError(`${name}: holds no images`);
  const side = imageSize ?? 0;
  const [height, width] = centre ? [side, side] : await firstSize(base);
  return checkedSet({ ...base, image: [3, height, width] });
}

/** Height and width of the first image that can be decoded. */
async function firstSize({ name, source, places, skipBad }: Omit<StreamedSet, "image">): Promise<[number, number]> {
  const reader = new EncodedReader(source);
  for (const place of places) {
    try {
      const { height, width } = await decodeWhole(await reader.read(place));
      return [height, width];
    } catch (error) {
      if (!(error instanceof DamagedImageError)) throw error;
      if (!skipBad) throw new FailureError(`${name}: ${imageName(source, place)} ${error.message}`, { cause: error });
    }
  }
  throw new FailureError(`${name}: none of its ${places.length} images can be decoded`);
}

/** The set decoded. @throws FailureError in one line that names a damaged image, or a class of which none is left */
export const loaded = async (set: StreamedSet): Promise<ImageSet> => checkedSet(await inMemory(set));

/** The set decoded where that takes no more memory than given, in bytes; otherwise it stays streamed. */
export async function fittingMemory(set: StreamedSet, mostBytes: number): Promise<AnySet> {
  const bytes = set.image.reduce((product, n) => product * n, set.labels.length);
  return bytes > mostBytes ? set : loaded(set);
}
