import { learningRateAt } from "@era/lab";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../data/imageSet.ts";
import { Batches } from "./batches.ts";
import { channelStatistics } from "./channelStatistics.ts";
import { Classifier, type ClassifierConfig, classifierConfigSchema } from "./classifier.ts";
import { Measurement } from "./measures.ts";

/** Images of two classes: bright on the left, or on the right, under noise. */
function sides(count: number, size = 8, channels = 1): ImageSet {
  const area = size * size;
  const images = Uint8Array.from({ length: count * channels * area }, (_, i) => {
    const isRight = i % size >= size / 2;
    const label = Math.floor(i / (area * channels)) % 2;
    const noise = ((i * 2654435761) >>> 0) % 60;
    return (isRight === (label === 1) ? 150 : 60) + noise;
  });
  const labels = Uint16Array.from({ length: count }, (_, i) => i % 2);
  return { name: "sides", images, image: [channels, size, size], labels, classes: ["left", "right"], skipped: [] };
}

const config = (settings: Partial<ClassifierConfig>): ClassifierConfig =>
  classifierConfigSchema.parse({
    model: "mlp",
    epochs: 4,
    batchSize: 16,
    learningRate: 0.02,
    augment: "none",
    entropy: 0.2,
    threads: 1,
    ...settings,
  });

describe("learning rates", () => {
  const rates = (name: "constant" | "cosine" | "onecycle", warmUp = 0) =>
    Array.from({ length: 101 }, (_, step) => learningRateAt({ name, peak: 2, steps: 101, warmUp }, step));
  it("follow half a cosine", () => {
    const cosine = rates("cosine");
    expect([0, 25, 50, 100].map((i) => cosine[i])).toEqual(
      [2, 1 + Math.SQRT1_2, 1, 0].map((rate) => expect.closeTo(rate, 12)),
    );
    expect(rates("cosine", 10).slice(0, 11)).toEqual(
      [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2].map((rate) => expect.closeTo(rate, 12)),
    );
  });
  it("follow timm's cosine, an epoch at a time", () => {
    const schedule = { name: "cosine-epochs", peak: 0.05, minimum: 1e-3, warmUp: 15, warmUpFrom: 1e-5 } as const;
    const found = Array.from({ length: 60 }, (_, step) =>
      learningRateAt({ ...schedule, steps: 60, stepsPerEpoch: 3 }, step),
    );
    // timm 1.0.31: create_scheduler_v2(SGD(lr=0.05), sched="cosine", num_epochs=20, warmup_epochs=5, warmup_lr=1e-5, min_lr=1e-3).
    const epochs = [
      1e-5, 0.010008, 0.020006, 0.030004, 0.040002, 0.04282411614, 0.03990073868, 0.03662276724, 0.03307091636,
      0.02933264439, 0.0255, 0.02166735561, 0.01792908364, 0.01437723276, 0.01109926132, 0.008175883861, 0.005679083638,
      0.003670340157, 0.002199115351, 0.001301635655,
    ];
    expect(found).toEqual(epochs.flatMap((rate) => [rate, rate, rate]).map((rate) => expect.closeTo(rate, 9)));
  });
  it("follow one cycle as PyTorch's OneCycleLR", () => {
    const cycle = rates("onecycle");
    expect([0, 15, 30, 65, 100].map((i) => cycle[i])).toEqual(
      [0.08, 1.04, 2, 1.000004, 0.000008].map((rate) => expect.closeTo(rate, 9)),
    );
    expect(new Set(rates("constant"))).toEqual(new Set([2]));
  });
});

describe("batches", () => {
  const set = sides(40);
  it("take every image once an epoch, in orders that follow from the seed and the step", async () => {
    const small = { ...set, images: Uint8Array.from({ length: 40 * 64 }, (_, i) => Math.floor(i / 64)) };
    const seen = async (seed: number, steps: readonly number[]) => {
      const batches = new Batches(small, { batchSize: 8, seed, augmentation: "none" });
      const found: number[] = [];
      for (const step of steps) {
        const { images } = (await batches.at(step)).feeds;
        found.push(...images.filter((_, i) => i % 64 === 0));
      }
      return found;
    };
    const first = await seen(1, [0, 1, 2, 3, 4]);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    const second = await seen(1, [5, 6, 7, 8, 9]);
    expect(second).not.toEqual(first);
    expect(await seen(1, [7, 2])).toEqual([...second.slice(16, 24), ...first.slice(16, 24)]);
    expect(await seen(2, [0, 1, 2, 3, 4])).not.toEqual(first);
    expect(() => new Batches(small, { batchSize: 41, seed: 1, augmentation: "none" })).toThrow(
      "sides: 40 images do not fill a batch of 41",
    );
  });

  it("move and flip images, with black where nothing is", async () => {
    const single: ImageSet = {
      ...set,
      images: Uint8Array.from({ length: 2 * 64 }, (_, i) => 1 + (i % 64)),
      labels: Uint16Array.of(0, 1),
    };
    const batches = new Batches(single, { batchSize: 2, seed: 3, augmentation: "crop-flip" });
    const variants = new Set<string>();
    for (let step = 0; step < 300; step++) {
      const image = Array.from((await batches.at(step)).feeds.images.subarray(0, 64));
      const known = image.findIndex((value) => value > 0);
      // Which way the row goes, and where the pixel came from, say how all others must be.
      const rows = Array.from({ length: 8 }, (_, y) => image.slice(8 * y, 8 * y + 8));
      const row = rows.find((line) => line.filter((value) => value > 0).length > 1) ?? [];
      const at = row.findIndex((value) => value > 0);
      const isFlipped = (row[at + 1] ?? 0) < (row[at] ?? 0);
      const source = (image[known] ?? 1) - 1;
      const down = Math.floor(source / 8) - Math.floor(known / 8);
      const column = isFlipped ? 7 - (known % 8) : known % 8;
      const right = (source % 8) - column;
      const expected = Array.from({ length: 64 }, (_, i) => {
        const [y, x] = [Math.floor(i / 8) + down, (isFlipped ? 7 - (i % 8) : i % 8) + right];
        return y >= 0 && y < 8 && x >= 0 && x < 8 ? 1 + 8 * y + x : 0;
      });
      expect(image).toEqual(expected);
      expect(Math.max(Math.abs(down), Math.abs(right))).toBeLessThanOrEqual(4);
      variants.add(`${isFlipped} ${down} ${right}`);
    }
    expect(variants.size).toBeGreaterThan(120); // of 162
  });

  it("know their set's statistics", () => {
    const { mean, deviation } = channelStatistics({
      ...set,
      images: Uint8Array.of(0, 10, 5, 5, 20, 10, 5, 5),
      image: [2, 1, 2],
      labels: Uint16Array.of(0, 1),
    });
    expect(mean).toEqual([10, 5]);
    expect(deviation).toEqual([Math.sqrt(50), 1]);
  });
});

describe("measures", () => {
  it("are those of predictions that can be counted by hand", () => {
    const measurement = new Measurement();
    const log = Math.log;
    measurement.add([log(0.7), log(0.2), log(0.1), log(0.1), log(0.6), log(0.3)], [0, 2]);
    const { accuracy, topFive, nll, ece, entropyMin, count } = measurement.measures;
    expect([count, accuracy, topFive]).toEqual([2, 0.5, 1]);
    expect(nll).toBeCloseTo(-(log(0.7) + log(0.3)) / 2, 12);
    // Bins of 1/15: confidence 0.7 is right, 0.6 is wrong.
    expect(ece).toBeCloseTo((0.3 + 0.6) / 2, 12);
    expect(entropyMin).toBeCloseTo(-(0.7 * log(0.7) + 0.2 * log(0.2) + 0.1 * log(0.1)), 12);
  });
});

describe("a classifier", () => {
  it.each([
    ["ERA", { head: "era" }],
    [
      "label smoothing, AdamW, one cycle",
      { head: "plain", labelSmoothing: 0.1, optimizer: "adamw", schedule: "onecycle" },
    ],
    ["confidence penalty, dropout, moving average", { head: "plain", confidencePenalty: 0.1, dropout: 0.2, ema: 0.9 }],
  ] as const)("learns with %s", async (_name, settings) => {
    const classifier = await Classifier.open(config(settings), sides(160));
    const reports = [];
    for (let step = 0; step < classifier.steps; step++) reports.push(await classifier.step(step));
    const measures = await classifier.evaluate(sides(50));
    await classifier.dispose();
    expect(reports).toHaveLength(40);
    expect(measures.accuracy).toBe(1);
    const floor = classifier.graph.head.entropy.floor ?? 0;
    expect(measures.entropyMin).toBeGreaterThanOrEqual(floor - 1e-6);
    expect(Math.min(...reports.map(({ entropyMin }) => entropyMin))).toBeGreaterThanOrEqual(floor - 1e-6);
    if ("labelSmoothing" in settings || "confidencePenalty" in settings) return;
    // What the floor costs: of two classes, the likelihood of a distribution with 0.2 nat.
    expect(measures.nll).toBeGreaterThan(0.04);
  });

  it.each([
    ["with dropout and a moving average", { model: "cnn", dropout: 0.3, ema: 0.9, augment: "crop-flip" }, 1],
    [
      "with versions of images, each normalized by itself",
      { model: "resnet20", augSplits: 3, splitBn: true, randAugment: "m9-mstd0.5-inc1", randomErasing: 0.6 },
      3,
    ],
    [
      "with several batches a step",
      { accumulate: 2, batchSize: 8, optimizer: "adamw", decayed: "weights", dropout: 0.2, schedule: "cosine-epochs" },
      1,
    ],
  ] as const)("goes on from its state and a step to the last bit %s", async (_, given, channels) => {
    const settings = config({ ...given, epochs: 2 });
    const set = sides(48, 8, channels);
    const whole = await Classifier.open(settings, set);
    for (let step = 0; step < 3; step++) await whole.step(step);
    const saved = structuredClone(whole.graph.state.arrays());
    const expected = [];
    for (let step = 3; step < whole.steps; step++) expected.push(await whole.step(step));

    const resumed = await Classifier.open({ ...settings }, set);
    resumed.graph.state.load(saved);
    const again = [];
    for (let step = 3; step < resumed.steps; step++) again.push(await resumed.step(step));
    expect(again).toEqual(expected);
    // By bytes: toEqual takes seconds for a million of them.
    expect(Buffer.compare(resumed.exportModel(), whole.exportModel())).toBe(0);
    await Promise.all([whole.dispose(), resumed.dispose()]);
  });

  it("takes one step with the mean gradient of several batches, as with their images in one batch", async () => {
    const set = sides(48);
    const common = { augment: "none", decayed: "weights", epochs: 2, ema: 0.9 } as const;
    const whole = await Classifier.open(config({ ...common, batchSize: 12 }), set);
    const parts = await Classifier.open(config({ ...common, batchSize: 4, accumulate: 3 }), set);
    expect([parts.steps, parts.stepsPerEpoch]).toEqual([whole.steps, whole.stepsPerEpoch]);
    for (let step = 0; step < whole.steps; step++) {
      const [one, several] = [await whole.step(step), await parts.step(step)];
      for (const [name, value] of Object.entries(one)) {
        expect(several[name as keyof typeof one], `${name} of step ${step}`).toBeCloseTo(value, 5);
      }
    }
    const [one, several] = [whole, parts].map(
      ({ graph }) => graph.state.read(graph.network.parameters.flat) as Float32Array,
    );
    const apart = Array.from(one ?? [], (value, i) => Math.abs(value - (several?.[i] ?? Number.NaN)));
    expect(apart.reduce((most, value) => Math.max(most, value))).toBeLessThan(1e-5);
    await Promise.all([whole.dispose(), parts.dispose()]);
  });

  it.each(["sgd", "adamw"] as const)("lets only weights decay where that is asked for: %s", async (optimizer) => {
    const strong = { optimizer, weightDecay: 10, learningRate: 1e-3, warmUpEpochs: 0, schedule: "constant" } as const;
    const after = async (given: Partial<ClassifierConfig>) => {
      const classifier = await Classifier.open(config({ ...strong, ...given }), sides(32));
      const { state, network } = classifier.graph;
      const names = Object.keys(network.parameters.tensors);
      const read = () => names.map((name) => Array.from(state.read(network.parameters.tensors[name] as never), Number));
      const before = read();
      await classifier.step(0);
      const found = Object.fromEntries(names.map((name, i) => [name, { before: before[i], after: read()[i] }]));
      await classifier.dispose();
      return found;
    };
    const [none, all, weights] = [
      await after({ weightDecay: 0 }),
      await after({}),
      await after({ decayed: "weights" }),
    ];
    for (const [name, { after: plain = [] }] of Object.entries(none)) {
      const expected = name.endsWith("bias") ? plain : (all[name]?.after ?? []);
      const apart = (others: readonly number[] = []) =>
        Math.max(...expected.map((value, i) => Math.abs(value - (others[i] ?? Number.NaN))));
      expect(apart(weights[name]?.after), name).toBeLessThan(1e-6);
      expect(apart((name.endsWith("bias") ? all : none)[name]?.after), name).toBeGreaterThan(1e-5);
    }
  });

  it("refuses a head that does not exist", async () => {
    await expect(Classifier.open(config({ entropy: 0.9 }), sides(32))).rejects.toThrow(
      "for 2 classes it must lie between",
    );
  });
});
