import sharp from "sharp";
import type { OpenReplay } from "./browser.ts";

export interface ClipOptions {
  /** Seconds of simulated time after the first state. */
  readonly from: number;
  readonly to: number;
  /** Pictures a second. */
  readonly rate: number;
}

/**
 * An animated GIF of a replay, in real time, that repeats.
 * @param onPicture Called after each picture with the part that is done, 0 to 1.
 */
export async function clip(
  replay: OpenReplay,
  { from, to, rate }: ClipOptions,
  onPicture: (part: number) => void = () => {},
): Promise<Buffer> {
  const end = Math.min(to, replay.duration);
  const count = Math.max(1, Math.round((end - from) * rate));
  const pictures: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    pictures.push(await replay.picture(from + i / rate));
    onPicture((i + 1) / count);
  }
  // Without dithering, what does not change from picture to picture costs nothing.
  return await sharp(pictures, { join: { animated: true } })
    .gif({ loop: 0, delay: pictures.map(() => Math.round(1000 / rate)), dither: 0, effort: 10, interFrameMaxError: 4 })
    .toBuffer();
}
