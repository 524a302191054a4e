/** `era bench vector`: steps per second of many copies of an environment with none, one, two … worker threads, interleaved. */
import { makeVectorEnv, type VectorEnv } from "@era/control";
import { median } from "@era/lab";
import { Random } from "@era/tensor";
import { short } from "./statistics.ts";

export interface VectorBenchResult {
  readonly env: string;
  readonly copies: number;
  readonly results: readonly {
    /** 0: the calling thread steps the copies. */
    readonly workers: number;
    /** Median steps per second of all copies together. */
    readonly stepsPerSecond: number;
    /** Over that of the calling thread. */
    readonly ratio: number;
  }[];
}

/** Microseconds of one vector step of one copy of the cheapest environment there is. */
export interface VectorOverhead {
  readonly calling: number;
  readonly worker: number;
}

/** Random actions are drawn before the clock starts; episodes begin anew when they end. */
async function stepper(env: VectorEnv, steps: number): Promise<() => Promise<number>> {
  const random = new Random(1);
  const actions = Array.from({ length: 100 }, () =>
    Float32Array.from(Array.from({ length: env.count }, () => [...env.actionSpace.sample(random)]).flat()),
  );
  await env.reset({ seed: 1 });
  let next = 0;
  return async () => {
    const start = performance.now();
    for (let i = 0; i < steps; i++) await env.step(actions[next++ % actions.length] ?? new Float32Array(0));
    return performance.now() - start;
  };
}

/** Milliseconds of `steps` vector steps with each number of workers: the median of rounds in which they take turns. */
async function times(id: string, count: number, workers: readonly number[], rounds: number, steps: number) {
  const envs = [];
  for (const number of workers) envs.push(await makeVectorEnv(id, { count, workers: number }));
  try {
    const steppers = [];
    for (const env of envs) steppers.push(await stepper(env, steps));
    for (const step of steppers) await step();
    const measured: number[][] = workers.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, step] of steppers.entries()) measured[i]?.push(await step());
    }
    return measured.map(median);
  } finally {
    for (const env of envs) await env.close();
  }
}

export async function benchVector(
  id: string,
  copies: number,
  workers: readonly number[],
  rounds: number,
  steps: number,
): Promise<VectorBenchResult> {
  const [calling = Number.NaN, ...others] = await times(id, copies, [0, ...workers], rounds, steps);
  const result = (number: number, milliseconds: number) => ({
    workers: number,
    stepsPerSecond: (1000 * copies * steps) / milliseconds,
    ratio: calling / milliseconds,
  });
  return {
    env: id,
    copies,
    results: [result(0, calling), ...workers.map((number, i) => result(number, others[i] ?? Number.NaN))],
  };
}

/** CartPole-v1 takes less than a microsecond a step, so that nearly all of this is the vector environment's own. */
export async function benchOverhead(rounds: number): Promise<VectorOverhead> {
  const steps = 5000;
  const [calling = Number.NaN, worker = Number.NaN] = await times("CartPole-v1", 1, [0, 1], rounds, steps);
  return { calling: (1000 * calling) / steps, worker: (1000 * worker) / steps };
}

export function vectorTable(results: readonly VectorBenchResult[], { calling, worker }: VectorOverhead): string {
  const [first] = results;
  if (first === undefined) return "";
  const columns = first.results.map(({ workers }) =>
    workers === 0 ? "calling thread" : `${workers} worker${workers === 1 ? "" : "s"}`,
  );
  const cell = ({ stepsPerSecond, ratio, workers }: VectorBenchResult["results"][number]) =>
    `${Math.round(stepsPerSecond)}${workers === 0 ? "" : ` (${short(ratio)}×)`}`;
  return [
    `Steps per second of all copies together, random actions (× over the calling thread)`,
    ``,
    `| environment | copies | ${columns.join(" | ")} |`,
    `| --- | ---: | ${columns.map(() => "---:").join(" | ")} |`,
    ...results.map((result) => `| ${result.env} | ${result.copies} | ${result.results.map(cell).join(" | ")} |`),
    ``,
    `One vector step of one CartPole-v1 takes ${short(calling)} µs in the calling thread and ${short(worker)} µs with a worker.`,
  ].join("\n");
}
