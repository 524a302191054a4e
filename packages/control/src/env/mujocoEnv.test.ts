import { Random } from "@era/tensor";
import { describe, expect, test } from "vitest";
import { type Env, EnvError, type StepResult } from "./env.ts";
import { gymnasiumSuite } from "./gymnasium/gymnasiumSuite.ts";
import { MujocoEnv } from "./mujocoEnv.ts";
import { makeEnv } from "./registry.ts";

const ids = gymnasiumSuite.map(({ id }) => id);

/** Takes random steps, beginning new episodes where they end. */
function wander(env: Env, random: Random, steps: number): StepResult[] {
  return Array.from({ length: steps }, () => {
    const result = env.step(env.actionSpace.sample(random));
    if (result.terminated || result.truncated) env.reset();
    return result;
  });
}

function robotOf(env: Env): MujocoEnv {
  if (!(env.unwrapped instanceof MujocoEnv)) throw new Error(`${env.id} is not simulated by MuJoCo`);
  return env.unwrapped;
}

describe("saving and restoring", () => {
  test.each(ids)("%s: another environment continues bit for bit, through ends of episodes", async (id) => {
    const env = await makeEnv(id, { maxEpisodeSteps: 45 });
    env.reset({ seed: 3 });
    wander(env, new Random(4), 30);
    const state = env.saveState();
    const expected = wander(env, new Random(5), 120);
    expect(expected.some(({ terminated, truncated }) => terminated || truncated)).toBe(true);

    const fresh = await makeEnv(id, { maxEpisodeSteps: 45 });
    fresh.restoreState(state);
    expect(fresh.saveState()).toEqual(state);
    expect(wander(fresh, new Random(5), 120)).toEqual(expected);

    // The environment itself goes back just as well, and the saved array was not touched meanwhile.
    env.restoreState(state);
    expect(wander(env, new Random(5), 120)).toEqual(expected);
    env.close();
    fresh.close();
  });

  test("a state of another environment or other options is refused", async () => {
    const cheetah = await makeEnv("HalfCheetah-v5");
    const hopper = await makeEnv("Hopper-v5");
    expect(() => cheetah.saveState()).toThrow("HalfCheetah-v5: nothing to save before the first reset");
    hopper.reset({ seed: 1 });
    expect(() => cheetah.restoreState(hopper.saveState())).toThrow(EnvError);
    expect(() => cheetah.restoreState(hopper.saveState())).toThrow("it is another environment's");
    cheetah.close();
    hopper.close();
  });
});

describe("seeds", () => {
  test.each(ids)("%s: the same seed gives the same episode, the next reset goes on from it", async (id) => {
    const one = await makeEnv(id);
    const two = await makeEnv(id);
    expect(one.reset({ seed: 9 })).toEqual(two.reset({ seed: 9 }));
    expect(wander(one, new Random(1), 40)).toEqual(wander(two, new Random(1), 40));
    const next = one.reset();
    expect(next).toEqual(two.reset());
    expect(next).not.toEqual(one.reset({ seed: 9 }));
    one.close();
    two.close();
  });

  test("without a seed, two environments differ; a fractional seed is refused", async () => {
    const one = await makeEnv("Hopper-v5");
    const two = await makeEnv("Hopper-v5");
    expect(one.reset().observation).not.toEqual(two.reset().observation);
    expect(() => one.reset({ seed: 0.5 })).toThrow("Hopper-v5: the seed is 0.5; it must be an integer");
    one.close();
    two.close();
  });
});

test("what step and reset return is the caller's: later steps do not change it", async () => {
  const env = await makeEnv("Humanoid-v5");
  const first = env.reset({ seed: 1 });
  const copy = structuredClone(first);
  const second = env.step(new Float32Array(17));
  const copyOfSecond = structuredClone(second);
  wander(env, new Random(1), 3);
  expect(first).toEqual(copy);
  expect(second).toEqual(copyOfSecond);
  env.close();
});

test("environments go on undisturbed when others make WebAssembly memory grow and move", async () => {
  const [env, undisturbed] = [await makeEnv("HalfCheetah-v5"), await makeEnv("HalfCheetah-v5")];
  env.reset({ seed: 2 });
  undisturbed.reset({ seed: 2 });
  const expected = wander(undisturbed, new Random(1), 4);
  const held = robotOf(env).simulation.fields.qpos;
  const actual = wander(env, new Random(1), 2);
  const others: Env[] = [];
  // A view over memory that has moved has length 0.
  while (held.length > 0 && others.length < 100) others.push(await makeEnv("Humanoid-v5"));
  expect(held.length).toBe(0);
  actual.push(...wander(env, new Random(1), 0), ...continueFrom(env, 2));
  expect(actual).toEqual(expected);
  for (const other of [env, undisturbed, ...others]) other.close();

  /** The steps that `wander` would take after the first `taken`. */
  function continueFrom(env: Env, taken: number): StepResult[] {
    const random = new Random(1);
    for (let i = 0; i < taken; i++) env.actionSpace.sample(random);
    return wander(env, random, 4 - taken);
  }
});

test("closed environments give their memory back", async () => {
  const cycle = async () => {
    const env = await makeEnv("HalfCheetah-v5");
    env.reset({ seed: 1 });
    wander(env, new Random(1), 300);
    const bytes = robotOf(env).simulation.fields.qpos.buffer.byteLength;
    env.close();
    return bytes;
  };
  const before = await cycle();
  for (let i = 0; i < 20; i++) expect(await cycle()).toBe(before);
});

describe("errors name environment, quantity and step", () => {
  test("actions of the wrong length or with values that are not finite", async () => {
    const env = await makeEnv("Hopper-v5");
    expect(() => env.step([0, 0, 0])).toThrow(
      "Hopper-v5: step before the first reset; call reset() to begin an episode",
    );
    env.reset({ seed: 1 });
    env.step([0, 0, 0]);
    expect(() => env.step([0, 0])).toThrow("Hopper-v5: the action has 2 elements at step 2; it must have 3");
    expect(() => env.step([0, Number.NaN, 0])).toThrow("Hopper-v5: action[1] is NaN at step 2; it must be finite");
    expect(() => env.step([0, 0, -Infinity])).toThrow("Hopper-v5: action[2] is -Infinity at step 2; it must be finite");
    // A refused action has not been a step.
    expect(env.step([0, 0, 0]).observation.every(Number.isFinite)).toBe(true);
    expect(() => env.step([])).toThrow("at step 3");
    env.close();
  });

  test("a simulation that explodes, once; then reset begins anew", async () => {
    const env = await makeEnv("HalfCheetah-v5");
    env.reset({ seed: 1 });
    const robot = robotOf(env);
    robot.setState(new Float64Array(9), new Float64Array(9).fill(1e9));
    expect(() => wander(env, new Random(1), 5)).toThrow(
      /^HalfCheetah-v5: the simulation is unstable at step \d: q(pos|vel|acc)\[\d\] is .*$/,
    );
    expect(env.reset({ seed: 1 }).observation.every(Number.isFinite)).toBe(true);
    expect(wander(env, new Random(1), 100)).toHaveLength(100);
    env.close();
  });

  test("a MuJoCo warning that leaves finite numbers behind", async () => {
    const env = await makeEnv("HalfCheetah-v5");
    env.reset({ seed: 1 });
    const { mujoco, model, data, fields } = robotOf(env).simulation;
    // MuJoCo itself is made to warn of a control that is not finite, which it then ignores.
    fields.ctrl[0] = Number.NaN;
    mujoco.mj_step(model, data);
    expect(() => wander(env, new Random(1), 256)).toThrow(
      /^HalfCheetah-v5: the simulation is unstable at step 256: MuJoCo warned: .*CTRL/,
    );
    env.reset();
    fields.ctrl[0] = Number.NaN;
    mujoco.mj_step(model, data);
    expect(() => env.reset()).toThrow("MuJoCo warned");
    env.reset();
    expect(wander(env, new Random(1), 200)).toHaveLength(200);
    env.close();
  });

  test("states that can't be", async () => {
    const env = await makeEnv("InvertedPendulum-v5");
    const robot = robotOf(env);
    expect(() => robot.setState([0], [0, 0])).toThrow("InvertedPendulum-v5: qpos has 1 elements; it must have 2");
    expect(() => robot.setState([0, 0], [0, Number.NaN])).toThrow(
      "InvertedPendulum-v5: qvel[1] is NaN; it must be finite",
    );
    env.close();
  });

  test("use after close", async () => {
    const env = await makeEnv("InvertedPendulum-v5");
    env.reset({ seed: 1 });
    env.close();
    env.close();
    expect(() => env.step([0])).toThrow("InvertedPendulum-v5: the environment is closed");
    expect(() => env.reset()).toThrow("is closed");
    expect(() => env.saveState()).toThrow("is closed");
  });
});
