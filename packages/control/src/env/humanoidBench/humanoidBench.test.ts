import { readFileSync } from "node:fs";
import { Random } from "@era/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Env } from "../env.ts";
import { MujocoEnv } from "../mujocoEnv.ts";
import { environments, makeEnv } from "../registry.ts";
import { humanoidBenchModels } from "../suites/modelSuites.ts";
import { useSharedSuite } from "../suites/sharedSuites.fixture.ts";
import { humanoidBenchSuite } from "./humanoidBenchSuite.ts";

const skipReason = useSharedSuite(humanoidBenchModels);

const infoSchema = z.record(z.string(), z.number());
const vectorSchema = z.array(z.number());
const fixtureSchema = z.object({
  spaces: z.array(
    z.object({
      task: z.string(),
      observationSize: z.number(),
      actionLow: vectorSchema,
      actionHigh: vectorSchema,
      maxEpisodeSteps: z.number(),
      successBar: z.number(),
      keyframe: vectorSchema,
    }),
  ),
  episodes: z.array(
    z.object({
      name: z.string(),
      task: z.string(),
      qpos: vectorSchema,
      qvel: vectorSchema,
      amplitude: z.number(),
      observation: vectorSchema,
      goal: vectorSchema.optional(),
      moves: z.array(z.object({ step: z.number(), x: z.number(), y: z.number() })),
      steps: z.array(
        z.object({
          reward: z.number(),
          terminated: z.boolean(),
          truncated: z.boolean(),
          observation: vectorSchema.optional(),
          info: infoSchema.optional(),
        }),
      ),
    }),
  ),
});

/** Episodes of the original package; fixtures/make_humanoid_bench.py says how they were made. */
const fixture = fixtureSchema.parse(
  JSON.parse(readFileSync(new URL("../fixtures/humanoidBench.json", import.meta.url), "utf8")),
);

/** The same bits as `action` in make_humanoid_bench.py. */
function action(step: number, size: number, amplitude: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => amplitude * (((((step + 1) * (7 * i + 5)) % 21) - 10) / 10));
}

/**
 * How far we may be from Python, relative to 1 + |value|: a little more than the fixture's 13 digits. The same engine on the same compiled
 * model computes the same bits in WebAssembly and on x86, except where meshes collide with meshes or hard with boxes (the search for the
 * depth is an iteration that stops at 1e-6), which the fixture's episodes avoid.
 */
const TOLERANCE = 2e-12;

function expectClose(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  expected.forEach((value, i) => {
    const error = Math.abs((actual[i] ?? Number.NaN) - value) / (1 + Math.abs(value));
    expect(error, `${what}[${i}]`).toBeLessThanOrEqual(TOLERANCE);
  });
}

function robotOf(env: Env): MujocoEnv {
  if (!(env.unwrapped instanceof MujocoEnv)) throw new Error(`${env.id} is not simulated by MuJoCo`);
  return env.unwrapped;
}

const tasks = fixture.spaces.map(({ task }) => task);

test("every task of the fixture is listed, in the suite and in the registry", () => {
  const ids = humanoidBenchSuite.map(({ id }) => id);
  expect(ids.toSorted()).toEqual(tasks.map((task) => `h1-${task}-v0`).sort());
  expect(environments.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
});

test.each(fixture.spaces)("h1-$task-v0: spaces, time limit, success bar as in the original", (expected) => {
  const spec = humanoidBenchSuite.find(({ id }) => id === `h1-${expected.task}-v0`);
  expect(spec).toMatchObject({ maxEpisodeSteps: expected.maxEpisodeSteps, rewardThreshold: expected.successBar });
  expect(spec?.observationSpace.size).toBe(expected.observationSize);
  expect(spec?.actionSpace).toMatchObject({
    low: Float32Array.from(expected.actionLow),
    high: Float32Array.from(expected.actionHigh),
  });
});

/** Tasks that end by their time limit alone. */
const endless = new Set(["reach", "crawl"]);

test("every task has an episode that ends as it may", () => {
  const ended = fixture.episodes.filter(({ steps }) => steps.at(-1)?.terminated).map(({ task }) => task);
  expect(new Set(ended)).toEqual(new Set(tasks.filter((task) => !endless.has(task))));
});

/** Tests of one task in one environment, since compiling a robot of meshes takes a while. */
function describeTask(task: string, tests: (env: () => MujocoEnv) => void): void {
  describe.skipIf(skipReason)(`h1-${task}-v0 ${skipReason ?? ""}`, () => {
    let env: Env;
    beforeAll(async () => {
      env = await makeEnv(`h1-${task}-v0`);
    });
    afterAll(() => env?.close());
    tests(() => robotOf(env));
  });
}

for (const { task, keyframe } of fixture.spaces) {
  describeTask(task, (env) => {
    const episodes = fixture.episodes.filter((episode) => episode.task === task);
    test.each(episodes)("$name: observations, rewards, flags, info as in the original", (episode) => {
      const robot = env();
      robot.reset({ seed: 0 });
      robot.simulation.reset();
      if (episode.goal) robot.task.memory?.set(episode.goal);
      expectClose(robot.setState(episode.qpos, episode.qvel), episode.observation, "first observation");
      episode.steps.forEach((expected, step) => {
        const what = `step ${step + 1}`;
        const move = episode.moves.find((move) => move.step === step);
        if (move) {
          const { qpos, qvel } = robot.simulation.fields;
          robot.setState(Float64Array.of(move.x, move.y, ...qpos.subarray(2)), qvel.slice());
        }
        const actual = robot.step(action(step, robot.actionSpace.size, episode.amplitude));
        expectClose([actual.reward], [expected.reward], `${what} reward`);
        expect(actual.terminated, `${what} terminated`).toBe(expected.terminated);
        expect(actual.truncated, `${what} truncated`).toBe(expected.truncated);
        if (expected.observation) expectClose(actual.observation, expected.observation, what);
        if (expected.info) {
          expect(Object.keys(actual.info).sort(), `${what}: names in info`).toEqual(Object.keys(expected.info).sort());
          for (const [name, value] of Object.entries(expected.info)) {
            expectClose([actual.info[name] as number], [value], `${what} info.${name}`);
          }
        }
      });
    });

    test("begins within 0.01 of the keyframe, at rest", () => {
      const { fields } = env().simulation;
      // Where SitHard draws its own place and direction.
      const drawn = new Set(task === "sit_hard" ? [0, 1, 3, 4, 5, 6] : []);
      const noise: number[] = [];
      for (let n = 0; n < 40; n++) {
        env().reset(n === 0 ? { seed: 7 } : {});
        expect(fields.qvel.every((velocity) => velocity === 0)).toBe(true);
        for (const [i, start] of keyframe.entries()) if (!drawn.has(i)) noise.push((fields.qpos[i] ?? 0) - start);
      }
      expect(Math.max(...noise.map(Math.abs))).toBeLessThan(0.0101);
      const rms = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
      expect(Math.abs(rms / (0.01 / Math.sqrt(3)) - 1)).toBeLessThan(0.1);
    });
  });
}

describeTask("sit_hard", (env) => {
  test("begins at a random place and direction in front of the chair", () => {
    const { fields } = env().simulation;
    const starts = Array.from({ length: 100 }, (_, n) => {
      env().reset(n === 0 ? { seed: 7 } : {});
      const [x = 0, y = 0, , w = 0, i = 0, j = 0, k = 0] = fields.qpos;
      expect([i, j, Math.hypot(w, k)]).toEqual([0, 0, expect.closeTo(1, 12)]);
      return { x, y, yaw: 2 * Math.atan2(k, w) };
    });
    const within = (name: "x" | "y" | "yaw", low: number, high: number) => {
      const values = starts.map((start) => start[name]);
      const slack = 0.1 * (high - low);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.min(...values)).toBeLessThan(low + slack);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.max(...values)).toBeGreaterThan(high - slack);
    };
    within("x", 0.2, 0.4);
    within("y", -0.15, 0.15);
    within("yaw", -1.8, 1.8);
  });
});

describeTask("reach", (env) => {
  test("draws another goal in its range at each reset", () => {
    const goals = Array.from({ length: 50 }, (_, n) =>
      env()
        .reset(n === 0 ? { seed: 7 } : {})
        .observation.slice(54),
    );
    expect(new Set(goals.map(String)).size).toBe(50);
    for (const [axis, low] of [-2, -2, 0.2].entries()) {
      const values = goals.map((goal) => goal[axis] ?? Number.NaN);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(2);
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.8 * (2 - low));
    }
  });
});

for (const task of ["maze", "reach"]) {
  describeTask(task, (env) => {
    test("what the task remembers is saved and restored", () => {
      env().reset({ seed: 3 });
      const play = () => {
        const random = new Random(5);
        return Array.from({ length: 10 }, () => env().step(env().actionSpace.sample(random)));
      };
      play();
      const state = env().saveState();
      const expected = play();
      env().reset({ seed: 4 });
      env().restoreState(state);
      expect(env().saveState()).toEqual(state);
      expect(play()).toEqual(expected);
    });
  });
}

describeTask("walk", (env) => {
  test("the noise is as large as asked", async () => {
    const wild = await makeEnv("h1-walk-v0", { randomness: 0.05 });
    const { observation } = wild.reset({ seed: 1 });
    wild.close();
    const { observation: usual } = env().reset({ seed: 1 });
    const start = fixture.spaces.find(({ task }) => task === "walk")?.keyframe ?? [];
    // Without the quaternion, which MuJoCo normalizes.
    for (const [i, position] of start.entries()) {
      if (i >= 3 && i < 7) continue;
      expect((observation[i] ?? 0) - position).toBeCloseTo(5 * ((usual[i] ?? 0) - position), 12);
    }
  });

  test("a wrong option is refused in one line", async () => {
    await expect(makeEnv("h1-walk-v0", { noise: 1 })).rejects.toThrow(
      "h1-walk-v0: unknown option noise; there are randomness, maxEpisodeSteps",
    );
  });

  test("environments of one task share the compiled model, and give their memory back when they are closed", async () => {
    const size = () => (env().simulation.fields.qpos.buffer as ArrayBuffer).byteLength;
    const open = () => Promise.all(Array.from({ length: 10 }, () => makeEnv("h1-walk-v0")));
    const before = size();
    const more = await open();
    // Compiled, the model takes 55 MB; WebAssembly memory grows in steps of up to 100 MB.
    expect(size() - before).toBeLessThan(300e6);
    for (const [i, other] of more.entries()) other.reset({ seed: i });
    for (const other of more) other.close();
    const after = size();
    for (const other of await open()) other.close();
    expect(size()).toBe(after);
    expect(env().reset({ seed: 1 })).toEqual(env().reset({ seed: 1 }));
  });
});

test.skipIf(skipReason)("without the models, the message says which command adds them", async () => {
  const home = process.env.ERA_HOME;
  process.env.ERA_HOME = `${home}/empty`;
  await expect(makeEnv("h1-walk-v0")).rejects.toThrow(/^h1-walk-v0: .*era models add humanoid_bench --from <folder>$/);
  process.env.ERA_HOME = home;
});
