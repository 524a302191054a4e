import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../env/env.ts";
import { makeEnv } from "../env/registry.ts";
import { evaluate } from "./evaluate.ts";
import { recordEpisode } from "./recordEpisode.ts";

/** A policy that depends on what it sees. */
const policy = {
  act: async (observation: Float32Array) => Float32Array.from({ length: 6 }, (_, i) => Math.tanh(observation[i] ?? 0)),
  entropy: async (observation: Float32Array) => observation[0],
};

describe("recordEpisode", () => {
  let env: Env;

  beforeAll(async () => {
    env = await makeEnv("HalfCheetah-v5", { maxEpisodeSteps: 40 });
  });
  afterAll(() => env.close());

  it("records what the environment does again under the same seed and actions, to the last bit", async () => {
    const episode = await recordEpisode(env, policy, 7);
    expect(episode).toMatchObject({ env: "HalfCheetah-v5", seed: 7, end: "truncated" });
    expect(episode.states).toHaveLength(41);
    const replayed = await makeEnv("HalfCheetah-v5", {
      maxEpisodeSteps: 40,
      excludeCurrentPositionsFromObservation: false,
    });
    let { observation } = replayed.reset({ seed: 7 });
    for (const [i, { action, reward, entropy }] of episode.steps.entries()) {
      // With the position, an observation is qpos and qvel.
      expect(observation).toEqual(Float64Array.of(...at(episode.states, i).qpos, ...at(episode.states, i).qvel));
      // The first element of an observation without x.
      expect(entropy).toBe(Math.fround(observation[1] ?? Number.NaN));
      const step = replayed.step(action);
      expect(step.reward).toBe(reward);
      observation = step.observation;
    }
    const last = at(episode.states, 40);
    expect(observation).toEqual(Float64Array.of(...last.qpos, ...last.qvel));
    replayed.close();
  });

  it("leaves the episode as an evaluation has it", async () => {
    const { returns } = await evaluate(env, policy.act, 1, 7);
    expect((await recordEpisode(env, policy, 7)).return).toBe(returns[0]);
  });

  it("has the bodies where the present positions put them", async () => {
    const { states } = await recordEpisode(env, policy, 3);
    for (const { qpos, xpos, xquat } of states) {
      const [x = 0, z = 0, pitch = 0] = qpos;
      // The torso slides along x and z from 0.7 m above the ground, and turns about y.
      expect([...xpos.subarray(3, 6)]).toEqual([x, 0, z + 0.7].map((value) => expect.closeTo(value, 12)));
      const turned = [Math.cos(pitch / 2), 0, Math.sin(pitch / 2), 0];
      expect([...xquat.subarray(4, 8)]).toEqual(turned.map((value) => expect.closeTo(value, 12)));
    }
    expect(states.map(({ time }) => time)).toEqual(states.map((_, i) => expect.closeTo(0.05 * i, 9)));
  });

  it("stops after as many steps as were asked for", async () => {
    const episode = await recordEpisode(env, policy, 3, 5);
    expect(episode.steps).toHaveLength(5);
    expect(episode.states).toHaveLength(6);
    expect(episode.end).toBe("cut");
  });

  it("says of an environment without MuJoCo that there is nothing to draw", async () => {
    const cartPole = await makeEnv("CartPole-v1");
    await expect(recordEpisode(cartPole, policy, 1)).rejects.toThrow(
      /^CartPole-v1: no MuJoCo simulation in it, so there is nothing to draw$/,
    );
    cartPole.close();
  });
});

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`there is no element ${index}`);
  return value;
}
