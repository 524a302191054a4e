import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@era/lab";
import { describe, expect, test } from "vitest";
import { environmentSpec } from "../training/environmentSpec.ts";
import { Box } from "./box.ts";
import { EnvError } from "./env.ts";
import type { EnvDefinition } from "./envDefinition.ts";
import { gymnasiumSuite } from "./gymnasium/gymnasiumSuite.ts";
import { environments, makeEnv, registerEnvironment } from "./registry.ts";

test("every robot of Gymnasium can be made and is as listed", async () => {
  expect(gymnasiumSuite.map(({ id }) => id)).toEqual([
    "HalfCheetah-v5",
    "Hopper-v5",
    "Walker2d-v5",
    "Ant-v5",
    "Humanoid-v5",
    "HumanoidStandup-v5",
    "InvertedPendulum-v5",
    "InvertedDoublePendulum-v5",
    "Swimmer-v5",
    "Reacher-v5",
    "Pusher-v5",
  ]);
  expect(environments.slice(0, gymnasiumSuite.length)).toEqual(gymnasiumSuite);
  for (const spec of gymnasiumSuite) {
    const env = await makeEnv(spec.id);
    expect(env.id).toBe(spec.id);
    expect(env.observationSpace).toEqual(spec.observationSpace);
    expect(env.actionSpace).toEqual(spec.actionSpace);
    const { observation } = env.reset({ seed: 1 });
    expect(env.observationSpace.contains(observation)).toBe(true);
    env.close();
  }
});

test("ids are unique", () => {
  expect(new Set(environments.map(({ id }) => id)).size).toBe(environments.length);
});

describe("a registered environment", () => {
  const cheetah = gymnasiumSuite.find(({ id }) => id === "HalfCheetah-v5") as EnvDefinition;
  let models: string | undefined = "its models are missing; add them with: era models add mine --from <folder>";
  const options: unknown[] = [];
  registerEnvironment({
    ...cheetah,
    id: "mine/cheetah-v0",
    suite: "mine",
    maxEpisodeSteps: 3,
    missing: () => models,
    create(given) {
      options.push(given);
      return cheetah.create(given);
    },
  });

  test("is listed, and refused in one line while its models are missing", async () => {
    expect(environments.at(-1)).toMatchObject({ id: "mine/cheetah-v0", suite: "mine" });
    const message = `mine/cheetah-v0: ${models}`;
    await expect(makeEnv("mine/cheetah-v0")).rejects.toThrow(new EnvError(message));
    expect(() => environmentSpec("mine/cheetah-v0")).toThrow(new UsageError(message));
  });

  test("is made with its options and its time limit once they are there", async () => {
    models = undefined;
    expect(environmentSpec("mine/cheetah-v0").maxEpisodeSteps).toBe(3);
    const env = await makeEnv("mine/cheetah-v0", { frameSkip: 1 });
    expect(options).toEqual([{ frameSkip: 1 }]);
    env.reset({ seed: 1 });
    const cut = [1, 2, 3].map(() => env.step(new Float32Array(6)).truncated);
    expect(cut).toEqual([false, false, true]);
    env.close();
  });

  test("can't take an id that exists", () => {
    expect(() => registerEnvironment({ ...cheetah, suite: "mine" })).toThrow(
      new EnvError('the environment "HalfCheetah-v5" exists already; choose another id'),
    );
  });
});

test("the time limit is 1000 steps, or what is asked", async () => {
  const env = await makeEnv("HalfCheetah-v5");
  env.reset({ seed: 1 });
  const action = new Float32Array(6);
  for (let step = 1; step < 1000; step++) expect(env.step(action).truncated).toBe(false);
  expect(env.step(action)).toMatchObject({ truncated: true, terminated: false });
  expect(env.step(action).truncated).toBe(true);
  env.reset();
  expect(env.step(action).truncated).toBe(false);
  env.close();

  const short = await makeEnv("HalfCheetah-v5", { maxEpisodeSteps: 2 });
  short.reset({ seed: 1 });
  expect([short.step(action).truncated, short.step(action).truncated]).toEqual([false, true]);
  short.close();
});

test.each([
  ["Cheetah", {}, 'unknown environment "Cheetah"; there are HalfCheetah-v5, Hopper-v5, Walker2d-v5, Ant-v5, '],
  ["toString", {}, 'unknown environment "toString"'],
  [
    "InvertedPendulum-v5",
    { noise: 1 },
    "InvertedPendulum-v5: unknown option noise; there are xmlFile, frameSkip, resetNoiseScale, maxEpisodeSteps, actionRepeat",
  ],
  ["Hopper-v5", { frameSkip: 0 }, "Hopper-v5: option frameSkip: "],
  ["Hopper-v5", { healthyReward: Number.NaN }, "Hopper-v5: option healthyReward: "],
  ["Hopper-v5", { healthyZRange: [2, 1] }, "Hopper-v5: option healthyZRange: the lower bound is above the upper one"],
  ["Hopper-v5", { resetNoiseScale: -1 }, "Hopper-v5: option resetNoiseScale: "],
  ["Hopper-v5", { maxEpisodeSteps: 0 }, "Hopper-v5: maxEpisodeSteps is 0; it must be a positive integer"],
  ["Hopper-v5", { actionRepeat: 1.5 }, "Hopper-v5: actionRepeat is 1.5; it must be a positive integer"],
  ["Hopper-v5", { maxEpisodeSteps: "many" }, "Hopper-v5: maxEpisodeSteps is NaN; it must be a positive integer"],
  ["Hopper-v5", { xmlFile: "no/such/file.xml" }, "Hopper-v5: xmlFile can't be read: ENOENT"],
  [
    "Ant-v5",
    { mainBody: "tail" },
    'Ant-v5: option mainBody: the model has no body "tail"; its bodies are numbered 0 to 13',
  ],
])("%s with %j is refused in one line", async (id, options, message) => {
  const error = await makeEnv(id, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toMatchObject({ name: "EnvError", message: expect.stringContaining(message) });
  expect((error as Error).message).not.toContain("\n");
});

test("an interval's open end may be null, as JSON writes an infinite number", async () => {
  const env = await makeEnv("Hopper-v5", { healthyZRange: [1.3, null] });
  env.reset({ seed: 1 });
  expect(env.step([0, 0, 0]).terminated).toBe(true);
  env.close();
  const open = await makeEnv(
    "Hopper-v5",
    JSON.parse(JSON.stringify({ healthyZRange: [-Infinity, Infinity], healthyAngleRange: [null, null] })),
  );
  open.reset({ seed: 1 });
  for (let i = 0; i < 100; i++) expect(open.step([1, -1, 1]).terminated).toBe(false);
  open.close();
});

test("xmlFile replaces the model; one that does not compile is refused in one line with MuJoCo's reason", async () => {
  const folder = mkdtempSync(join(tmpdir(), "era-"));
  const file = join(folder, "cart.xml");
  const cart = (
    mass: number,
  ) => `<mujoco><worldbody><body><joint type="slide" axis="1 0 0"/><geom size="0.1" mass="${mass}"/>
    <body><joint type="hinge" axis="0 1 0"/><geom size="0.1" pos="0 0 1"/></body></body></worldbody>
    <actuator><motor joint="" ctrlrange="-1 1"/></actuator></mujoco>`;
  writeFileSync(
    file,
    cart(1).replace('<joint type="slide"', '<joint name="slide" type="slide"').replace('joint=""', 'joint="slide"'),
  );
  const env = await makeEnv("InvertedPendulum-v5", { xmlFile: file });
  expect(env.actionSpace).toEqual(Box.uniform("float32", 1, -1, 1));
  expect(env.reset({ seed: 1 }).observation).toHaveLength(4);
  env.close();

  writeFileSync(file, cart(-1));
  await expect(makeEnv("InvertedPendulum-v5", { xmlFile: file })).rejects.toThrow(
    /^InvertedPendulum-v5: .*does not compile: .*$/,
  );
  rmSync(folder, { recursive: true });
});
