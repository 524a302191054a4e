/** `era bench env`: steps per second of each built-in robot here and in Python Gymnasium, interleaved. */

import { environments, makeEnv } from "@era/control";
import { median } from "@era/lab";
import { Random } from "@era/tensor";
import { Peer } from "./peer.ts";
import { gymnasiumPeer } from "./peers.ts";
import { short } from "./statistics.ts";

export interface EnvBenchResult {
  readonly env: string;
  /** Median steps per second. */
  readonly era: number;
  readonly gymnasium?: number;
  readonly error?: string;
  /** Ours over Gymnasium's. */
  readonly ratio?: number;
}

/** Random actions are drawn before the clock starts; episodes begin anew when they end. */
async function ownStepper(id: string) {
  const env = await makeEnv(id);
  const random = new Random(1);
  const actions = Array.from({ length: 1000 }, () => env.actionSpace.sample(random));
  env.reset({ seed: 1 });
  let next = 0;
  return {
    close: () => env.close(),
    run(steps: number): number {
      const start = performance.now();
      for (let i = 0; i < steps; i++) {
        const { terminated, truncated } = env.step(actions[next++ % actions.length] ?? []);
        if (terminated || truncated) env.reset();
      }
      return performance.now() - start;
    },
  };
}

export async function benchEnv(id: string, rounds: number, steps: number): Promise<EnvBenchResult> {
  const own = await ownStepper(id);
  let peer: Peer | undefined;
  let error: string | undefined;
  try {
    peer = await Peer.start(gymnasiumPeer(id));
  } catch (cause) {
    error = (cause as Error).message;
  }
  own.run(steps);
  await peer?.run(steps);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push((1000 * steps) / own.run(steps));
    const total = (await peer?.run(steps))?.[0];
    if (total !== undefined) theirs.push((1000 * steps) / total);
  }
  own.close();
  peer?.stop();
  const era = median(ours);
  if (theirs.length === 0) return { env: id, era, ...(error !== undefined && { error }) };
  return { env: id, era, gymnasium: median(theirs), ratio: era / median(theirs) };
}

export const benchEnvIds = (): string[] =>
  environments.filter(({ suite }) => suite === "gymnasium").map(({ id }) => id);

export function envTable(results: readonly EnvBenchResult[]): string {
  return [
    `Environment steps per second, random actions, one process, one thread`,
    ``,
    `| environment | era (WebAssembly) | Python Gymnasium (native) | ratio |`,
    `| --- | ---: | ---: | ---: |`,
    ...results.map(
      ({ env, era, gymnasium, ratio, error }) =>
        `| ${env} | ${Math.round(era)} | ${gymnasium === undefined ? (error ?? "—") : Math.round(gymnasium)} | ${ratio === undefined ? "—" : short(ratio)} |`,
    ),
  ].join("\n");
}
