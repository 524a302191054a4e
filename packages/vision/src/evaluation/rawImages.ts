/** Images of a set through sharp, one by one, and back. */
import sharp, { type Sharp } from "sharp";
import type { ImageSet } from "../data/imageSet.ts";

type ImageShape = ImageSet["image"];

/** Images handed to sharp at a time: it works in threads of its own. */
const together = 64;

/** A set's image as sharp takes it: pixels of a row one after another, channels innermost. */
export function toSharp(planes: Uint8Array, [channels, height, width]: ImageShape): Sharp {
  const area = height * width;
  const pixels = Uint8Array.from(
    { length: planes.length },
    (_, i) => planes[(i % channels) * area + Math.floor(i / channels)] ?? 0,
  );
  return sharp(pixels, { raw: { width, height, channels: channels === 1 ? 1 : 3 } });
}

/**
 * What sharp makes as planes of the shape asked for: resized where it is of another size (the longer side cut), grey or in colour as needed.
 * @param share of the sides that is seen: the middle of a larger one
 */
export async function toPlanes(image: Sharp, [channels, height, width]: ImageShape, share = 1): Promise<Uint8Array> {
  const [wide, tall] = [width, height].map((side) => Math.floor(side / share)) as [number, number];
  const box = { left: (wide - width) >> 1, top: (tall - height) >> 1, width, height };
  const sized = image.resize(wide, tall, { fit: "cover", kernel: "cubic" }).extract(box).removeAlpha();
  const coloured = channels === 1 ? sized.greyscale().toColourspace("b-w") : sized.toColourspace("srgb");
  const { data, info } = await coloured.raw().toBuffer({ resolveWithObject: true });
  const area = height * width;
  return Uint8Array.from(
    { length: channels * area },
    (_, i) => data[(i % area) * info.channels + (Math.floor(i / area) % info.channels)] ?? 0,
  );
}

/** The set with each image changed by sharp, in the shape given. */
export async function mapImages(
  set: ImageSet,
  change: (image: Sharp, i: number) => Sharp | Promise<Sharp>,
  image: ImageShape = set.image,
): Promise<ImageSet> {
  const size = (shape: ImageShape) => shape.reduce((product, n) => product * n, 1);
  const [from, to] = [size(set.image), size(image)];
  const images = new Uint8Array(set.labels.length * to);
  for (let start = 0; start < set.labels.length; start += together) {
    const end = Math.min(start + together, set.labels.length);
    const changed = Array.from({ length: end - start }, async (_, offset) => {
      const i = start + offset;
      const own = toSharp(set.images.subarray(i * from, (i + 1) * from), set.image);
      images.set(await toPlanes(await change(own, i), image), i * to);
    });
    await Promise.all(changed);
  }
  return { ...set, images, image };
}

/** The set's images as a model for images of another size or number of channels takes them. */
export const fitted = async (set: ImageSet, image: ImageShape): Promise<ImageSet> =>
  set.image.join() === image.join() ? set : mapImages(set, (own) => own, image);
