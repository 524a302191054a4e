/** `era bench update`: one SAC-ERA update here and in every other library, interleaved in one invocation. */
import { median } from "@era/lab";
import { type Peer, startPeers } from "./peer.ts";
import { type UpdateSize, updatePeers } from "./peers.ts";
import { minimumOf, short } from "./statistics.ts";

export interface PeerResult {
  readonly name: string;
  /** Milliseconds per update; absent where the competitor could not run, and `error` says why. */
  readonly median?: number;
  readonly min?: number;
  readonly repetitions?: number;
  readonly version?: string;
  readonly compileSeconds?: number;
  readonly error?: string;
  /** Its median over ours: above 1 we are faster. */
  readonly ratio?: number;
}

export interface UpdateBenchResult {
  readonly size: UpdateSize;
  readonly results: readonly PeerResult[];
  /** Our median over that of the fastest Python peer; the goal is at most 0.8. */
  readonly againstFastestPython: number | null;
}

const pythonPeers = ["torch-eager", "torch-compile", "jax"];

/** A round gives each competitor about this long. */
const roundMilliseconds = 500;
/** Updates at the beginning of a turn that are not counted: caches and threads wake up, for every competitor alike. */
const wakingUpdates = 2;

/**
 * @param rounds how often each competitor gets its turn
 * @param only names of the competitors to run (all where empty); this project always runs
 */
export async function benchUpdates(
  size: UpdateSize,
  rounds: number,
  only: readonly string[],
  log: (line: string) => void,
): Promise<UpdateBenchResult> {
  const commands = updatePeers(size).filter(({ name }) => name === "era" || only.length === 0 || only.includes(name));
  const { peers, failed } = await startPeers(commands, log);
  try {
    const times = new Map(peers.map((peer) => [peer, [] as number[]]));
    const counts = new Map<Peer, number>();
    for (const peer of peers) {
      const trial = (await peer.run(3)).at(-1) ?? 1;
      counts.set(peer, Math.max(1, Math.round(roundMilliseconds / trial)));
    }
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      for (const peer of peers) {
        const turn = await peer.run(wakingUpdates + (counts.get(peer) ?? 1));
        times.get(peer)?.push(...turn.slice(wakingUpdates));
      }
    }
    const ours = peers.find((peer) => peer.name === "era");
    const ourMedian = median((ours && times.get(ours)) ?? []);
    const results = peers.map((peer): PeerResult => {
      const milliseconds = times.get(peer) ?? [];
      const { version, compileSeconds } = peer.ready;
      return {
        name: peer.name,
        version,
        ...(compileSeconds !== undefined && { compileSeconds }),
        repetitions: milliseconds.length,
        median: median(milliseconds),
        min: minimumOf(milliseconds),
        ratio: median(milliseconds) / ourMedian,
      };
    });
    const python = results.flatMap(({ name, median: time }) =>
      pythonPeers.includes(name) && time !== undefined ? [time] : [],
    );
    return {
      size,
      results: [...results, ...failed],
      againstFastestPython: python.length > 0 ? ourMedian / minimumOf(python) : null,
    };
  } finally {
    for (const peer of peers) peer.stop();
  }
}

/** The result as Markdown. */
export function updateTable({ size, results, againstFastestPython }: UpdateBenchResult): string {
  const { width, obs, act, batch, threads } = size;
  const rows = results.map(({ name, version, median: middle, min, ratio, compileSeconds, error }) =>
    error === undefined
      ? `| ${name} ${version ?? ""} | ${short(middle ?? NaN)} | ${short(min ?? NaN)} | ${short(ratio ?? NaN)}× | ${short(compileSeconds ?? NaN)} |`
      : `| ${name} | — | — | — | ${error} |`,
  );
  const verdict =
    againstFastestPython === null
      ? []
      : [``, `era / fastest Python peer: ${short(againstFastestPython)} (goal: at most 0.8)`];
  return [
    `One SAC-ERA update, width ${width}, observations ${obs}, actions ${act}, batch ${batch}, ${threads} threads`,
    ``,
    `| | median ms | min ms | time relative to era | compile s |`,
    `| --- | ---: | ---: | ---: | ---: |`,
    ...rows,
    ...verdict,
  ].join("\n");
}
