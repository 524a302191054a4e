/** This project's side of the line protocol of bench/peers/README.md, on standard input and output. */
import { createInterface } from "node:readline";

export interface PeerWork {
  /** One repetition of what is timed; `mark` ends the first of its two parts, where it has such. */
  repeat(mark: () => void): Promise<void>;
  /** The parity check. */
  check(request: unknown): Promise<object>;
}

/** Says what is ready and serves requests until standard input ends. */
export async function serve(ready: object, { repeat, check }: PeerWork): Promise<void> {
  const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready: true, version: process.version, ...ready });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as { run?: number; check?: unknown; quit?: boolean };
    if (request.quit) break;
    if (request.check) {
      say({ check: await check(request.check) });
      continue;
    }
    const times: Record<string, number[]> = { milliseconds: [], cpuMilliseconds: [] };
    for (let i = 0; i < (request.run ?? 0); i++) {
      const [start, used] = [performance.now(), process.cpuUsage()];
      const note = (wall: string, cpu: string) => {
        const { user, system } = process.cpuUsage(used);
        times[wall] = [...(times[wall] ?? []), performance.now() - start];
        times[cpu] = [...(times[cpu] ?? []), (user + system) / 1000];
      };
      await repeat(() => note("firstPartMilliseconds", "firstPartCpuMilliseconds"));
      note("milliseconds", "cpuMilliseconds");
    }
    say(times);
  }
}
