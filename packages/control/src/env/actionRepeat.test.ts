import { expect, test } from "vitest";
import { makeEnv } from "./registry.ts";

test("a repeated action's rewards add up; the time limit counts each step and cuts the repetition short", async () => {
  const options = { maxEpisodeSteps: 8, terminateWhenUnhealthy: false };
  const repeated = await makeEnv("Hopper-v5", { ...options, actionRepeat: 3 });
  const plain = await makeEnv("Hopper-v5", options);
  for (const env of [repeated, plain]) env.reset({ seed: 1 });
  for (const steps of [3, 3, 2]) {
    const action = [0.1 * steps, -0.3, 0.2];
    const results = Array.from({ length: steps }, () => plain.step(action));
    const reward = results.reduce((sum, result) => sum + result.reward, 0);
    expect(repeated.step(action)).toEqual({ ...results.at(-1), reward });
  }
  expect(plain.step([0, 0, 0]).truncated).toBe(true);
  for (const env of [repeated, plain]) env.close();
});

test("an episode that ends by itself cuts the repetition short too", async () => {
  const repeated = await makeEnv("InvertedPendulum-v5", { actionRepeat: 1000 });
  const plain = await makeEnv("InvertedPendulum-v5");
  for (const env of [repeated, plain]) env.reset({ seed: 1 });
  let steps = 1;
  while (!plain.step([3]).terminated) steps++;
  expect(repeated.step([3])).toMatchObject({ terminated: true, reward: steps - 1 });
  expect(repeated.saveState()).toEqual(plain.saveState());
  for (const env of [repeated, plain]) env.close();
});
