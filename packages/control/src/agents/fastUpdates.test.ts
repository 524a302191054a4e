import { readFileSync } from "node:fs";
import { compile, constant, type NamedArray, type State } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { project, shiftedAtoms } from "./fast/categorical.ts";
import { cosineRate } from "./fast/settings.ts";
import { fastSacConfigSchema, fastSacGraph, fastSacHead } from "./fastSac.ts";
import { fastTd3ConfigSchema, fastTd3Graph } from "./fastTd3.ts";

type Arrays = Readonly<Record<string, number[]>>;
interface Case {
  readonly settings: Readonly<Record<string, number | string>>;
  readonly initial: Readonly<
    Record<"actor" | "critics", Record<string, { readonly shape: number[]; readonly data: number[] }>>
  >;
  readonly batches: readonly Arrays[];
  readonly losses: readonly Readonly<Record<string, number>>[];
  readonly final: Arrays;
}
/** Written by fixtures/make_fast.py. */
const fixture = JSON.parse(readFileSync(new URL("fixtures/fast.json", import.meta.url), "utf8")) as Readonly<
  Record<"td3" | "maxent" | "era", Case>
> & {
  readonly support: { readonly atoms: number; readonly low: number; readonly high: number };
  readonly projection: Readonly<Record<"probabilities" | "rewards" | "discounts" | "projected", number[]>>;
};

const sizes = { observationSize: 3, actionSize: 2 };

function configOf({ settings, batches }: Case) {
  const { atoms, low, high } = fixture.support;
  return {
    ...settings,
    batchSize: batches[0]?.rewards?.length ?? 0,
    envs: 2,
    actorHidden: [7, 5],
    criticHidden: [8, 6],
    atoms,
    valueMin: low,
    valueMax: high,
  };
}

function initialOf({ initial }: Case) {
  const arrays = (group: Case["initial"]["actor"]): Record<string, NamedArray> =>
    Object.fromEntries(
      Object.entries(group).map(([name, { shape, data }]) => [
        name,
        { shape, dtype: "float32" as const, data: Float32Array.from(data) },
      ]),
    );
  return { actor: arrays(initial.actor), critics: arrays(initial.critics) };
}

function expectClose(name: string, got: ArrayLike<number | bigint>, want: readonly number[], tolerance = 1e-5): void {
  expect(got.length, name).toBe(want.length);
  want.forEach((value, i) => {
    const error = Math.abs(Number(got[i]) - value) / Math.max(1, Math.abs(value));
    expect(error, `${name}[${i}]: ${got[i]}, not ${value}`).toBeLessThan(tolerance);
  });
}

/** Runs all updates as the agents do and compares every loss and, at the end, every number of the state. */
async function expectSame(
  given: Case,
  { state, update }: Pick<ReturnType<typeof fastTd3Graph>, "state" | "update"> & { state: State },
): Promise<void> {
  const programs = {
    critics: await compile(update.critics, { threads: 1 }),
    all: await compile(update.all, { threads: 1 }),
  };
  const { settings, batches, losses, final } = given;
  const rate = (name: string, progress: number) =>
    cosineRate(Number(settings[name]), Number(settings[`${name}End`]), progress);
  for (const [number, batch] of batches.entries()) {
    const want = losses[number] ?? {};
    const progress = number / batches.length;
    const criticRate = [rate("criticLearningRate", progress)];
    expectClose("criticRate", criticRate, [want.criticRate ?? NaN], 1e-8);
    const { noise, ...withoutNoise } = batch;
    const got =
      "loss/actor" in want
        ? await programs.all.run({ ...batch, criticRate, actorRate: [rate("actorLearningRate", progress)] })
        : await programs.critics.run({ ...withoutNoise, criticRate });
    for (const name of ["loss/critic", "loss/actor"]) {
      if (want[name] !== undefined) expectClose(name, got[name] ?? [], [want[name]]);
    }
  }
  const arrays = state.arrays();
  for (const [name, values] of Object.entries(final)) {
    expectClose(name, (arrays[name]?.data ?? []) as Float32Array, values, 3e-5);
  }
  await programs.critics.dispose();
  await programs.all.dispose();
}

describe("updates equal PyTorch's, losses, parameters, targets and statistics of observations:", () => {
  it("FastTD3", async () => {
    const config = fastTd3ConfigSchema.parse(configOf(fixture.td3));
    const initial = { ...initialOf(fixture.td3), noiseScales: Float32Array.of(0.1, 0.2) };
    await expectSame(fixture.td3, fastTd3Graph(sizes, config, initial));
  });

  it.each(["maxent", "era"] as const)("FastSAC with the head %s", async (head) => {
    const config = fastSacConfigSchema.parse(configOf(fixture[head]));
    const graph = fastSacGraph(sizes, fastSacHead(config, sizes.actionSize), config, initialOf(fixture[head]));
    await expectSame(fixture[head], graph);
  });
});

describe("the categorical projection", () => {
  const { probabilities, rewards, discounts, projected } = fixture.projection;
  const { support } = fixture;
  const rows = rewards.length;
  const projection = async () => {
    const shifted = shiftedAtoms(constant(rewards, [rows, 1]), constant(discounts, [rows, 1]), support);
    const value = project(constant(probabilities, [rows, support.atoms]), shifted, support);
    const program = await compile({ outputs: { value } });
    const result = (await program.run()).value as Float32Array;
    await program.dispose();
    return result;
  };

  it("equals the original's, by indices: between atoms, on them, and beyond both ends", async () => {
    expectClose("projected", await projection(), projected, 1e-6);
  });

  it("loses no probability", async () => {
    const got = await projection();
    for (let row = 0; row < rows; row++) {
      const of = (values: ArrayLike<number>) =>
        Array.from({ length: support.atoms }, (_, i) => values[row * support.atoms + i] ?? 0).reduce((a, b) => a + b);
      expect(of(got)).toBeCloseTo(of(probabilities), 5);
    }
  });
});

describe("exploration of FastTD3", () => {
  it("keeps the deviation of a copy's noise for an episode, and draws another at its end", async () => {
    const config = fastTd3ConfigSchema.parse({ ...configOf(fixture.td3), noiseMin: 0.1, noiseMax: 0.5 });
    const { act, policy, state } = fastTd3Graph(sizes, config, {
      ...initialOf(fixture.td3),
      noiseScales: Float32Array.of(0.125, 0.25),
    });
    const program = await compile(act);
    const observations = [0.1, -0.2, 0.3, 0.1, -0.2, 0.3];
    const run = async (ended: number[], noise: number) =>
      (
        await program.run({
          observations,
          ended,
          freshScales: [0.5, 0.25],
          noise: new Float32Array(4).fill(noise),
        })
      ).actions as Float32Array;
    const still = await run([0, 0], 0);
    const moved = await run([0, 0], 1);
    const fresh = await run([0, 1], 1);
    const clip = (value: number) => Math.min(1, Math.max(-1, value));
    const plus = (scales: number[]) =>
      Array.from(still, (action, i) => clip(action + (scales[Math.floor(i / 2)] ?? 0)));
    expectClose("the first scales", moved, plus([0.125, 0.25]), 1e-6);
    expectClose("a fresh one for the second copy", fresh, plus([0.125, 0.1 + 0.25 * 0.4]), 1e-6);
    expectClose("kept", state.arrays()["noise.scales"]?.data ?? [], [0.125, 0.2], 1e-6);
    // Both copies saw the same all the time: the exported policy normalizes as acting does, and has no noise.
    const exported = await compile({ outputs: policy });
    const { action } = await exported.run({ observation: observations });
    expectClose("exported", action as Float32Array, Array.from(still), 1e-6);
    await program.dispose();
    await exported.dispose();
  });
});
