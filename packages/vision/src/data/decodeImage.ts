/** Decoding of JPEG, PNG and WebP by sharp, in colour; it works in threads of its own. */
import sharp, { type Sharp } from "sharp";
import { DamagedImageError } from "./encodedImages.ts";
import type { CentreCrop } from "./imageSet.ts";

/** A decoded image: red, green and blue, one after another. */
export interface DecodedImage {
  readonly planes: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A rectangle of an image, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** What an image may have at most that is reduced on the way, and one that is decoded whole. */
const [mostPixels, mostWholePixels] = [2 ** 26, 2 ** 24];

const opened = (bytes: Uint8Array, limitInputPixels = mostPixels): Sharp =>
  sharp(bytes, { limitInputPixels, failOn: "truncated" });

/** The image in its own size. @throws DamagedImageError */
export const decodeWhole = (bytes: Uint8Array): Promise<DecodedImage> => decoded(() => opened(bytes, mostWholePixels));

/**
 * The middle of the image as evaluation takes it (torchvision's Resize and CenterCrop), by cubic interpolation. One that has the size already
 * stays as it is.
 * @throws DamagedImageError
 */
export const decodeCentre = (bytes: Uint8Array, { size, share }: CentreCrop): Promise<DecodedImage> =>
  decoded(async () => {
    const { width, height } = await opened(bytes).metadata();
    if (width === size && height === size) return opened(bytes);
    const shorter = Math.max(Math.floor(size / share), size);
    const [wide, tall] = [width, height].map((side) => Math.floor((shorter * side) / Math.min(width, height)));
    const resized = opened(bytes).resize(wide, tall, { fit: "fill", kernel: "cubic" });
    const start = (side = size) => Math.round((side - size) / 2);
    return resized.extract({ left: start(wide), top: start(tall), width: size, height: size });
  });

/**
 * A box of the image, from its own pixels, in the size asked for.
 * @param choose picks the box in the image's own height and width, and how it is interpolated
 * @throws DamagedImageError
 */
export const decodeBox = (
  bytes: Uint8Array,
  size: number,
  choose: (height: number, width: number) => { readonly box: Box; readonly kernel: "linear" | "cubic" },
): Promise<DecodedImage> =>
  decoded(async () => {
    const { width, height } = await opened(bytes).metadata();
    const { box, kernel } = choose(height, width);
    return opened(bytes)
      .extract({ ...box })
      .resize(size, size, { fit: "fill", kernel });
  });

/** libvips keeps its messages for all threads together, so that one can be lost. */
const reasonOf = ({ message }: Error): string =>
  message === "Unknown error" ? "it is damaged or cut off" : (message.split("\n")[0] ?? "");

async function decoded(image: () => Sharp | Promise<Sharp>): Promise<DecodedImage> {
  try {
    const coloured = (await image()).toColourspace("srgb").removeAlpha();
    const { data, info } = await coloured.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const area = width * height;
    const planes = new Uint8Array(3 * area);
    // A grey image has one channel for all three.
    for (let plane = 0; plane < 3; plane++) {
      const channel = plane % channels;
      for (let i = 0; i < area; i++) planes[plane * area + i] = data[i * channels + channel] ?? 0;
    }
    return { planes, height, width };
  } catch (error) {
    throw new DamagedImageError(`can't be decoded: ${reasonOf(error as Error)}`, { cause: error });
  }
}
