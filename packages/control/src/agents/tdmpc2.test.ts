import { readFileSync } from "node:fs";
import { compile, constant, type NamedArray } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { discountOf, type Tdmpc2Config, tdmpc2ConfigSchema } from "./tdmpc2/config.ts";
import { twoHot } from "./tdmpc2/discreteRegression.ts";
import { tdmpc2Head } from "./tdmpc2/priorHead.ts";
import type { InitialWorldModel } from "./tdmpc2/worldModel.ts";
import { tdmpc2Graph } from "./tdmpc2.ts";

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly updateFeeds: Readonly<Record<string, number[]>>;
  readonly outputs: Readonly<Record<string, number>>;
  readonly parameters: Readonly<Record<string, Packed>>;
  readonly planFeeds: Readonly<Record<string, number[]>>;
  readonly plan: Readonly<Record<"action" | "mean", number[]>>;
}
/** Written by fixtures/make_tdmpc2.py. */
const fixture = JSON.parse(readFileSync(new URL("fixtures/tdmpc2.json", import.meta.url), "utf8")) as {
  readonly parameters: Readonly<Record<keyof InitialWorldModel, Record<string, Packed>>>;
  readonly updateFeeds: Readonly<Record<string, number[]>>;
  readonly planFeeds: Readonly<Record<string, number[]>>;
  readonly cases: Readonly<Record<"era" | "baseline", Case>>;
  readonly twoHot: { readonly x: number[]; readonly weights: number[] };
};

const [observationSize, actionSize] = [3, 2];
const discount = 0.97;
const settings = (head: "era" | "baseline"): Tdmpc2Config =>
  tdmpc2ConfigSchema.parse({
    head,
    latent: 8,
    encoder: 6,
    hidden: 7,
    bins: 21,
    critics: 3,
    simNormGroup: 4,
    batchSize: 5,
    horizon: 3,
    // Each case has one of the two.
    episodic: head === "era",
    learningRate: 3e-3,
    gradientClip: 2,
    dropout: 0.1,
    entropyWeight: 0.05,
    iterations: 3,
    samples: 16,
    priorSamples: 4,
    elites: 5,
  });

function unpacked(group: Record<string, Packed>): Record<string, NamedArray> {
  const arrays = Object.entries(group).map(([name, { shape, data }]) => [
    name,
    { shape, dtype: "float32", data: Float32Array.from(data) },
  ]);
  return Object.fromEntries(arrays);
}

function graphOf(head: "era" | "baseline") {
  const config = settings(head);
  const groups = Object.entries(fixture.parameters)
    .filter(([name]) => name !== "termination" || config.episodic)
    .map(([name, group]) => [name, unpacked(group)]);
  const initial = Object.fromEntries(groups) as InitialWorldModel;
  return tdmpc2Graph(
    { ...config, observationSize, actionSize },
    tdmpc2Head(config, actionSize),
    { ...config, discount },
    initial,
  );
}

/** Indices are int64. */
const withIndices = (feeds: Readonly<Record<string, number[]>>, ...names: string[]) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, values]) => [
      name,
      names.includes(name) ? BigInt64Array.from(values.map(BigInt)) : values,
    ]),
  );

function expectClose(name: string, got: ArrayLike<number | bigint>, want: readonly number[], tolerance: number): void {
  expect(got.length, name).toBe(want.length);
  want.forEach((value, i) => {
    const error = Math.abs(Number(got[i]) - value) / Math.max(1, Math.abs(value));
    expect(error, `${name}[${i}]: ${got[i]}, not ${value}`).toBeLessThan(tolerance);
  });
}

describe.each(["era", "baseline"] as const)("TD-MPC2 with the head %s equals the independent computation", (head) => {
  const { updateFeeds, outputs, parameters, planFeeds, plan } = fixture.cases[head];

  it("in a whole update: losses, norms, the running scale, all new parameters and targets", async () => {
    const { state, update } = graphOf(head);
    const program = await compile(update, { threads: 1 });
    const feeds = withIndices({ ...fixture.updateFeeds, ...updateFeeds }, "targetCritics", "priorCritics");
    const got = await program.run(feeds);
    for (const [name, value] of Object.entries(outputs)) expectClose(name, got[name] ?? [], [value], 1e-5);
    const arrays = state.arrays();
    for (const [name, { data }] of Object.entries(parameters)) {
      expectClose(name, (arrays[name]?.data ?? []) as Float32Array, data, 1e-5);
    }
    await program.dispose();
  });

  it("in a planned decision and the mean that the next begins with", async () => {
    const program = await compile(graphOf(head).act, { threads: 1 });
    const got = await program.run(withIndices({ ...fixture.planFeeds, ...planFeeds }, "critics"));
    expectClose("action", got.action as Float32Array, plan.action, 1e-4);
    expectClose("mean", got.mean as Float32Array, plan.mean, 1e-4);
    await program.dispose();
  });
});

describe("TD-MPC2's parts", () => {
  it("encode numbers by two bins as the original, to the ends of the range", async () => {
    const { x, weights } = fixture.twoHot;
    const bins = { count: 21, low: -10, high: 10 };
    const program = await compile({ outputs: { weights: twoHot(constant(x, [x.length, 1]), bins) } });
    expectClose("weights", (await program.run()).weights as Float32Array, weights, 1e-5);
    await program.dispose();
  });

  it("take the discount from an episode's length", () => {
    expect([25, 100, 500, 1000, 5000].map(discountOf)).toEqual([0.95, 0.95, 0.99, 0.995, 0.995]);
  });

  it("promise a floor with ERA alone", () => {
    expect(tdmpc2Head(settings("baseline"), 2).entropy).toEqual({ target: null, floor: null });
    const { target, floor } = tdmpc2Head({ ...settings("era"), entropyOf: "policy", entropy: 0.1 }, 2).entropy;
    expect(target).toBeCloseTo(0.2, 12);
    expect(floor).toBeGreaterThanOrEqual(0.2);
  });
});
