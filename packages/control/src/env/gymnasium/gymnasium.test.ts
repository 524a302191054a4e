import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Discrete } from "../discrete.ts";
import type { Env, Info } from "../env.ts";
import { MujocoEnv } from "../mujocoEnv.ts";
import { makeEnv } from "../registry.ts";
import { gymnasiumSuite } from "./gymnasiumSuite.ts";

const infoSchema = z.record(z.string(), z.union([z.number(), z.array(z.number())]));
const fixtureSchema = z.object({
  spaces: z.array(
    z.object({
      id: z.string(),
      observationSize: z.number(),
      actionLow: z.array(z.number()),
      actionHigh: z.array(z.number()),
      maxEpisodeSteps: z.number(),
      rewardThreshold: z.number().nullable(),
    }),
  ),
  episodes: z.array(
    z.object({
      name: z.string(),
      id: z.string(),
      options: z.record(z.string(), z.unknown()),
      maxEpisodeSteps: z.number().nullable(),
      qpos: z.array(z.number()),
      qvel: z.array(z.number()),
      amplitude: z.number(),
      observation: z.array(z.number()),
      info: infoSchema,
      steps: z.array(
        z.object({
          reward: z.number(),
          terminated: z.boolean(),
          truncated: z.boolean(),
          observation: z.array(z.number()).optional(),
          info: infoSchema.optional(),
        }),
      ),
    }),
  ),
});

/** Episodes of Python's Gymnasium; fixtures/make_gymnasium.py says how they were made. */
const fixture = fixtureSchema.parse(
  JSON.parse(readFileSync(new URL("../fixtures/gymnasium.json", import.meta.url), "utf8")),
);

/** The same bits as `action` in make_gymnasium.py. */
function action(step: number, size: number, amplitude: number): number[] {
  return Array.from({ length: size }, (_, i) => amplitude * (((((step + 1) * (7 * i + 5)) % 21) - 10) / 10));
}

/**
 * How far we may be from Python after `step` + 1 steps, relative to 1 + |value|. The same engine compiled for WebAssembly and for x86 does
 * not round alike everywhere. The first steps agree to the last bits, mostly exactly; then contacts amplify the difference, fastest in
 * HalfCheetah and Ant, from 1e-16 to 4e-7 and 1e-8 within 60 steps (the others stay below 2e-13). A difference in model or task would be
 * far larger, and at once.
 */
function tolerance(step: number): number {
  return 1e-13 * 1.35 ** step;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], bound: number, what: string): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value), `${what}[${i}]`).toBeLessThanOrEqual(
      bound * (1 + Math.abs(value)),
    );
  });
}

function expectInfo(actual: Info, expected: Info, bound: number, what: string): void {
  expect(Object.keys(actual).sort(), `${what}: names in info`).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    expectClose([actual[name] ?? []].flat(), [value].flat(), bound, `${what} info.${name}`);
  }
}

function robotOf(env: Env): MujocoEnv {
  if (!(env.unwrapped instanceof MujocoEnv)) throw new Error(`${env.id} is not simulated by MuJoCo`);
  return env.unwrapped;
}

describe("as Python's Gymnasium with the same MuJoCo version", () => {
  test.each(fixture.spaces)("$id: spaces, time limit, reward threshold", async (expected) => {
    const env = await makeEnv(expected.id);
    const spec = gymnasiumSuite.find(({ id }) => id === expected.id);
    for (const { observationSpace, actionSpace } of [env, spec ?? env]) {
      if (actionSpace instanceof Discrete) throw new Error("a robot's actions are continuous");
      expect(observationSpace.size).toBe(expected.observationSize);
      expect(Array.from(actionSpace.low)).toEqual(expected.actionLow);
      expect(Array.from(actionSpace.high)).toEqual(expected.actionHigh);
    }
    expect(spec?.maxEpisodeSteps).toBe(expected.maxEpisodeSteps);
    expect(spec?.rewardThreshold).toBe(expected.rewardThreshold);
    env.close();
  });

  test.each(fixture.episodes)("$id, $name: observations, rewards, flags, info", async (episode) => {
    const limit = episode.maxEpisodeSteps === null ? {} : { maxEpisodeSteps: episode.maxEpisodeSteps };
    const env = await makeEnv(episode.id, { ...episode.options, ...limit });
    env.reset({ seed: 0 });
    expectClose(
      robotOf(env).setState(episode.qpos, episode.qvel),
      episode.observation,
      tolerance(0),
      "first observation",
    );
    episode.steps.forEach((expected, step) => {
      const actual = env.step(action(step, env.actionSpace.size, episode.amplitude));
      const what = `step ${step + 1}`;
      expectClose([actual.reward], [expected.reward], tolerance(step), `${what} reward`);
      expect(actual.terminated, `${what} terminated`).toBe(expected.terminated);
      expect(actual.truncated, `${what} truncated`).toBe(expected.truncated);
      if (expected.observation) expectClose(actual.observation, expected.observation, tolerance(step), what);
      if (expected.info) expectInfo(actual.info, expected.info, tolerance(step), what);
    });
    env.close();
  });

  /** Tasks that end by their time limit alone. */
  const endless = new Set(["HalfCheetah-v5", "HumanoidStandup-v5", "Swimmer-v5", "Reacher-v5", "Pusher-v5"]);

  test("every task has an episode that ends as it may, and every environment is covered", () => {
    const ended = fixture.episodes.filter(({ steps }) => steps.at(-1)?.terminated).map(({ id }) => id);
    expect(new Set(ended)).toEqual(new Set(gymnasiumSuite.map(({ id }) => id).filter((id) => !endless.has(id))));
    expect(fixture.episodes.some(({ steps }) => steps.at(-1)?.truncated)).toBe(true);
    expect(fixture.spaces.map(({ id }) => id).sort()).toEqual(gymnasiumSuite.map(({ id }) => id).sort());
  });
});

describe("reset", () => {
  /** Of each component of qpos and qvel: the largest deviation from the model's initial state, and the root mean square. */
  async function noise(id: string, resets: number) {
    const env = await makeEnv(id);
    const { fields, model, nq, nv } = robotOf(env).simulation;
    const start = [...(model.qpos0 as Float64Array), ...new Array<number>(nv).fill(0)];
    const squares = start.map(() => 0);
    const largest = start.map(() => 0);
    for (let n = 0; n < resets; n++) {
      env.reset(n === 0 ? { seed: 7 } : {});
      [...fields.qpos, ...fields.qvel].forEach((value, i) => {
        const deviation = value - (start[i] ?? 0);
        squares[i] = (squares[i] ?? 0) + deviation ** 2;
        largest[i] = Math.max(largest[i] ?? 0, Math.abs(deviation));
      });
    }
    env.close();
    const rms = squares.map((sum) => Math.sqrt(sum / resets));
    return {
      qpos: { rms: rms.slice(0, nq), largest: largest.slice(0, nq) },
      qvel: { rms: rms.slice(nq), largest: largest.slice(nq) },
    };
  }

  test.each([
    ["HalfCheetah-v5", 0.1, "normal"],
    ["Hopper-v5", 5e-3, "uniform"],
    ["Walker2d-v5", 5e-3, "uniform"],
    ["Ant-v5", 0.1, "normal"],
    ["Humanoid-v5", 1e-2, "uniform"],
    ["HumanoidStandup-v5", 1e-2, "uniform"],
    ["InvertedPendulum-v5", 1e-2, "uniform"],
    ["InvertedDoublePendulum-v5", 0.1, "normal"],
    ["Swimmer-v5", 0.1, "uniform"],
  ] as const)("%s: positions uniform within %d, velocities %s", async (id, scale, velocities) => {
    const { qpos, qvel } = await noise(id, 500);
    const uniform = scale / Math.sqrt(3);
    // 500 draws: the root mean square has a standard error of 2 % (uniform) or 3.2 % (normal); bounds are five of them.
    for (const rms of qpos.rms) expect(Math.abs(rms / uniform - 1)).toBeLessThan(0.1);
    for (const largest of qpos.largest) expect(largest).toBeLessThanOrEqual(scale);
    for (const rms of qvel.rms) {
      expect(Math.abs(rms / (velocities === "normal" ? scale : uniform) - 1)).toBeLessThan(
        velocities === "normal" ? 0.16 : 0.1,
      );
    }
    if (velocities === "uniform") for (const largest of qvel.largest) expect(largest).toBeLessThanOrEqual(scale);
  });

  test("Reacher-v5: angles within 0.1, the target uniform on the disc of 0.2 m and at rest", async () => {
    const env = await makeEnv("Reacher-v5");
    const { simulation } = robotOf(env);
    const squares: number[] = [];
    for (let n = 0; n < 500; n++) {
      env.reset(n === 0 ? { seed: 7 } : {});
      const [shoulder = 1, elbow = 1, x = 1, y = 1] = simulation.fields.qpos;
      expect(Math.max(Math.abs(shoulder), Math.abs(elbow))).toBeLessThanOrEqual(0.1);
      expect([...simulation.fields.qvel.subarray(2)]).toEqual([0, 0]);
      squares.push(x * x + y * y);
    }
    env.close();
    expect(Math.max(...squares)).toBeLessThan(0.04);
    // On a disc the squared distance is uniform.
    const mean = squares.reduce((sum, value) => sum + value, 0) / squares.length;
    expect(Math.abs(mean / 0.02 - 1)).toBeLessThan(5 / Math.sqrt(3 * 500));
  });

  test("Pusher-v5: the object somewhere beside its goal, both at rest", async () => {
    const env = await makeEnv("Pusher-v5");
    const { simulation } = robotOf(env);
    for (let n = 0; n < 200; n++) {
      env.reset(n === 0 ? { seed: 7 } : {});
      const [y = 1, x = 1, ...goal] = simulation.fields.qpos.subarray(7);
      expect(Math.hypot(x, y)).toBeGreaterThan(0.17);
      expect(y >= -0.3 && y <= 0 && Math.abs(x) <= 0.2).toBe(true);
      expect(goal).toEqual([0, 0]);
      expect([...simulation.fields.qvel.subarray(7)]).toEqual([0, 0, 0, 0]);
    }
    env.close();
  });
});
