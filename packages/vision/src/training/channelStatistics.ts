/** What normalization and random erasing need to know of a set. */
import type { ImageSet } from "../data/imageSet.ts";

/** Of each channel, 0 to 255. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Mean and standard deviation of each channel over a set, 0 to 255. */
export function channelStatistics({ images, image, labels }: ImageSet): ChannelStatistics {
  const [channels, height, width] = image;
  const size = height * width;
  const count = labels.length * size;
  const sums = Array.from({ length: channels }, () => [0, 0] as [sum: number, squares: number]);
  for (let i = 0; i < images.length; i++) {
    const sum = sums[Math.floor(i / size) % channels];
    const value = images[i] ?? 0;
    if (sum) {
      sum[0] += value;
      sum[1] += value * value;
    }
  }
  const mean = sums.map(([sum]) => sum / count);
  // A channel that never changes is only shifted.
  const deviation = sums.map(([sum, squares]) => Math.sqrt(Math.max(squares / count - (sum / count) ** 2, 0)) || 1);
  return { mean, deviation };
}
