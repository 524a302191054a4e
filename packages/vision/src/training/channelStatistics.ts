/** What normalization and random erasing need to know of a set. */
import { type AnySet, type ImageSet, isStreamed } from "../data/imageSet.ts";
import { subset } from "../data/stratifiedSplit.ts";
import { inMemory } from "../data/streamedImages.ts";

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

/** Images of a streamed set that stand for all of it. */
const sample = 1024;

/**
 * {@link channelStatistics} of a set, or, where it is streamed, of a sample that is spread over it evenly.
 * @throws FailureError in one line that names a damaged image
 */
export async function statisticsOf(set: AnySet): Promise<ChannelStatistics> {
  if (!isStreamed(set)) return channelStatistics(set);
  const count = Math.min(sample, set.labels.length);
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * set.labels.length) / count));
  return channelStatistics(await inMemory(subset(set, places, set.name)));
}
