import { Random } from "@era/tensor";
import { describe, expect, test } from "vitest";
import { makeEnv } from "../registry.ts";
import { makeVectorEnv } from "./makeVectorEnv.ts";

describe("a vector environment", () => {
  test("is as a loop over single environments, of which each is reset where its episode ends", async () => {
    const [count, options] = [3, { maxEpisodeSteps: 7 }];
    const vector = await makeVectorEnv("InvertedPendulum-v5", { count, options });
    const singles = await Promise.all(Array.from({ length: count }, () => makeEnv("InvertedPendulum-v5", options)));
    const random = new Random(1);
    const rows = (numbers: readonly (readonly number[])[]) => numbers.flat().map(Math.fround);
    const first = singles.map((env, i) => [...env.reset({ seed: 5 + i }).observation]);
    expect([...(await vector.reset({ seed: 5 })).observations]).toEqual(rows(first));
    for (let step = 0; step < 50; step++) {
      const actions = Float32Array.from({ length: count }, () => 6 * random.uniform() - 3);
      const expected = singles.map((env, i) => {
        const result = env.step(actions.subarray(i, i + 1));
        const next = result.terminated || result.truncated ? env.reset().observation : result.observation;
        return { ...result, next };
      });
      const actual = await vector.step(actions);
      expect([...actual.rewards]).toEqual(expected.map(({ reward }) => reward));
      expect([...actual.terminated]).toEqual(expected.map(({ terminated }) => Number(terminated)));
      expect([...actual.truncated]).toEqual(expected.map(({ truncated }) => Number(truncated)));
      expect([...actual.observations]).toEqual(rows(expected.map(({ next }) => [...next])));
      expect([...actual.finalObservations]).toEqual(rows(expected.map(({ observation }) => [...observation])));
    }
    for (const env of [vector, ...singles]) env.close();
  });
});
