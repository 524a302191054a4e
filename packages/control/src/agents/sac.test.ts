import { readFileSync } from "node:fs";
import { compile, type NamedArray } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { maximumEntropyHead } from "./heads.ts";
import { sacGraph } from "./sac.ts";

type Rows = number | readonly Rows[];
type Weights = Readonly<Record<string, Rows>>;
interface Snapshot {
  readonly actor: Weights;
  readonly critics: readonly Weights[];
  readonly targets: readonly Weights[];
  readonly logTemperature: number;
}

// Made by fixtures/make_torch_maxent.py, which says what it computes.
const fixture = JSON.parse(readFileSync(new URL("fixtures/torch_maxent.json", import.meta.url), "utf8")) as {
  sizes: { observationSize: number; actionSize: number; hidden: number[]; batchSize: number };
  settings: Record<
    | "discount"
    | "tau"
    | "actorLearningRate"
    | "criticLearningRate"
    | "criticWeightDecay"
    | "initialTemperature"
    | "targetEntropy"
    | "logStdMin"
    | "logStdMax",
    number
  >;
  initial: Snapshot;
  batches: Record<string, number[]>[];
  losses: Record<"critic" | "actor" | "temperature", number>[];
  final: Snapshot;
};

const numbersIn = (rows: Rows): number[] => (typeof rows === "number" ? [rows] : rows.flatMap(numbersIn));
const shapeOf = (rows: Rows): number[] => (typeof rows === "number" ? [] : [rows.length, ...shapeOf(rows[0] ?? 0)]);

const array = (rows: Rows): NamedArray => ({
  shape: shapeOf(rows),
  dtype: "float32",
  data: Float32Array.from(numbersIn(rows)),
});

/** Two critics' weights as one stack; vectors as rows. */
function stack([first = {}, second = {}]: readonly Weights[]): Record<string, NamedArray> {
  const rows = (value: Rows | undefined): Rows => (shapeOf(value ?? 0).length === 1 ? [value ?? 0] : (value ?? 0));
  return Object.fromEntries(Object.keys(first).map((name) => [name, array([rows(first[name]), rows(second[name])])]));
}

const networks = ({ actor, critics, targets }: Snapshot) => ({
  actor: Object.fromEntries(Object.entries(actor).map(([name, rows]) => [name, array(rows)])),
  critics: stack(critics),
  targets: stack(targets),
});

describe("an update of maximum-entropy SAC", () => {
  it("has the losses, parameters and temperature of PyTorch's", async () => {
    const { sizes, settings, initial, batches, losses, final } = fixture;
    const { state, update } = sacGraph(
      sizes,
      maximumEntropyHead({ ...settings, actionDim: sizes.actionSize, target: settings.targetEntropy }),
      {
        ...settings,
        batchSize: sizes.batchSize,
        temperature: {
          initial: settings.initialTemperature,
          learningRate: settings.actorLearningRate,
          targetEntropy: settings.targetEntropy,
        },
      },
      networks(initial),
    );
    const program = await compile(update, { threads: 1 });
    for (const [i, batch] of batches.entries()) {
      const outputs = await program.run(batch);
      const { critic, actor, temperature } = losses[i] ?? { critic: NaN, actor: NaN, temperature: NaN };
      expect(outputs["loss/critic"]?.[0], `critic loss ${i}`).toBeCloseTo(critic, 4);
      expect(outputs["loss/actor"]?.[0], `actor loss ${i}`).toBeCloseTo(actor, 4);
      expect(outputs["train/temperature"]?.[0], `temperature ${i}`).toBeCloseTo(temperature, 5);
    }
    const ours = state.arrays();
    const groups = networks(final);
    for (const [group, expected] of Object.entries(groups)) {
      for (const [name, { shape, data }] of Object.entries(expected)) {
        const own = ours[`${group}.${name}`];
        expect(own?.shape, `${group}.${name}`).toEqual(shape);
        data.forEach((value, i) => {
          expect(Number(own?.data[i]), `${group}.${name}[${i}]`).toBeCloseTo(Number(value), 4);
        });
      }
    }
    expect(Number(ours["temperature.log"]?.data[0])).toBeCloseTo(final.logTemperature, 5);
  });
});
