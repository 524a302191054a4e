import { Random } from "@era/tensor";
import { describe, expect, test } from "vitest";
import { makeVectorEnv } from "./makeVectorEnv.ts";
import type { VectorEnv } from "./vectorEnv.ts";
import { workersFromSources } from "./workerProgram.fixture.ts";

workersFromSources();

const id = "InvertedPendulum-v5";
const options = { maxEpisodeSteps: 9 };

/** Arrays of their own: a structured clone of a view of shared memory would share it. */
const copyOf = (arrays: object): object =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Array.from(array)]));

/** Some steps with random actions: all numbers of each. */
async function play(env: VectorEnv, steps: number, random: Random) {
  const trace = [];
  for (let step = 0; step < steps; step++) {
    const actions = Float32Array.from({ length: env.count }, () => 6 * random.uniform() - 3);
    trace.push(copyOf(await env.step(actions)));
  }
  return trace;
}

describe("worker threads", () => {
  test("see what the calling thread sees, whatever their number", async () => {
    const traces = [];
    for (const workers of [0, 1, 2, 3]) {
      const env = await makeVectorEnv(id, { count: 5, workers, options });
      const first = copyOf(await env.reset({ seed: 3 }));
      traces.push({ first, steps: await play(env, 40, new Random(1)) });
      await env.close();
    }
    for (const trace of traces) expect(trace).toEqual(traces[0]);
  });
});
