/** What cameras and files lose: resolution, and JPEG's accuracy. */
import sharp from "sharp";
import { resampled } from "../../images/resample.ts";
import { toPlanes, toSharp } from "../rawImages.ts";
import type { Shape } from "./pixels.ts";

/** Reduced by means over boxes, and enlarged again. */
export function pixelate(image: Uint8Array, shape: Shape, share: number): Uint8Array {
  const [channels, height, width] = shape;
  const small = [channels, Math.max(Math.trunc(height * share), 1), Math.max(Math.trunc(width * share), 1)] as const;
  return resampled(resampled(image, shape, [small[1], small[2]], "box"), small, [height, width], "box");
}

/** Written as JPEG (libjpeg's, colour at half the resolution) and read again. */
export async function jpeg(image: Uint8Array, shape: Shape, quality: number): Promise<Uint8Array> {
  const file = await toSharp(image, shape).jpeg({ quality }).toBuffer();
  return toPlanes(sharp(file), shape);
}
