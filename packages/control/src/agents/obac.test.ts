import { readFileSync } from "node:fs";
import { compile, input, type NamedArray, Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import {
  initialObacNetworks,
  type ObacConfig,
  type ObacNetworks,
  obacConfigSchema,
  obacGraph,
  obacHead,
} from "./obac.ts";

type Rows = number | readonly Rows[];
type Network = Readonly<Record<string, Rows>>;
type Networks = Readonly<Record<string, readonly Network[]>>;

// Made by fixtures/make_obac.py, which says what it computes.
const fixture = JSON.parse(readFileSync(new URL("fixtures/obac.json", import.meta.url), "utf8")) as {
  sizes: { observationSize: number; actionSize: number; hidden: number[]; batchSize: number };
  settings: Record<"discount" | "tau" | "learningRate" | "expectile" | "cloningWeight", number>;
  targetEntropy: number;
  entropy: number;
  initial: Networks;
  cases: Record<
    "era" | "maxent",
    {
      batches: Record<string, number[]>[];
      losses: Record<string, number>[];
      final: Networks;
      logTemperature: number;
    }
  >;
};
const { sizes, settings } = fixture;

const numbersIn = (rows: Rows): number[] => (typeof rows === "number" ? [rows] : rows.flatMap(numbersIn));
const shapeOf = (rows: Rows): number[] => (typeof rows === "number" ? [] : [rows.length, ...shapeOf(rows[0] ?? 0)]);

/** Arrays as OBAC names and stacks them: twin networks along a leading axis, vectors of such a stack as rows. */
function arraysOf(networks: Networks): Record<string, NamedArray> {
  const arrays: Record<string, NamedArray> = {};
  for (const [group, members] of Object.entries(networks)) {
    for (const name of Object.keys(members[0] ?? {})) {
      const parts = members.map((member) => member[name] ?? 0);
      const single = shapeOf(parts[0] ?? 0);
      const shape = parts.length === 1 ? single : [parts.length, ...(single.length === 1 ? [1] : []), ...single];
      arrays[`${group}.${name}`] = { shape, dtype: "float32", data: Float32Array.from(parts.flatMap(numbersIn)) };
    }
  }
  return arrays;
}

const configOf = (head: "era" | "maxent", given: Partial<ObacConfig> = {}): ObacConfig =>
  obacConfigSchema.parse({
    ...settings,
    head,
    hidden: sizes.hidden,
    batchSize: sizes.batchSize,
    ...(head === "maxent" ? { targetEntropy: fixture.targetEntropy } : { entropy: fixture.entropy }),
    ...given,
  });

const drawn = (): ObacNetworks => initialObacNetworks(new Random(1), sizes);

describe.each(["maxent", "era"] as const)("updates of OBAC with the head %s", (head) => {
  it("have the losses, the switch, the parameters, targets and temperature of PyTorch's", async () => {
    const { batches, losses, final, logTemperature } = fixture.cases[head];
    const config = configOf(head);
    const { state, update } = obacGraph(sizes, obacHead(config, sizes.actionSize), config, drawn());
    state.load({ ...state.arrays(), ...arraysOf(fixture.initial) });
    const program = await compile(update, { threads: 1 });
    for (const [i, batch] of batches.entries()) {
      const outputs = await program.run(batch);
      for (const [name, value] of Object.entries(losses[i] ?? {})) {
        expect(outputs[name]?.[0], `${name} of update ${i}`).toBeCloseTo(value, 4);
      }
    }
    const ours = state.arrays();
    for (const [name, { shape, data }] of Object.entries(arraysOf(final))) {
      expect(ours[name]?.shape, name).toEqual(shape);
      data.forEach((value, i) => {
        expect(Number(ours[name]?.data[i]), `${name}[${i}]`).toBeCloseTo(Number(value), 4);
      });
    }
    if (head === "maxent") expect(Number(ours["temperature.log"]?.data[0])).toBeCloseTo(logTemperature, 5);
    else expect(ours["temperature.log"]).toBeUndefined();
    await program.dispose();
  });
});

describe("OBAC's heads", () => {
  it("take densities of ERA's policy dimension by dimension: they integrate to 1", async () => {
    const config = configOf("era");
    const head = obacHead(config, 2);
    const points = 2000;
    const policy = head.policy(input("raw", [points, 4]));
    const program = await compile({ outputs: { density: head.logDensity(policy, input("actions", [points, 2])) } });
    const raw = Float32Array.from({ length: points * 4 }, (_, i) => [0.4, -2, 1, -0.5][i % 4] ?? 0);
    const actions = Float32Array.from({ length: points * 2 }, (_, i) => -1 + (2 * (Math.floor(i / 2) + 0.5)) / points);
    const { density } = await program.run({ raw, actions });
    for (const dimension of [0, 1]) {
      const mass = (density as Float32Array).reduce((sum, d, i) => sum + (i % 2 === dimension ? Math.exp(d) : 0), 0);
      expect((mass * 2) / points).toBeCloseTo(1, 4);
    }
    await program.dispose();
  });

  it("promise a floor with ERA alone, and aim at no entropy where the temperature is constant", () => {
    expect(obacHead(configOf("maxent"), 2).entropy).toEqual({ target: fixture.targetEntropy, floor: null });
    const constant = obacConfigSchema.parse({ head: "maxent", temperature: 0.2 });
    expect(obacHead(constant, 2).entropy).toEqual({ target: null, floor: null });
    const { target, floor } = obacHead(configOf("era", { entropyOf: "policy" }), 2).entropy;
    expect(target).toBeCloseTo(2 * fixture.entropy, 12);
    expect(floor).toBeGreaterThanOrEqual(2 * fixture.entropy);
  });
});

describe("OBAC's networks", () => {
  it("begin as the original's: Xavier-uniform matrices, the behaviour critics and all targets equal to the critics", () => {
    const config = configOf("era");
    const { state } = obacGraph(sizes, obacHead(config, sizes.actionSize), config, drawn());
    const arrays = state.arrays();
    for (const [name, { data }] of Object.entries(arrays).filter(([name]) => /^critics\.(dense|norm|out)/.test(name))) {
      for (const group of ["targets", "behaviourCritics", "behaviourTargets"]) {
        expect(arrays[name.replace("critics", group)]?.data, group).toEqual(data);
      }
    }
    // Of the actor's last matrix the means' columns and the deviations' are drawn as matrices of their own.
    const [before = 0] = sizes.hidden.slice(-1);
    const bound = Math.sqrt(6 / (before + sizes.actionSize));
    const head = arrays["actor.out.weight"]?.data as Float32Array;
    expect(Math.max(...head.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...head.map(Math.abs))).toBeGreaterThan(0.8 * bound);
  });
});
