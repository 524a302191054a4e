import { Random } from "@era/tensor";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Box } from "../box.ts";
import { Discrete } from "../discrete.ts";
import { type Env, EnvError } from "../env.ts";
import { defineEnvironment, type EnvironmentDescription } from "./defineEnvironment.ts";
import type { Dynamics } from "./dynamics.ts";

/** A walk on the plane, pushed by the action and by chance. */
function walk(change: Partial<Record<keyof Dynamics, unknown>> = {}): Dynamics {
  const place = [0, 0];
  const move = (dx: number, dy: number) => {
    place[0] = (place[0] ?? 0) + dx;
    place[1] = (place[1] ?? 0) + dy;
    return [...place];
  };
  return {
    reset(random) {
      place.fill(0);
      return move(random.normal(), random.normal());
    },
    step: ([push = 0], random) => {
      const observation = move(push, random.normal());
      return { observation, reward: push, terminated: Math.abs(observation[1] ?? 0) > 4, info: { place: observation } };
    },
    saveState: () => place,
    restoreState([x = 0, y = 0]) {
      place.splice(0, 2, x, y);
    },
    ...change,
  } as Dynamics;
}

const description = {
  id: "Walk-v0",
  observationSpace: Box.unbounded(2),
  actionSpace: Box.uniform("float32", 1, -1, 1),
  maxEpisodeSteps: 10,
};
const make = (change: Parameters<typeof walk>[0] = {}, own: Partial<EnvironmentDescription> = {}): Promise<Env> =>
  defineEnvironment({ ...description, create: () => walk(change), ...own }).create({});

test("a seed repeats an episode, and a saved state goes on bit for bit, random numbers included", async () => {
  const [env, other, third] = [await make(), await make(), await make()];
  const random = new Random(1);
  expect(env.reset({ seed: 3 })).toEqual(other.reset({ seed: 3 }));
  expect(third.reset({ seed: 4 })).not.toEqual(env.reset({ seed: 3 }));
  for (let step = 0; step < 100; step++) {
    const action = [random.uniform(-1, 1)];
    const result = env.step(action);
    expect(other.step(action)).toEqual(result);
    if (result.terminated) expect(env.reset()).toEqual(other.reset());
    if (step % 10 === 0) other.restoreState(env.saveState());
  }
  expect(env.saveState()).toEqual(other.saveState());
});

test("an action is the dynamics' own to keep, in float32", async () => {
  const seen: Float32Array[] = [];
  const env = await make({
    step: (action: Float32Array) => {
      seen.push(action);
      return { observation: [0, 0], reward: 0 };
    },
  });
  env.reset({ seed: 1 });
  const action = [0.1];
  env.step(action);
  action[0] = 0.2;
  env.step(action);
  expect(seen).toEqual([Float32Array.of(0.1), Float32Array.of(0.2)]);
});

describe("what is wrong with the dynamics is one line that names environment, method and step:", () => {
  test.each<[method: string, fault: () => unknown, message: string]>([
    ["step", () => undefined, "returned undefined; it must return { observation, reward, … }"],
    ["step", () => ({ reward: 0 }), "returned undefined as observation; the observation space has 2"],
    [
      "step",
      () => ({ observation: [1], reward: 0 }),
      "returned an observation of 1 numbers; the observation space has 2",
    ],
    [
      "step",
      () => ({ observation: [1, NaN], reward: 0 }),
      "returned NaN as observation[1]; it must be a finite number",
    ],
    ["step", () => ({ observation: [1, 1] }), "returned the reward undefined; it must be a finite number"],
    ["step", () => ({ observation: [1, 1], reward: -Infinity }), "returned the reward -Infinity; it must be a finite"],
    [
      "step",
      () => ({ observation: [1, 1], reward: 0, terminated: 1 }),
      "returned terminated: 1; it must be true or false",
    ],
    [
      "step",
      () => ({ observation: [1, 1], reward: 0, truncated: "" }),
      "returned truncated: ; it must be true or false",
    ],
    [
      "step",
      () => {
        throw new RangeError("too\n  far");
      },
      "threw RangeError: too; far at /",
    ],
  ])("%s, %s", async (method, fault, message) => {
    const env = await make({ [method]: fault });
    env.reset({ seed: 1 });
    const act = () => env.step([0]);
    expect(act).toThrow(EnvError);
    expect(act).toThrow(`Walk-v0: ${method} (step 2) ${message}`);
  });

  test.each<[method: string, fault: unknown, message: string]>([
    ["reset", () => [1, 2, 3], "reset (step 0) returned an observation of 3 numbers; the observation space has 2"],
    ["reset", () => null, "reset (step 0) returned null as observation; the observation space has 2"],
    ["reset", undefined, "reset (step 0) threw TypeError: "],
  ])("%s, %s", async (method, fault, message) => {
    const env = await make({ [method]: fault });
    expect(() => env.reset({ seed: 1 })).toThrow(`Walk-v0: ${message}`);
  });

  test("create, options included", async () => {
    const failing = () => {
      throw new Error("no model");
    };
    await expect(make({}, { create: failing })).rejects.toThrow("Walk-v0: create threw Error: no model at /");
    const { create } = defineEnvironment({
      ...description,
      options: z.strictObject({ gain: z.number().default(2) }),
      create: ({ gain }) => walk({ step: () => ({ observation: [gain, gain], reward: 0 }) }),
    });
    await expect(create({ gian: 1 })).rejects.toThrow("Walk-v0: unknown option gian; there are gain, maxEpisodeSteps");
    const env = await create({});
    env.reset({ seed: 1 });
    expect([...env.step([0]).observation]).toEqual([2, 2]);
  });
});

test("wrong use is one line too", async () => {
  const env = await make();
  expect(() => env.step([0])).toThrow("Walk-v0: step before the first reset; call reset() to begin an episode");
  expect(() => env.saveState()).toThrow("Walk-v0: nothing to save before the first reset");
  expect(() => env.reset({ seed: 0.5 })).toThrow("Walk-v0: the seed is 0.5; it must be an integer");
  env.reset({ seed: 1 });
  expect(() => env.step([0, 0])).toThrow("Walk-v0: the action has 2 elements at step 1; it must have 1");
  expect(() => env.step([Number.NaN])).toThrow("Walk-v0: action[0] is NaN at step 1; it must be finite");
  expect(() => env.restoreState(new Float64Array(8))).toThrow(
    "Walk-v0: this is no saved state of an environment like this",
  );
  env.close();
  expect(() => env.reset()).toThrow("Walk-v0: the environment is closed");
  const choices = await make({}, { actionSpace: new Discrete(3) });
  choices.reset({ seed: 1 });
  expect(() => choices.step([3])).toThrow("Walk-v0: the action is 3 at step 1; it must be a whole number from 0 to 2");
});
