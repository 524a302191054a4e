/** `era bench vision`: images per second of a classifier's training step here and in PyTorch, and what ERA's head adds to it. */
import { FailureError, median } from "@era/lab";
import { Peer, type Ready, startPeers } from "./peer.ts";
import { type ClassifierSize, classifierPeer, torchClassifierPeers } from "./peers.ts";
import { minimumOf, type Overhead, pairedOverhead, percent, short } from "./statistics.ts";

export interface VisionPeerResult {
  readonly name: string;
  /** Absent where the competitor could not run, and `error` says why. */
  readonly imagesPerSecond?: number;
  /** Milliseconds of a step: median and least, and the processor time of all threads, median. */
  readonly median?: number;
  readonly min?: number;
  readonly cpu?: number;
  readonly steps?: number;
  readonly version?: string;
  readonly compileSeconds?: number;
  readonly error?: string;
}

export interface VisionBenchResult extends Overhead {
  readonly size: ClassifierSize;
  readonly rounds: number;
  readonly results: readonly VisionPeerResult[];
  /** Our images per second, with the plain head, over those of PyTorch's fastest form. */
  readonly againstTorch: { readonly peer: string; readonly ratio: number; readonly cpuRatio: number } | null;
  /** Largest relative difference of a loss or of the parameters' norm between us and PyTorch, over two steps from equal weights. */
  readonly deviation: number | null;
}

/** A turn takes about this long. */
const turnMilliseconds = 1500;
/** Steps at the beginning of a turn that are not counted: caches and threads wake up, for every competitor alike. */
const wakingSteps = 1;
/** What two steps may differ by: the first step of a deep network with fresh weights already multiplies rounding by a hundred. */
const largestDeviation = 1e-3;

/**
 * Alternates turns of all competitors, each in its own process that sleeps while others run. The two heads take theirs next to each other,
 * changing which goes first.
 * @param only names of PyTorch's forms to run (all where empty)
 * @throws FailureError where PyTorch's network is not ours, by its parameters or by the losses of a few steps
 */
export async function benchVision(
  size: ClassifierSize,
  rounds: number,
  only: readonly string[],
  log: (line: string) => void,
): Promise<VisionBenchResult> {
  const commands = torchClassifierPeers(size).filter(({ name }) => only.length === 0 || only.includes(name));
  let torch: Peer[] = [];
  const plain = await Peer.start(classifierPeer(size, "plain"));
  const heads = [plain];
  try {
    const era = await Peer.start(classifierPeer(size, "era"));
    heads.push(era);
    const { peers: started, failed } = await startPeers(commands, log);
    torch = started;
    const deviation = torch[0] ? await checkParity(plain, torch[0], size) : null;

    const peers = [plain, era, ...torch];
    const times = new Map(peers.map((peer) => [peer, new Times()]));
    const counts = new Map<Peer, number>();
    for (const peer of peers) {
      const trial = (await peer.run(2)).at(-1) ?? 1;
      counts.set(peer, Math.max(1, Math.round(turnMilliseconds / trial)));
    }
    const count = counts.get(plain) ?? 1;
    counts.set(era, count);
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      for (const peer of [...(round % 2 === 0 ? heads : [...heads].reverse()), ...torch]) {
        const turn = await peer.turn(wakingSteps + (counts.get(peer) ?? 1));
        times.get(peer)?.add(turn.milliseconds.slice(wakingSteps), turn.cpuMilliseconds?.slice(wakingSteps) ?? []);
      }
    }

    const results = peers.map((peer): VisionPeerResult => {
      const { wall, cpu } = times.get(peer) ?? new Times();
      return {
        name: peer.name,
        ...readyFacts(peer.ready),
        imagesPerSecond: (1000 * size.batch) / median(wall),
        median: median(wall),
        min: minimumOf(wall),
        cpu: median(cpu),
        steps: wall.length,
      };
    });
    const ours = results[0];
    const fastest = results.slice(heads.length).sort((a, b) => (a.median ?? 0) - (b.median ?? 0))[0];
    const ratio = (of: "median" | "cpu") => (fastest?.[of] ?? Number.NaN) / (ours?.[of] ?? Number.NaN);
    return {
      size,
      rounds,
      results: [...results, ...failed],
      againstTorch: fastest ? { peer: fastest.name, ratio: ratio("median"), cpuRatio: ratio("cpu") } : null,
      deviation,
      ...pairedOverhead(times.get(era)?.turns ?? [], times.get(plain)?.turns ?? []),
    };
  } finally {
    for (const peer of [...heads, ...torch]) peer.stop();
  }
}

const readyFacts = ({ version, compileSeconds }: Ready) => ({
  version,
  ...(compileSeconds !== undefined && { compileSeconds }),
});

/** A competitor's steps. */
class Times {
  readonly wall: number[] = [];
  readonly cpu: number[] = [];
  /** Median of each turn. */
  readonly turns: number[] = [];

  add(wall: readonly number[], cpu: readonly number[]): void {
    this.wall.push(...wall);
    this.cpu.push(...cpu);
    this.turns.push(median(wall));
  }
}

interface Check {
  readonly losses: readonly number[];
  readonly norm: number;
}

async function checkParity(ours: Peer, theirs: Peer, { model, classes, imageSize }: ClassifierSize): Promise<number> {
  const [own, other] = [ours.ready.parameters, theirs.ready.parameters];
  if (own !== other) {
    throw new FailureError(`${model} has ${own} parameters here and ${other} in ${theirs.name}`);
  }
  const request = { model, classes, imageSize, batch: 8, updates: 2, learningRate: 1e-5 };
  const [a, b] = [await ours.check(request), await theirs.check(request)] as unknown as [Check, Check];
  const differences = [...a.losses, a.norm].map((value, i) => Math.abs(value / ([...b.losses, b.norm][i] ?? 0) - 1));
  const deviation = Math.max(...differences);
  if (!(deviation <= largestDeviation)) {
    throw new FailureError(`${model} does not do here what it does in ${theirs.name}: ${JSON.stringify([a, b])}`);
  }
  return deviation;
}

/** The result as Markdown. */
export function visionTable(result: VisionBenchResult): string {
  const { size, rounds, results, againstTorch, deviation, overhead, overheadRange } = result;
  const { model, batch, imageSize, classes, threads } = size;
  const rows = results.map(({ name, version, imagesPerSecond, median: middle, min, cpu, compileSeconds, error }) => {
    if (error !== undefined) return `| ${name} | — | — | — | — | ${error} |`;
    const numbers = [imagesPerSecond, middle, min, cpu, compileSeconds].map((value) => short(value ?? Number.NaN));
    return `| ${name} ${version ?? ""} | ${numbers.join(" | ")} |`;
  });
  return [
    `One training step of ${model}, ${batch} images of ${imageSize}², ${classes} classes, ${threads} threads, ${rounds} rounds`,
    ``,
    `| | images/s | median ms | min ms | processor ms | compile s |`,
    `| --- | ---: | ---: | ---: | ---: | ---: |`,
    ...rows,
    ``,
    ...(againstTorch
      ? [
          `era against PyTorch's fastest form (${againstTorch.peer}): ${short(againstTorch.ratio)}× its images/s, by processor time ${short(againstTorch.cpuRatio)}× (goal: at least 1)`,
        ]
      : []),
    ...(deviation === null
      ? []
      : [`losses and parameters of two steps differ by at most ${deviation.toExponential(1)}`]),
    `ERA's head adds ${percent(overhead)} (leaving out a part of the rounds: ${overheadRange.map(percent).join(" to ")}; goal: at most 1 %)`,
  ].join("\n");
}
