/** This project's side of the line protocol of bench/peers/README.md, on standard input and output. */
import { createInterface } from "node:readline";

export interface PeerWork {
  /** One repetition of what is timed. */
  repeat(): Promise<void>;
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
    const milliseconds: number[] = [];
    const cpuMilliseconds: number[] = [];
    for (let i = 0; i < (request.run ?? 0); i++) {
      const [start, used] = [performance.now(), process.cpuUsage()];
      await repeat();
      milliseconds.push(performance.now() - start);
      const { user, system } = process.cpuUsage(used);
      cpuMilliseconds.push((user + system) / 1000);
    }
    say({ milliseconds, cpuMilliseconds });
  }
}
