import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Random } from "@era/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { registerEnvironment } from "../registry.ts";
import { defineEnvironment } from "../user/defineEnvironment.ts";
import { loadEnvironment } from "../user/loadEnvironment.ts";
import { makeVectorEnv } from "./makeVectorEnv.ts";
import type { VectorEnv } from "./vectorEnv.ts";
import { workersFromSources } from "./workerProgram.fixture.ts";

workersFromSources();

/** Environments of fixtures/faulty.mjs, by the action that makes them fail. */
const [exits, throws, isNotANumber, hasAnotherShape, rewardsWithoutEnd, failsLater, leavesFloat32] = [
  1, 2, 3, 4, 5, 6, 7,
];
beforeAll(() => loadEnvironment(fileURLToPath(new URL("fixtures/faulty.mjs", import.meta.url))));

/** Arrays of their own: a structured clone of a view of shared memory would share it. */
const copyOf = (arrays: object): object =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Array.from(array)]));

const faulty = (workers: number, count = 4) => makeVectorEnv("Faulty-v0", { count, workers });

/** Actions of which one makes its copy fail. */
const failing = (copy: number, fault = 0, count = 4) => new Float32Array(count).fill(0).fill(fault, copy, copy + 1);

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toMatchObject({ name: "EnvError" });
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  return message;
}

test("MuJoCo in worker threads computes what it does in the calling one, whatever their number", async () => {
  const traces = [];
  for (const workers of [0, 1, 2, 3]) {
    const env = await makeVectorEnv("InvertedPendulum-v5", { count: 5, workers, options: { maxEpisodeSteps: 9 } });
    const random = new Random(1);
    const trace = [copyOf(await env.reset({ seed: 3 }))];
    for (let step = 0; step < 40; step++) {
      trace.push(copyOf(await env.step(random.fillNormal(new Float32Array(5)))));
    }
    traces.push(trace);
    await env.close();
  }
  for (const trace of traces) expect(trace).toEqual(traces[0]);
});

describe("a copy that fails is named, and so is what of it failed,", () => {
  test.each([
    [throws, "Faulty-v0, copy 2: step threw TypeError: this is; wrong at "],
    [isNotANumber, "Faulty-v0, copy 2: observation[1] is NaN at step 2; it must be finite, also in float32"],
    [leavesFloat32, "Faulty-v0, copy 2: observation[0] is 1e+39 at step 2; it must be finite, also in float32"],
    [
      hasAnotherShape,
      "Faulty-v0, copy 2: the observation has 3 elements at step 2; it must have 2, as the observation space says",
    ],
    [rewardsWithoutEnd, "Faulty-v0, copy 2: reward is Infinity at step 2; it must be finite, also in float32"],
  ])("fault %d", async (fault, message) => {
    const messages = [];
    for (const workers of [0, 2]) {
      const env = await faulty(workers);
      await env.reset({ seed: 1 });
      await env.step(new Float32Array(4));
      // The last copy fails too, but the first one to do so counts.
      const actions = failing(2, fault).fill(throws ?? 0, 3);
      messages.push(await messageOf(env.step(actions)));
      expect(await messageOf(env.step(new Float32Array(4)))).toContain(
        "can't be used: it failed before (Faulty-v0, copy 2:",
      );
      await env.close();
    }
    expect(messages[0]).toContain(message);
    expect(messages[1]).toBe(messages[0]);
  });
});

describe("a worker that dies", () => {
  test("in a step: that is rejected with worker and reason, and the others are ended", async () => {
    const env = await faulty(2);
    await env.reset({ seed: 1 });
    const threads = threadCount();
    expect(await messageOf(env.step(failing(2, exits)))).toBe(
      "Faulty-v0: worker 1 (copies 2 to 3) ended: it exited with code 3",
    );
    expect(await messageOf(env.saveState())).toContain("can't be used: it failed before (Faulty-v0: worker 1");
    if (threads > 0) expect(threadCount()).toBeLessThanOrEqual(threads - 2);
  });

  test("between two calls: the next one is rejected", async () => {
    const env = await faulty(3, 3);
    await env.reset({ seed: 1 });
    await env.step(failing(1, failsLater, 3));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await messageOf(env.step(new Float32Array(3)))).toBe("Faulty-v0: worker 1 (copy 1) ended: too; late");
  });

  test("or a call that is not waited for is one line", async () => {
    const env = await faulty(2);
    const reset = env.reset({ seed: 1 });
    expect(await messageOf(env.step(new Float32Array(4)))).toBe(
      "Faulty-v0: the vector environment is still at work: wait for its last call",
    );
    await reset;
    const step = messageOf(env.step(new Float32Array(4)));
    await env.close();
    expect(await step).toBe("Faulty-v0: worker 0 (copies 0 to 1) ended: it was closed");
  });

  test("at any moment of many steps leaves neither a call that hangs nor a thread", async () => {
    const random = new Random(1);
    const [count, before] = [8, threadCount()];
    for (let round = 0; round < 4; round++) {
      const env = await faulty(2, count);
      await env.reset({ seed: round });
      const last = round === 0 ? 1000 : random.integer(200);
      for (let step = 0; step < last; step++) {
        const { observations } = await env.step(new Float32Array(count));
        if (step < 99) expect(observations[2 * random.integer(count)]).toBe(step + 1);
      }
      const step = messageOf(
        env.step(failing(random.integer(count), round % 2 === 0 ? exits : 0, count)).then(closeAndFail),
      );
      // Every other one is closed in the middle of its step.
      if (round % 2 === 1) await env.close();
      expect(await step).toMatch(/^Faulty-v0: worker [01] \(copies \d to \d\) ended: |^closed$/);
    }
    if (before > 0) expect(threadCount()).toBeLessThanOrEqual(before + 2);

    async function closeAndFail(): Promise<never> {
      throw Object.assign(new Error("closed"), { name: "EnvError" });
    }
  });
});

/** Threads of this process; 0 where the system does not tell. */
function threadCount(): number {
  return existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0;
}

test.each([0, 2])("with %d workers the event loop turns while copies are stepped", async (workers) => {
  const env = await makeVectorEnv("CartPole-v1", { count: 8, workers });
  await env.reset({ seed: 1 });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const until = performance.now() + 200;
  while (performance.now() < until) await env.step(new Float32Array(8));
  clearInterval(timer);
  await env.close();
  expect(ticks).toBeGreaterThan(2);
});

test("an environment that only this thread knows is refused, with what to do", async () => {
  const create = () => ({
    reset: () => [0],
    step: () => ({ observation: [0], reward: 0 }),
    saveState: () => [],
    restoreState() {},
  });
  const { observationSpace, actionSpace } = await oneCopy();
  registerEnvironment(defineEnvironment({ id: "Here-v0", observationSpace, actionSpace, maxEpisodeSteps: 5, create }));
  expect(await messageOf(makeVectorEnv("Here-v0", { count: 2, workers: 1 }))).toBe(
    "Here-v0: worker threads don't know it: give it a file of its own and load that with loadEnvironment, or use no workers",
  );
});

async function oneCopy(): Promise<VectorEnv> {
  const env = await faulty(0, 1);
  await env.close();
  return env;
}

test("a program that has been built ends by itself, its workers with it", async () => {
  const program = `import("@era/control").then(async ({ makeVectorEnv }) => {
    const env = await makeVectorEnv("CartPole-v1", { count: 3, workers: 2 });
    await env.reset({ seed: 1 });
    for (let step = 0; step < 50; step++) await env.step(new Float32Array(3));
    console.log("the end");
  })`;
  const args = ["--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
  expect(stdout).toBe("the end\n");
});
