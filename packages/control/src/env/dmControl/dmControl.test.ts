import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Box } from "../box.ts";
import type { Env, StepResult } from "../env.ts";
import { MujocoEnv } from "../mujocoEnv.ts";
import { makeEnv } from "../registry.ts";
import type { ModelFieldName } from "../simulation.ts";
import { dmControlModels } from "../suites/modelSuites.ts";
import { useSharedSuite } from "../suites/sharedSuites.fixture.ts";
import { type Sigmoid, tolerance } from "../tolerance.ts";
import { cubicZoom } from "./cubicZoom.ts";
import { dmControlSuite } from "./dmControlSuite.ts";
import { episodes, expectNormal, expectUniform } from "./initialStates.fixture.ts";

const numbers = z.array(z.number());
const fixtureSchema = z.object({
  tolerances: z.array(
    z.tuple([z.string(), z.number(), z.number(), z.number().nullable(), z.number(), z.number(), z.number()]),
  ),
  zoomed: numbers,
  ends: z.record(z.string(), z.number()),
  episodes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      actionLow: numbers,
      actionHigh: numbers,
      maxEpisodeSteps: z.number(),
      qpos: numbers,
      qvel: numbers,
      act: numbers,
      model: z.record(z.string(), numbers),
      observation: numbers,
      rewards: numbers,
      steps: z.record(z.string(), numbers),
    }),
  ),
});

/** Episodes of Python's dm_control; fixtures/make_dm_control.py says how they were made. */
const fixture = fixtureSchema.parse(
  JSON.parse(readFileSync(new URL("../fixtures/dm_control.json", import.meta.url), "utf8")),
);
type Episode = (typeof fixture.episodes)[number];

const skipReason = useSharedSuite(dmControlModels);

/** The same bits as `action` in make_dm_control.py. */
function action(step: number, space: Env["actionSpace"]): number[] {
  if (!(space instanceof Box)) throw new Error("the suite has no discrete actions");
  const { low, high } = space;
  return Array.from(low, (bound, i) => bound + ((high[i] ?? 0) - bound) * ((((step + 1) * (7 * i + 5)) % 11) / 10));
}

function robotOf(env: Env): MujocoEnv {
  if (!(env.unwrapped instanceof MujocoEnv)) throw new Error(`${env.id} is not simulated by MuJoCo`);
  return env.unwrapped;
}

/**
 * How far we may be from Python after `step` + 1 steps, relative to 1 + |value|. The fixture's ten digits are right to 5e-10;
 * then contacts amplify what WebAssembly and x86 round differently, fastest the dog's and the humanoid's: to 3e-8 and 6e-9 in 100 steps,
 * where the others stay below 1e-9. A difference in model or task would be far larger, and at once.
 */
function bound(step: number): number {
  return 1e-9 * 1.06 ** step;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], bound: number, what: string): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  const differences = expected.map((value, i) => Math.abs((actual[i] ?? Number.NaN) - value) / (1 + Math.abs(value)));
  const worst = Math.max(...differences);
  expect(worst, `${what}[${differences.indexOf(worst)}]`).toBeLessThanOrEqual(bound);
}

/** Puts an environment where an episode was recorded; returns the observation there. */
function begin(env: Env, episode: Episode): Float64Array {
  env.reset({ seed: 0 });
  const robot = robotOf(env);
  const { simulation } = robot;
  simulation.reset();
  for (const [name, values] of Object.entries(episode.model)) {
    (simulation.model[name as ModelFieldName] as Float64Array).set(values);
  }
  if (episode.id.includes("escape")) (simulation.model.hfield_data as Float32Array).set(terrain(201));
  simulation.fields.act.set(episode.act);
  return robot.setState(episode.qpos, episode.qvel);
}

/** The bowl of `terrain` in make_dm_control.py. */
function terrain(resolution: number): Float32Array {
  return Float32Array.from({ length: resolution * resolution }, (_, i) => {
    const [row, column] = [Math.floor(i / resolution), i % resolution];
    const [y, x] = [row, column].map((index) => -1 + (2 * index) / (resolution - 1)) as [number, number];
    const bowl = 0.5 - Math.cos(2 * Math.PI * Math.min(Math.max(Math.sqrt(x * x + y * y), 0.04), 1)) / 2;
    return bowl * (0.6 + (0.4 * ((Math.floor(row / 7) * 5 + Math.floor(column / 9) * 3) % 11)) / 10);
  });
}

test("a grid is enlarged as by scipy's zoom", () => {
  const grid = Float64Array.from(
    { length: 900 },
    (_, i) => 0.15 + (0.85 * ((Math.floor(i / 30) * 7 + (i % 30) * 5) % 23)) / 22,
  );
  const zoomed = cubicZoom(grid, 30, 201);
  expect(zoomed).toHaveLength(201 * 201);
  expectClose(
    zoomed.filter((_, i) => i % 97 === 0),
    fixture.zoomed,
    1e-9,
    "enlarged grid",
  );
});

test("tolerance is dm_control's for every sigmoid, bounds and margin", () => {
  for (const [sigmoid, x, lower, upper, margin, valueAtMargin, expected] of fixture.tolerances) {
    const options = { bounds: [lower, upper ?? Infinity] as const, margin, sigmoid: sigmoid as Sigmoid, valueAtMargin };
    expect(tolerance(x, options), `${sigmoid} of ${x}`).toBeCloseTo(expected, 14);
  }
});

test("the suite's tasks are all there, with the suite's spaces and time limits", () => {
  expect(dmControlSuite.map(({ id }) => id).sort()).toEqual([...new Set(fixture.episodes.map(({ id }) => id))].sort());
  for (const { id, observation, actionLow, actionHigh, maxEpisodeSteps } of fixture.episodes) {
    const spec = dmControlSuite.find((known) => known.id === id);
    expect(spec, id).toMatchObject({
      observationSpace: Box.unbounded(observation.length),
      actionSpace: new Box("float32", actionLow, actionHigh),
      maxEpisodeSteps,
    });
  }
});

test("without its models, a task says which command adds them", async () => {
  const home = process.env.ERA_HOME;
  process.env.ERA_HOME = "/nowhere";
  try {
    await expect(makeEnv("dm_control/dog-walk-v0")).rejects.toThrow(
      /^dm_control\/dog-walk-v0: the models of dm_control are not on this machine; add them with: era models add dm_control --from <folder> \(or --pip, [^\n]+\)$/,
    );
  } finally {
    process.env.ERA_HOME = home;
  }
});

describe.skipIf(skipReason !== undefined)(`with the suite's models ${skipReason ?? ""}`, () => {
  test.each(dmControlSuite.map(({ id }) => id))(
    "%s: as Python's dm_control with the same MuJoCo version; goes on bit for bit from a saved state",
    async (id) => {
      const env = await makeEnv(id);
      const spec = dmControlSuite.find((known) => known.id === id);
      expect([env.observationSpace, env.actionSpace]).toEqual([spec?.observationSpace, spec?.actionSpace]);

      let saved: Float64Array | undefined;
      const later: StepResult[] = [];
      for (const episode of fixture.episodes.filter((each) => each.id === id)) {
        expectClose(begin(env, episode), episode.observation, bound(0), `${episode.name}: first observation`);
        episode.rewards.forEach((reward, step) => {
          const result = env.step(action(step, env.actionSpace));
          const what = `${episode.name}, step ${step + 1}`;
          expectClose([result.reward], [reward], bound(step), `${what}: reward`);
          const observation = episode.steps[step + 1];
          if (observation) expectClose(result.observation, observation, bound(step), what);
          expect([result.terminated, result.truncated], what).toEqual([false, false]);
          if (step === 59) saved = env.saveState();
          else if (step > 59) later.push(result);
        });
      }

      // From here the environment is somewhere else, with another target.
      env.reset({ seed: 1 });
      if (saved === undefined) throw new Error("nothing was saved");
      env.restoreState(saved);
      expect(env.saveState()).toEqual(saved);
      expect(later.map((_, i) => env.step(action(60 + i, env.actionSpace)))).toEqual(later);
      env.close();
    },
  );

  test.each(Object.entries(fixture.ends))("%s ends after %d steps, truncated", async (id, steps) => {
    const env = await makeEnv(id);
    const still = new Float32Array(env.actionSpace.size);
    env.reset({ seed: 1 });
    let taken = 1;
    while (!env.step(still).truncated) taken++;
    expect(taken).toBe(steps);
    env.close();
  });

  // Here and not with the other initial states, because the first dog in a process takes some seconds to compile.
  test("a dog begins upright and turned about the vertical, pushed along the ground, its muscles at random", async () => {
    const pushes: number[] = [];
    const muscles: number[] = [];
    const angles: number[] = [];
    await episodes("dog-walk", 60, ({ fields: { qpos, qvel, act } }) => {
      const [w = 0, x, y, z = 0] = qpos.subarray(3, 7);
      expect([x, y]).toEqual([0, 0]);
      angles.push(2 * Math.atan2(z, w));
      pushes.push(...[0, 1, 5].map((i) => qvel[i] ?? 0));
      expect(qvel.filter((velocity) => velocity !== 0)).toHaveLength(3);
      muscles.push(...act);
    });
    expectNormal(pushes, 2);
    expectUniform(muscles, -1, 1);
    expectUniform(angles, 0, 2 * Math.PI);
  });
});
