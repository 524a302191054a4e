/** Pictures of a replay page as files: stills and clips. */
import sharp from "sharp";
import { openReplay } from "./browser.ts";

export interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * A PNG of a replay page. It is drawn twice as wide and high and made smaller: smoother edges than the browser's own.
 *
 * @param browser The browser's program.
 * @param at Seconds after the first state; the middle if left out.
 */
export async function still(page: string, browser: string, { width, height }: Size, at?: number): Promise<Buffer> {
  const replay = await openReplay(page, browser, { width, height, scale: 2 });
  try {
    const picture = await replay.picture(at ?? replay.duration / 2);
    return await sharp(picture).resize(width, height).png({ compressionLevel: 9 }).toBuffer();
  } finally {
    await replay.close();
  }
}

export interface ClipOptions {
  /** Seconds of simulated time after the first state. */
  readonly from: number;
  readonly to: number;
  /** Pictures a second. */
  readonly rate: number;
}

/** An animated GIF of a replay page, in real time, that repeats. */
export async function clip(
  page: string,
  browser: string,
  { width, height }: Size,
  { from, to, rate }: ClipOptions,
): Promise<Buffer> {
  const replay = await openReplay(page, browser, { width, height, scale: 1 });
  const pictures: Buffer[] = [];
  try {
    const count = Math.max(1, Math.round((Math.min(to, replay.duration) - from) * rate));
    for (let i = 0; i < count; i++) pictures.push(await replay.picture(from + i / rate));
  } finally {
    await replay.close();
  }
  // Without dithering, what does not change from picture to picture costs nothing.
  const look = { dither: 0, effort: 10, interFrameMaxError: 4 } as const;
  const delay = pictures.map(() => Math.round(1000 / rate));
  return await sharp(pictures, { join: { animated: true } })
    .gif({ ...look, delay, loop: 0 })
    .toBuffer();
}
