import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Env } from "../env.ts";
import { makeEnv } from "../registry.ts";
import type { Autoreset } from "./envCopies.ts";
import { makeVectorEnv } from "./makeVectorEnv.ts";
import { workersFromSources } from "./workerProgram.fixture.ts";

workersFromSources();

/** A loop over single environments, as Gymnasium describes the two modes. */
class Loop {
  readonly #envs: readonly Env[];
  readonly #autoreset: Autoreset;
  #isOver: boolean[];

  constructor(envs: readonly Env[], autoreset: Autoreset) {
    this.#envs = envs;
    this.#autoreset = autoreset;
    this.#isOver = envs.map(() => false);
  }

  reset(seed?: number) {
    this.#isOver = this.#envs.map(() => false);
    return this.#envs.map((env, i) => env.reset(seed === undefined ? {} : { seed: seed + i }).observation);
  }

  step(actions: readonly number[]) {
    return this.#envs.map((env, i) => {
      if (this.#isOver[i]) {
        this.#isOver[i] = false;
        const { observation } = env.reset();
        return { observation, final: observation, reward: 0, terminated: false, truncated: false };
      }
      const { observation, reward, terminated, truncated } = env.step([actions[i] ?? Number.NaN]);
      const hasEnded = terminated || truncated;
      this.#isOver[i] = hasEnded && this.#autoreset === "next-step";
      const next = hasEnded && this.#autoreset === "same-step" ? env.reset().observation : observation;
      return { observation: next, final: observation, reward, terminated, truncated };
    });
  }
}

const floats = (rows: readonly Float64Array[]) => rows.flatMap((row) => [...row]).map(Math.fround);

/** What happens: a step with an action for each of at most five copies, or a reset, or the environment is given up and its state goes on in another. */
const event = fc.oneof(
  { weight: 12, arbitrary: fc.array(fc.constantFrom(0, 1), { minLength: 5, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constant("reset" as const) },
  { weight: 1, arbitrary: fc.constantFrom(...(["move 0", "move 1", "move 2"] as const)) },
);
interface Scenario {
  readonly count: number;
  readonly limit: number;
  readonly seed: number;
  readonly autoreset: Autoreset;
  readonly events: readonly (readonly number[] | string)[];
}
const scenario: fc.Arbitrary<Scenario> = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  limit: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
  autoreset: fc.constantFrom<Autoreset>("same-step", "next-step"),
  events: fc.array(event, { minLength: 20, maxLength: 40 }),
});

async function check({ count, limit, seed, autoreset, events }: Scenario, withWorkers: boolean) {
  const options = { maxEpisodeSteps: limit };
  const make = (workers: number) =>
    makeVectorEnv("CartPole-v1", { count, options, autoreset, workers: withWorkers ? workers : 0 });
  const envs = await Promise.all(Array.from({ length: count }, () => makeEnv("CartPole-v1", options)));
  const loop = new Loop(envs, autoreset);
  let vector = await make(2);
  try {
    expect([...(await vector.reset({ seed })).observations]).toEqual(floats(loop.reset(seed)));
    for (const event of events) {
      if (event === "reset") expect([...(await vector.reset()).observations]).toEqual(floats(loop.reset()));
      else if (typeof event === "string") {
        const states = await vector.saveState();
        await vector.close();
        vector = await make(Number(event.at(-1)));
        await vector.restoreState(states);
      } else {
        const actual = await vector.step(Float32Array.from(event.slice(0, count)));
        const expected = loop.step(event);
        expect([...actual.observations]).toEqual(floats(expected.map(({ observation }) => observation)));
        expect([...actual.finalObservations]).toEqual(floats(expected.map(({ final }) => final)));
        expect([...actual.rewards]).toEqual(expected.map(({ reward }) => reward));
        expect([...actual.terminated]).toEqual(expected.map(({ terminated }) => Number(terminated)));
        expect([...actual.truncated]).toEqual(expected.map(({ truncated }) => Number(truncated)));
      }
    }
  } finally {
    await vector.close();
    for (const env of envs) env.close();
  }
}

describe("a vector environment is as a loop over single ones, whatever is stepped, reset, saved and restored", () => {
  test("in the calling thread", () =>
    fc.assert(
      fc.asyncProperty(scenario, (given) => check(given, false)),
      { numRuns: 60 },
    ));

  test("in worker threads, of which the next environment has another number", () =>
    fc.assert(
      fc.asyncProperty(scenario, (given) => check(given, true)),
      { numRuns: 4 },
    ));
});

describe("wrong use is one line:", () => {
  const make = (given: object) => makeVectorEnv("CartPole-v1", { count: 2, ...given });

  test.each([
    [{ count: 0 }, "CartPole-v1: 0 copies; there must be at least one"],
    [{ count: 1.5 }, "CartPole-v1: 1.5 copies"],
    [{ workers: -1 }, "CartPole-v1: -1 workers; there must be a whole number of them, or 0 for the calling thread"],
    [{ workers: 1, options: { noise: 1 } }, "CartPole-v1: unknown option noise"],
  ])("%j", async (given, message) => {
    await expect(make(given)).rejects.toMatchObject({ name: "EnvError", message: expect.stringContaining(message) });
  });

  test("actions, states and seeds that do not fit, and an environment that is closed", async () => {
    const env = await make({});
    await env.reset({ seed: 1 });
    await expect(env.step(new Float32Array(3))).rejects.toThrow(
      "CartPole-v1: 3 numbers of actions; 2 copies with 1 each need 2",
    );
    await expect(env.restoreState([])).rejects.toThrow("CartPole-v1: 0 states; 2 copies need one each");
    await expect(env.reset({ seed: 0.5 })).rejects.toThrow("CartPole-v1: the seed is 0.5; it must be an integer");
    await env.step(new Float32Array(2));
    await env.close();
    await env.close();
    await expect(env.step(new Float32Array(2))).rejects.toThrow(
      "CartPole-v1: the vector environment can't be used: it is closed",
    );
  });
});
