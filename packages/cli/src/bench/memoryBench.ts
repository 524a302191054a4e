/** `era bench memory`: resident memory of SAC training with a full replay buffer, over many updates. */
import { actionScale, createReplayBatch, createSac, makeEnv, ReplayBuffer, sacConfigSchema } from "@era/control";
import { Random } from "@era/tensor";

export interface MemoryBenchResult {
  readonly env: string;
  readonly transitions: number;
  readonly updates: number;
  readonly hidden: readonly number[];
  /** Resident MiB after the buffer was filled, and then at equal distances up to the last update. */
  readonly resident: readonly { readonly updates: number; readonly mebibytes: number }[];
  readonly peakMebibytes: number;
  /** Resident memory at the end less that after the first fifth of the updates, in MiB: growth would show here. */
  readonly growthMebibytes: number;
}

const mebibytes = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);

/** Fills a buffer with transitions of random numbers of the environment's sizes, then trains on real steps, one update each. */
export async function benchMemory(
  id: string,
  transitions: number,
  updates: number,
  hidden: readonly number[],
  log: (line: string) => void,
): Promise<MemoryBenchResult> {
  const env = await makeEnv(id);
  const observationSize = env.observationSpace.low.length;
  const actionSize = env.actionSpace.size;
  const config = sacConfigSchema.parse({ env: id, hidden, bufferSize: transitions });
  const random = new Random(1);
  const agent = await createSac(config, { observationSize, actionSize }, random);
  const replay = new ReplayBuffer({ capacity: transitions, observationSize, actionSize });
  fill(replay, random, transitions);

  const batch = createReplayBatch(config.batchSize, observationSize, actionSize);
  const scale = actionScale(env.actionSpace);
  const resident = [{ updates: 0, mebibytes: mebibytes() }];
  let observation = Float32Array.from(env.reset({ seed: 1 }).observation);
  const every = Math.max(1, Math.floor(updates / 20));
  for (let update = 1; update <= updates; update++) {
    const { action } = await agent.act(observation, random);
    const { observation: seen, reward, terminated, truncated } = env.step(scale(action));
    const next = Float32Array.from(seen);
    replay.add(observation, action, reward, terminated, next);
    observation = terminated || truncated ? Float32Array.from(env.reset().observation) : next;
    replay.sample(random, batch);
    await agent.update(batch, random);
    if (update % every === 0) {
      resident.push({ updates: update, mebibytes: mebibytes() });
      log(`${update} of ${updates} updates: ${resident.at(-1)?.mebibytes} MiB`);
    }
  }
  env.close();
  const settled = resident[Math.ceil(resident.length / 5)] ?? { mebibytes: Number.NaN };
  return {
    env: id,
    transitions,
    updates,
    hidden,
    resident,
    peakMebibytes: Math.round(process.resourceUsage().maxRSS / 1024),
    growthMebibytes: mebibytes() - settled.mebibytes,
  };
}

/** Episodes of 1000 steps, whose frames are shared as a real run's are. */
function fill(replay: ReplayBuffer, random: Random, transitions: number): void {
  let observation = random.fillNormal(new Float32Array(replay.observationSize));
  for (let i = 0; i < transitions; i++) {
    const next = random.fillUniform(new Float32Array(replay.observationSize));
    replay.add(observation, random.fillUniform(new Float32Array(replay.actionSize)), random.uniform(), false, next);
    observation = i % 1000 === 999 ? random.fillUniform(new Float32Array(replay.observationSize)) : next;
  }
}

export function memoryTable({
  env,
  transitions,
  updates,
  hidden,
  resident,
  peakMebibytes,
  growthMebibytes,
}: MemoryBenchResult): string {
  return [
    `SAC-ERA on ${env}, hidden layers ${hidden.join(", ")}, buffer of ${transitions} transitions (full), ${updates} updates with an environment step each`,
    ``,
    `| updates | resident MiB |`,
    `| ---: | ---: |`,
    ...resident.map((sample) => `| ${sample.updates} | ${sample.mebibytes} |`),
    ``,
    `peak ${peakMebibytes} MiB; growth over the last four fifths ${growthMebibytes} MiB`,
  ].join("\n");
}
