import type { NamedArray } from "@era/tensor";
import { compile, LoadedModel, Random } from "@era/tensor";
import { describe, expect, test } from "vitest";
import { Box } from "../env/box.ts";
import { Discrete } from "../env/discrete.ts";
import { normalizationClip } from "../rollout/normalization.ts";
import { ppoFixture } from "./ppo.fixture.ts";
import { createPpo, initialPpo, movement, ppoConfigSchema, ppoGraph, ppoSettings, standardize } from "./ppo.ts";
import { gaussianHead, softmaxHead } from "./ppoHeads.ts";

const close = (actual: ArrayLike<number>, expected: readonly number[], what: string, tolerance = 2e-5) => {
  expect(actual.length, what).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value), `${what}[${i}]`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(value)),
    );
  });
};

describe("a minibatch's update", () => {
  test.each(ppoFixture.updates)("is CleanRL's: $name", async (expected) => {
    const { rows, observations, hidden, actions } = expected.sizes;
    const head = expected.discrete ? softmaxHead(actions) : gaussianHead(actions);
    const shapes = initialPpo(new Random(1), observations, hidden, head);
    const initial = Object.fromEntries(
      Object.entries(shapes).map(([name, { shape, dtype }]): [string, NamedArray] => [
        name,
        { shape, dtype, data: Float32Array.from(expected.initial[name] ?? []) },
      ]),
    );
    const sizes = { observationSize: observations, copies: 1, normalizeObservations: false, normalizeRewards: false };
    const graph = ppoGraph(sizes, head, { ...expected, minibatchSize: rows }, initial);
    const [update, lookBack] = [await compile(graph.update), await compile(graph.lookBack)];
    for (const [i, step] of expected.steps.entries()) {
      const seen = { observations: step.observations, nextObservations: step.observations, actions: step.actions };
      const past = await lookBack.run(seen);
      const entropies = Array.from(past.entropy, Number);
      close(entropies.length === 1 ? new Array(rows).fill(entropies[0]) : entropies, step.entropy, "entropy");
      const advantages = Float32Array.from(step.advantages);
      standardize(advantages);
      const { learningRate, logProbs, returns, values } = step;
      const outputs = await update.run({
        observations: step.observations,
        actions: step.actions,
        ...{ logProbs, advantages, returns, learningRate: [learningRate] },
        ...(expected.clipValue && { values }),
      });
      const logRatio = outputs.logRatio as Float32Array;
      close(logRatio, step.logRatio, `step ${i}: log ρ`);
      close(
        past.logProb as Float32Array,
        step.logRatio.map((ratio, k) => ratio + (logProbs[k] ?? 0)),
        "log π",
      );
      close(outputs["loss/policy"] as Float32Array, [step.policyLoss], "policy loss");
      close(outputs["loss/value"] as Float32Array, [step.valueLoss], "value loss");
      close(outputs["gradient/norm"] as Float32Array, [step.gradientNorm], "gradient norm");
      const { kl, clipped } = movement(logRatio, expected.clip);
      close([kl, clipped], [step.kl, step.clipFraction], "movement");
      const now = graph.state.arrays();
      for (const [name, parameters] of Object.entries(step.parameters)) {
        close(now[`network.${name}`]?.data as Float32Array, parameters, `step ${i}: ${name}`);
      }
    }
    await Promise.all([update.dispose(), lookBack.dispose()]);
  });

  test("advantages of one value are nothing, not NaN", () => {
    const values = Float32Array.of(3, 3, 3);
    standardize(values);
    expect([...values]).toEqual([0, 0, 0]);
  });
});

test("defaults are CleanRL's, by the kind of actions; what is given stays", () => {
  const config = ppoConfigSchema.parse({ minibatches: 8 });
  expect(ppoSettings(config, Box.uniform("float32", 6, -1, 1))).toMatchObject({
    ...{ envs: 1, rolloutSteps: 2048, epochs: 10, minibatches: 8, learningRate: 3e-4 },
    ...{ normalizeObservations: true, normalizeRewards: true, entropyCoefficient: 0 },
  });
  expect(ppoSettings({ ...config, head: "softmax" }, new Discrete(2))).toMatchObject({
    ...{ envs: 4, rolloutSteps: 128, epochs: 4, minibatches: 8, learningRate: 2.5e-4 },
    ...{ normalizeObservations: false, normalizeRewards: false, entropyCoefficient: 0.01 },
  });
});

test("networks begin orthogonal, with gains √2, and 0.01 and 1 at their ends", () => {
  const initial = initialPpo(new Random(1), 7, [16, 12], gaussianHead(3));
  const gain = (name: string) => {
    const { shape, data } = initial[name] as NamedArray;
    const squares = Array.from(data as Float32Array).reduce((sum, value) => sum + value * value, 0);
    return Math.sqrt(squares / Math.min(...shape));
  };
  for (const name of ["policy1", "policy2", "value1", "value2"])
    expect(gain(`${name}.weight`)).toBeCloseTo(Math.SQRT2, 5);
  expect(gain("policy3.weight")).toBeCloseTo(0.01, 7);
  expect(gain("value3.weight")).toBeCloseTo(1, 5);
});

describe("the agent", () => {
  const small = (given: object) =>
    ppoConfigSchema.parse({ hidden: [8], rolloutSteps: 16, minibatches: 2, epochs: 2, ...given });

  test("exports a policy that normalizes observations as training does", async () => {
    const sizes = { observationSize: 3, actionSpace: Box.uniform("float32", 2, -1, 1) };
    const agent = await createPpo(small({ head: "gaussian", envs: 2 }), sizes, new Random(1));
    const seen = new Random(2).fillNormal(new Float32Array(60)).map((x, i) => x * 10 ** (i % 3) + i);
    agent.observationNormalizer?.see(seen);
    const rows = Float32Array.from([1, 2, 3, 40, 500, 6000, -1e6, 1e6, 0]);
    const normalized = new Float32Array(9);
    agent.observationNormalizer?.normalize(rows, normalized);
    expect(Math.max(...normalized)).toBe(normalizationClip);
    const model = await LoadedModel.load(agent.exportPolicy());
    const { action, entropy } = await model.run({ observation: rows });
    const blind = await createPpo(small({ head: "gaussian", normalizeObservations: false }), sizes, new Random(1));
    const other = await LoadedModel.load(blind.exportPolicy());
    expect(action).toEqual((await other.run({ observation: normalized })).action);
    expect(entropy).toHaveLength(3);
    await Promise.all([agent.dispose(), blind.dispose(), model.dispose(), other.dispose()]);
  });

  test.each([
    ["era", Box.uniform("float32", 2, -1, 1)],
    ["gaussian", Box.uniform("float32", 2, -1, 1)],
    ["era", new Discrete(3)],
    ["softmax", new Discrete(3)],
  ] as const)(
    "%s: actions are valid, and the policy moves towards what was better than expected",
    async (head, actionSpace) => {
      const config = small({ head, envs: 4, learningRate: 0.05, epochs: 4, bound: "tight" });
      const agent = await createPpo(config, { observationSize: 2, actionSpace }, new Random(1));
      const random = new Random(3);
      const rows = 64;
      const isGood = (action: number) => (actionSpace instanceof Discrete ? action === 2 : action > 0);
      const share = async () => {
        let good = 0;
        for (let i = 0; i < 50; i++) {
          const actions = await agent.act(new Float32Array(8).fill(1), random);
          for (let copy = 0; copy < 4; copy++) if (isGood(actions[copy * agent.actionSize] ?? Number.NaN)) good++;
        }
        return good / 200;
      };
      const before = await share();
      for (let round = 0; round < 3; round++) {
        const actions: number[] = [];
        while (actions.length < rows * agent.actionSize) {
          const drawn = await agent.act(new Float32Array(8).fill(1), random);
          if (actionSpace instanceof Discrete || head === "era") {
            for (let copy = 0; copy < 4; copy++)
              expect(actionSpace.contains(drawn.subarray(copy * agent.actionSize, (copy + 1) * agent.actionSize))).toBe(
                true,
              );
          }
          actions.push(...drawn);
        }
        const rewards = Float32Array.from({ length: rows }, (_, i) =>
          isGood(actions[i * agent.actionSize] ?? 0) ? 1 : -1,
        );
        const ones = new Float32Array(2 * rows).fill(1);
        const lesson = await agent.learn(
          {
            ...{ steps: 16, count: 4, observationSize: 2, actionSize: agent.actionSize, rewards },
            ...{ observations: ones, nextObservations: ones, actions: Float32Array.from(actions) },
            ...{ terminated: new Uint8Array(rows).fill(1), truncated: new Uint8Array(rows) },
          },
          0,
          random,
        );
        const floor = agent.entropyFloor ?? Number.NEGATIVE_INFINITY;
        for (const entropy of lesson.entropy) expect(entropy).toBeGreaterThanOrEqual(floor);
        expect(lesson.measurements["train/updates"]).toBe(8);
      }
      expect(await share()).toBeGreaterThan(before + 0.2);
      await agent.dispose();
    },
  );
});
