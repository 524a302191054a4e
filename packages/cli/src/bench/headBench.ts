/** `era bench head`: what ERA's activation adds to an update, against a head that only clamps its log deviations. */
import { median } from "@era/lab";
import { Peer } from "./peer.ts";
import { headPeer, type UpdateSize } from "./peers.ts";
import { type Overhead, pairedOverhead, percent, short } from "./statistics.ts";

export interface HeadBenchResult extends Overhead {
  readonly size: UpdateSize;
  /** Median over the turns of each turn's median milliseconds of an update. */
  readonly era: number;
  readonly clamped: number;
  readonly pairs: number;
  /** ONNX nodes as written. */
  readonly nodes: { readonly era: number; readonly clamped: number };
}

/** Updates of a turn, and how many at its beginning are not counted: caches and threads wake up. */
const turnUpdates = 12;
const wakingUpdates = 2;

/** Alternates turns of the two programs, each in its own process that sleeps while the other runs, changing which goes first. */
export async function benchHeads(size: UpdateSize, pairs: number): Promise<HeadBenchResult> {
  const era = await Peer.start(headPeer(size, "era"));
  const clamped = await Peer.start(headPeer(size, "clamped"));
  try {
    const turn = async (peer: Peer) => median((await peer.run(turnUpdates)).slice(wakingUpdates));
    await turn(era);
    await turn(clamped);
    const eraTimes: number[] = [];
    const clampedTimes: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const order = [async () => eraTimes.push(await turn(era)), async () => clampedTimes.push(await turn(clamped))];
      for (const next of pair % 2 === 0 ? order : order.reverse()) await next();
    }
    return {
      size,
      era: median(eraTimes),
      clamped: median(clampedTimes),
      ...pairedOverhead(eraTimes, clampedTimes),
      pairs,
      nodes: { era: era.ready.nodes ?? Number.NaN, clamped: clamped.ready.nodes ?? Number.NaN },
    };
  } finally {
    era.stop();
    clamped.stop();
  }
}

export function headTable({ size, era, clamped, overhead, overheadRange, pairs, nodes }: HeadBenchResult): string {
  return [
    `One SAC update with and without ERA's activation, width ${size.width}, batch ${size.batch}, ${size.threads} threads, ${pairs} pairs of turns`,
    ``,
    `| head | median ms | ONNX nodes |`,
    `| --- | ---: | ---: |`,
    `| era | ${short(era)} | ${nodes.era} |`,
    `| clamped | ${short(clamped)} | ${nodes.clamped} |`,
    ``,
    `overhead: ${percent(overhead)} (leaving out a twentieth of the pairs: ${overheadRange.map(percent).join(" to ")}; the paper says under 7 %)`,
  ].join("\n");
}
