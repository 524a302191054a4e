import { readFileSync } from "node:fs";
import { Random } from "@era/tensor";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Discrete } from "../discrete.ts";
import { makeEnv } from "../registry.ts";
import { ClassicControl } from "./classicControl.ts";
import { classicControlSuite } from "./classicControlSuite.ts";

const bounds = z.object({ low: z.array(z.number().nullable()), high: z.array(z.number().nullable()) });
const flag = z.literal([0, 1]).transform(Boolean);
/** Episodes of Python's Gymnasium; fixtures/make_classic_control.py says how they were made. */
const fixture = z
  .object({
    spaces: z.array(
      z.object({
        id: z.string(),
        observations: bounds,
        actions: z.union([z.object({ n: z.number() }), bounds]),
        maxEpisodeSteps: z.number(),
        rewardThreshold: z.number().nullable(),
      }),
    ),
    episodes: z.array(
      z.object({
        id: z.string(),
        options: z.record(z.string(), z.unknown()),
        period: z.number(),
        maxEpisodeSteps: z.number().nullable(),
        state: z.array(z.number()),
        observation: z.array(z.number()).nullable(),
        steps: z.array(z.tuple([z.number(), flag, flag, z.array(z.number())])),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL("../fixtures/classicControl.json", import.meta.url), "utf8")));

/** The same numbers as `action` in make_classic_control.py. */
function action(choices: number | undefined, step: number, period: number): number[] {
  const held = Math.floor(step / period);
  return [choices === undefined ? (((held * 7 + 3) % 21) - 10) / 4 : ((held * 5 + held * held) % 7) % choices];
}

/** Observations are float32: where float64 differs by its last bit, they may differ by theirs. */
function expectObservation(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value), `${what}[${i}]`).toBeLessThanOrEqual(
      1e-6 * (1 + Math.abs(value)),
    );
  });
}

describe("as Python's Gymnasium", () => {
  test.each(fixture.spaces)("$id: spaces, time limit, reward threshold", (expected) => {
    const spec = classicControlSuite.find(({ id }) => id === expected.id);
    const finite = (values: ArrayLike<number> = []) => Array.from(values, (x) => (Number.isFinite(x) ? x : null));
    expect(finite(spec?.observationSpace.low)).toEqual(expected.observations.low);
    expect(finite(spec?.observationSpace.high)).toEqual(expected.observations.high);
    const actions = spec?.actionSpace;
    if (actions instanceof Discrete) expect({ n: actions.n }).toEqual(expected.actions);
    else expect({ low: finite(actions?.low), high: finite(actions?.high) }).toEqual(expected.actions);
    expect(spec?.maxEpisodeSteps).toBe(expected.maxEpisodeSteps);
    expect(spec?.rewardThreshold).toBe(expected.rewardThreshold);
  });

  test.each(fixture.episodes)("$id from $state with $options: observations, rewards, flags", async (episode) => {
    const limit = episode.maxEpisodeSteps === null ? {} : { maxEpisodeSteps: episode.maxEpisodeSteps };
    const env = await makeEnv(episode.id, { ...episode.options, ...limit });
    env.reset({ seed: 0 });
    const task = env.unwrapped;
    if (!(task instanceof ClassicControl)) throw new Error("not a classic control task");
    const state = episode.id === "CartPole-v1" ? [...episode.state, 0] : episode.state;
    const first = task.setState(state);
    if (episode.observation) expectObservation(first, episode.observation, "first observation");
    const choices = env.actionSpace instanceof Discrete ? env.actionSpace.n : undefined;
    episode.steps.forEach(([reward, terminated, truncated, observation], i) => {
      const step = env.step(action(choices, i, episode.period));
      const what = `step ${i + 1}`;
      expectObservation(step.observation, observation, what);
      expect(Math.abs(step.reward - reward), `${what} reward`).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(reward)));
      expect([step.terminated, step.truncated], what).toEqual([terminated, truncated]);
    });
    env.close();
  });

  test("every task is covered, by an episode that ends where it can", () => {
    expect(fixture.spaces.map(({ id }) => id)).toEqual(classicControlSuite.map(({ id }) => id));
    const ended = fixture.episodes.filter(({ steps }) => steps.some(([, terminated]) => terminated));
    expect(new Set(ended.map(({ id }) => id))).toEqual(new Set(["CartPole-v1", "Acrobot-v1", "MountainCar-v0"]));
  });
});

describe("episodes", () => {
  test.each(classicControlSuite.map(({ id }) => id))("%s goes on bit by bit from a saved state", async (id) => {
    const [env, other] = [await makeEnv(id), await makeEnv(id)];
    const random = new Random(3);
    const play = (on: typeof env, actions: readonly (readonly number[])[]) =>
      actions.map((action) => {
        const { observation, reward, terminated, truncated } = on.step(action);
        return { reward, observation: terminated || truncated ? on.reset().observation : observation };
      });
    const actions = (n: number) => Array.from({ length: n }, () => Array.from(env.actionSpace.sample(random)));
    env.reset({ seed: 5 });
    play(env, actions(70));
    other.restoreState(env.saveState());
    const rest = actions(300);
    expect(play(other, rest)).toEqual(play(env, rest));
    expect(env.reset({ seed: 5 })).toEqual(other.reset({ seed: 5 }));
    expect(env.reset()).not.toEqual(env.reset());
  });

  test("first states are drawn from Gymnasium's ranges", async () => {
    const extremes = async (id: string) => {
      const env = await makeEnv(id);
      env.reset({ seed: 1 });
      const drawn = Array.from({ length: 400 }, () => Array.from(env.reset().observation));
      return (drawn[0] ?? []).map((_, i) => {
        const column = drawn.map((row) => row[i] ?? Number.NaN);
        return [Math.min(...column), Math.max(...column)] as const;
      });
    };
    for (const [low, high] of await extremes("CartPole-v1")) {
      expect(low).toBeLessThan(-0.045);
      expect(low).toBeGreaterThanOrEqual(-0.05);
      expect(high).toBeGreaterThan(0.045);
      expect(high).toBeLessThanOrEqual(Math.fround(0.05));
    }
    const [, , , , first, second] = await extremes("Acrobot-v1");
    for (const [low, high] of [first ?? [0, 0], second ?? [0, 0]]) {
      expect(low).toBeLessThan(-0.09);
      expect(high).toBeGreaterThan(0.09);
      expect(Math.max(-low, high)).toBeLessThanOrEqual(Math.fround(0.1));
    }
    const [position, velocity] = await extremes("MountainCar-v0");
    expect(position?.[0]).toBeGreaterThanOrEqual(Math.fround(-0.6));
    expect(position?.[0]).toBeLessThan(-0.59);
    expect(position?.[1]).toBeGreaterThan(-0.41);
    expect(position?.[1]).toBeLessThanOrEqual(Math.fround(-0.4));
    expect(velocity).toEqual([0, 0]);
    const [cos, , speed] = await extremes("Pendulum-v1");
    expect(cos?.[0]).toBeLessThan(-0.99);
    expect(cos?.[1]).toBeGreaterThan(0.99);
    expect(speed?.[0]).toBeLessThan(-0.97);
    expect(speed?.[1]).toBeGreaterThan(0.97);
  });

  test.each([
    ["CartPole-v1", [2], "CartPole-v1: the action is 2 at step 1; it must be one of 0 to 1"],
    ["CartPole-v1", [0.5], "CartPole-v1: the action is 0.5 at step 1; it must be one of 0 to 1"],
    ["MountainCar-v0", [-1], "MountainCar-v0: the action is -1 at step 1; it must be one of 0 to 2"],
    ["Acrobot-v1", [], "Acrobot-v1: the action has 0 elements at step 1; it must have 1"],
    ["Pendulum-v1", [Number.NaN], "Pendulum-v1: action[0] is NaN at step 1; it must be finite"],
    ["Pendulum-v1", [0, 0], "Pendulum-v1: the action has 2 elements at step 1; it must have 1"],
  ])("%s refuses the action %j", async (id, action, message) => {
    const env = await makeEnv(id);
    expect(() => env.step(action)).toThrow("step before the first reset");
    env.reset({ seed: 1 });
    expect(() => env.step(action)).toThrow(message);
    env.close();
    expect(() => env.step(action)).toThrow(`${id}: the environment is closed`);
  });
});
