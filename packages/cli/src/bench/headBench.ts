/** `era bench head`: what ERA's activation adds to an update, against a head that only clamps its log deviations. */
import { benchUpdate } from "./eraPeer.ts";
import type { UpdateSize } from "./peers.ts";
import { median, short } from "./statistics.ts";

export interface HeadBenchResult {
  readonly size: UpdateSize;
  /** Median milliseconds of an update. */
  readonly era: number;
  readonly clamped: number;
  /** Median of the paired differences over the clamped median: 0.01 is one per cent. */
  readonly overhead: number;
  /** Range of that over the twenty jackknife samples that leave out a twentieth of the pairs: how far chance moves it. */
  readonly overheadRange: readonly [number, number];
  readonly pairs: number;
  /** ONNX nodes as written. */
  readonly nodes: { readonly era: number; readonly clamped: number };
}

/** Alternates single updates of the two programs in one process, `pairs` times, changing which goes first. */
export async function benchHeads(size: UpdateSize, pairs: number): Promise<HeadBenchResult> {
  const era = await benchUpdate({ ...size, head: "era" });
  const clamped = await benchUpdate({ ...size, head: "clamped" });
  const time = async (update: () => Promise<void>): Promise<number> => {
    const start = performance.now();
    await update();
    return performance.now() - start;
  };
  for (let i = 0; i < 10; i++) {
    await era.update();
    await clamped.update();
  }
  const eraTimes: number[] = [];
  const clampedTimes: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) {
      eraTimes.push(await time(era.update));
      clampedTimes.push(await time(clamped.update));
    } else {
      clampedTimes.push(await time(clamped.update));
      eraTimes.push(await time(era.update));
    }
  }
  const base = median(clampedTimes);
  const differences = eraTimes.map((milliseconds, i) => milliseconds - (clampedTimes[i] ?? 0));
  const blocks = Array.from({ length: 20 }, (_, i) => median(differences.filter((_, j) => j % 20 !== i)) / base).sort(
    (a, b) => a - b,
  );
  return {
    size,
    era: median(eraTimes),
    clamped: base,
    overhead: median(differences) / base,
    overheadRange: [blocks[0] ?? NaN, blocks.at(-1) ?? NaN],
    pairs,
    nodes: { era: era.program.nodeCount, clamped: clamped.program.nodeCount },
  };
}

export function headTable({ size, era, clamped, overhead, overheadRange, pairs, nodes }: HeadBenchResult): string {
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  return [
    `One SAC update with and without ERA's activation, width ${size.width}, batch ${size.batch}, ${size.threads} threads, ${pairs} alternating pairs`,
    ``,
    `| head | median ms | ONNX nodes |`,
    `| --- | ---: | ---: |`,
    `| era | ${short(era)} | ${nodes.era} |`,
    `| clamped | ${short(clamped)} | ${nodes.clamped} |`,
    ``,
    `overhead: ${percent(overhead)} (leaving out a twentieth of the pairs: ${overheadRange.map(percent).join(" to ")}; the paper says under 7 %)`,
  ].join("\n");
}
