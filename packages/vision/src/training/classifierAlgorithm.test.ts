import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createRun,
  loadLatestCheckpoint,
  openRun,
  reproducibleMetrics,
  resumeRun,
  runMetrics,
  runPath,
  runSummary,
  type TrainingHooks,
  trainRun,
} from "@era/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSplits } from "../fixtures/sides.fixture.ts";
import { type ClassifierTrainingConfig, classifierAlgorithm, classifierSets } from "./classifierAlgorithm.ts";

let folder = "";
let data = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "era-classifier-"));
  data = join(folder, "sides");
  await writeSplits(data, 40, 12);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = (given: Readonly<Record<string, unknown>> = {}): Promise<ClassifierTrainingConfig> =>
  classifierAlgorithm.settings(
    {
      data,
      model: "mlp",
      epochs: 3,
      batchSize: 16,
      learningRate: 0.02,
      entropy: 0.2,
      augment: "none",
      threads: 1,
      logEvery: 4,
    },
    given,
  );

async function train(
  dir: string,
  config: ClassifierTrainingConfig,
  { isResumed = false, ...hooks }: TrainingHooks & { isResumed?: boolean } = {},
) {
  const { run, checkpoint } = isResumed
    ? resumeRun(dir, { config })
    : { run: createRun({ dir, kind: "classifier", config }), checkpoint: undefined };
  try {
    return await trainRun(classifierAlgorithm, config, run, checkpoint, hooks);
  } finally {
    run.close();
  }
}

/** Trains with a stop after each of the given steps, and a new session after each stop. */
async function trainInterrupted(dir: string, config: ClassifierTrainingConfig, stops: readonly number[]) {
  for (const [session, stop] of [...stops, undefined].entries()) {
    let step = 0;
    const summary = await train(dir, config, {
      isResumed: session > 0,
      onProgress: (progress) => {
        step = progress.step;
      },
      shouldStop: () => step === stop,
    });
    expect(summary).toMatchObject({
      status: stop === undefined ? "finished" : "interrupted",
      steps: stop ?? config.steps,
    });
  }
}

/** All of a run that must not depend on interruptions. */
const trace = (dir: string) => ({
  metrics: runMetrics({ dir }).map(reproducibleMetrics),
  tensors: loadLatestCheckpoint(openRun(dir))?.tensors,
  model: readFileSync(join(dir, "model.onnx")),
});

describe("a run of a classifier", () => {
  it("leaves scores, entropy against its floor, checkpoints, model and report", async () => {
    const dir = join(folder, "whole");
    const config = await settings();
    expect(config.steps).toBe(15);
    const summary = await train(dir, config);
    expect(summary).toMatchObject({ status: "finished", steps: 15, score: { metric: "eval/accuracy", final: 1 } });
    const { target, floor, min } = summary.entropy ?? {};
    expect(target).toBe(0.2);
    expect(floor).toBeGreaterThanOrEqual(0.2 - 1e-9);
    expect(min).toBeGreaterThanOrEqual((floor ?? 1) - 1e-9);
    expect(runSummary({ dir })).toEqual(summary);
    for (const name of ["model.onnx", "report.html", "metrics.jsonl"])
      expect(existsSync(runPath({ dir }, name))).toBe(true);
    expect(readFileSync(join(dir, "report.html"), "utf8")).toContain("Prediction entropy");
  });

  it.each([
    [
      "SGD, all augmentation",
      {
        augment: "resized-crop-flip",
        colorJitter: 0.4,
        randAugment: "m9-mstd0.5-inc1",
        randomErasing: 0.5,
        mixup: 0.5,
        cutmix: 1,
        labelSmoothing: 0.1,
      },
    ],
    [
      "AdamW, dropout, moving average, held-out images",
      { optimizer: "adamw", learningRate: 1e-3, dropout: 0.2, ema: 0.9, validation: 0.2 },
    ],
  ] as const)("that is interrupted and resumed ends bit by bit as without: %s", async (name, given) => {
    const config = await settings(given);
    const [whole, parts] = [join(folder, `${name} whole`), join(folder, `${name} parts`)];
    await train(whole, config);
    await trainInterrupted(parts, config, [1, 5, 10]);
    expect(trace(parts)).toEqual(trace(whole));
  });

  it("stops where the loss is none, with the last good checkpoint kept", async () => {
    const dir = join(folder, "diverging");
    const config = await settings({
      learningRate: 1e36,
      weightDecay: 1e3,
      schedule: "constant",
      warmUpEpochs: 1.8,
      head: "plain",
    });
    await expect(train(dir, config)).rejects.toThrow(/became (NaN|-?Infinity) at step \d+/);
    expect(runSummary({ dir })?.status).toBe("failed");
    for (const [, { data }] of loadLatestCheckpoint(openRun(dir))?.tensors ?? []) {
      for (const value of data) expect(Number.isFinite(Number(value))).toBe(true);
    }
  });
});

describe("settings", () => {
  it("of a recipe give way to flags, and steps follow from epochs", async () => {
    const config = await settings({ recipe: "era-paper-cifar10", batchSize: 8, accumulate: 1, epochs: 2 });
    expect(config).toMatchObject({ model: "resnet50", bound: "paper", inverse: "paper", batchSize: 8, steps: 20 });
    expect(config).toMatchObject({ augSplits: 3, randAugment: "m9-mstd0.5-inc1", schedule: "cosine-epochs" });
    expect((await settings({ batchSize: 8, accumulate: 3, epochs: 2 })).steps).toBe(6);
    await expect(settings({ recipe: "era-paper-cifar10" })).rejects.toThrow(
      /^--batch-size 64 --accumulate 4: .* has only 80 images to train on$/,
    );
    const stored = await classifierAlgorithm.settings({ ...config }, { steps: 25 });
    expect(stored).toEqual({ ...config, steps: 25 });
    expect((await classifierAlgorithm.settings({ ...config }, { epochs: 3 })).steps).toBe(30);
  });

  it("that cannot be are refused in one line", async () => {
    await expect(settings({ batchSize: 81 })).rejects.toThrow(/^--batch-size 81: .* has only 80 images to train on$/);
    await expect(settings({ data: join(folder, "none") })).rejects.toThrow(/none: there is no such file or folder$/);
    await expect(settings({ validation: 0.001 })).rejects.toThrow(
      /of the 40 images of "left" in .*, 0 would be held out/,
    );
    await expect(settings({ data: join(data, "train") })).rejects.toThrow(
      "has no test images beside the training images",
    );
    const config = await settings({ entropy: 0.9 });
    await expect(classifierAlgorithm.check(config)).rejects.toThrow(/^--entropy 0.9: .*for 2 classes/);
    await expect(settings({ randAugment: "m9-q2" })).rejects.toThrow(
      '--rand-augment m9-q2: "q2" must be one of m9, n2',
    );
    await expect(settings({ augSplits: 2, cutmix: 1 })).rejects.toThrow(/^--cutmix: doesn't go with --aug-splits 2$/);
    await expect(settings({ splitBn: true })).rejects.toThrow(/^--split-bn: needs the versions of --aug-splits/);
    await expect(settings({ model: "resnet19" })).rejects.toThrow("--model resnet19: must be");
  });

  it("name damaged images, which --skip-bad leaves out and counts; classes must be the same in both splits", async () => {
    const damaged = join(folder, "damaged");
    await writeSplits(damaged, 4, 2);
    writeFileSync(join(damaged, "train/left/0001.png"), "no image");
    await expect(settings({ data: damaged, batchSize: 2 })).rejects.toThrow("left/0001.png can't be decoded");
    const config = await settings({ data: damaged, batchSize: 2, skipBad: true });
    const { train: set } = await classifierSets(config);
    expect(await classifierAlgorithm.notes?.(config)).toEqual([
      expect.stringMatching(/train: 1 damaged images are left out \(--skip-bad\): left.0001.png can't be decoded: /),
    ]);
    expect([set.labels.length, set.skipped.map(({ file }) => file)]).toEqual([7, [join("left", "0001.png")]]);
    mkdirSync(join(damaged, "test/up"));
    writeFileSync(join(damaged, "test/up/a.png"), readFileSync(join(damaged, "test/left/0000.png")));
    // Another path, so that it is read anew.
    await expect(settings({ data: `${damaged}/`, batchSize: 2, skipBad: true })).rejects.toThrow(
      /its 3 classes are not the 2 of .* \(they differ at "up"\)/,
    );
  });

  it("hold out the same share of each class", async () => {
    const { train: rest, evaluation } = await classifierSets(await settings({ validation: 0.25 }));
    const counts = (labels: Uint16Array) => [0, 1].map((label) => labels.filter((own) => own === label).length);
    expect([counts(rest.labels), counts(evaluation.labels)]).toEqual([
      [30, 30],
      [10, 10],
    ]);
  });
});
