import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readClassFiles } from "../data/classFiles.ts";
import type { ImageSet } from "../data/imageSet.ts";
import { writeSides } from "../fixtures/sides.fixture.ts";
import { Classifier, classifierConfigSchema } from "../training/classifier.ts";
import { auroc } from "./auroc.ts";
import { evaluateClassifier } from "./evaluateClassifier.ts";
import { fitted } from "./rawImages.ts";
import { loadClassifier, predict, type TrainedClassifier } from "./trainedClassifier.ts";

let folder = "";
let set: ImageSet;
let classifier: TrainedClassifier;
let onnx: Uint8Array;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "era-evaluation-"));
  await writeSides(folder, 30);
  set = await readClassFiles(folder);
  const config = {
    model: "mlp",
    epochs: 8,
    batchSize: 20,
    learningRate: 0.02,
    augment: "none",
    entropy: 0.2,
    threads: 1,
  };
  const trained = await Classifier.open(classifierConfigSchema.parse(config), set);
  for (let step = 0; step < trained.steps; step++) await trained.step(step);
  onnx = trained.exportModel();
  await trained.dispose();
  classifier = await loadClassifier(onnx, "model.onnx", 1);
});
afterAll(async () => {
  await classifier.model.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("AUROC", () => {
  it("is the share of pairs in the right order, ties counting half", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
        (a, b) => {
          const pairs = a.flatMap((x) => b.map((y) => (y > x ? 1 : y === x ? 0.5 : 0)));
          expect(auroc(a, b)).toBeCloseTo(pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length, 12);
        },
      ),
    );
  });
});

describe("a trained classifier", () => {
  it("is described by its model", () => {
    expect(classifier).toMatchObject({ classes: ["left", "right"], image: [3, 8, 8], entropy: { target: 0.2 } });
    return expect(loadClassifier(Uint8Array.of(1, 2, 3), "x.onnx")).rejects.toThrow(
      "x.onnx: is no image classifier's model",
    );
  });

  it("is evaluated: measures, reliability, entropies above the floor, other images, corruptions", async () => {
    const grey = await fitted(set, [1, 5, 5]);
    expect(grey.images).toHaveLength(60 * 25);
    const ood = { ...grey, images: grey.images.map(() => 128), name: "grey" };
    const result = await evaluateClassifier(classifier, {
      set,
      ood,
      corruptions: ["gaussian-noise"],
      severities: [1, 5],
    });
    expect(result.measures).toMatchObject({ count: 60, accuracy: 1 });
    expect(result.reliability.reduce((sum, { count }) => sum + count, 0)).toBe(60);
    expect(result.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(60);
    const floor = result.entropy.floor ?? 0;
    expect(result.measures.entropyMin).toBeGreaterThanOrEqual(floor - 1e-6);
    expect(result.histogram.find(({ count }) => count > 0)?.to).toBeGreaterThan(floor);
    expect(result.ood).toMatchObject({ data: "grey", count: 60 });
    expect(result.ood?.auroc).toBeGreaterThan(0.9);
    expect(result.corruptions.map(({ name, severity }) => [name, severity])).toEqual([
      ["gaussian-noise", 1],
      ["gaussian-noise", 5],
    ]);
  });

  it("names what it sees in a file of any size, and files that are no images", async () => {
    const file = join(folder, "large.jpg");
    const large = sharp(join(folder, "left/0000.png")).resize(80, 80, { kernel: "nearest" });
    await large.jpeg().toFile(file);
    const { classes, entropy } = await predict(classifier, file);
    expect(classes[0]?.name).toBe("left");
    expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    expect(entropy).toBeGreaterThanOrEqual(0.2 - 1e-6);
    writeFileSync(join(folder, "text.png"), "no image");
    await expect(predict(classifier, join(folder, "text.png"))).rejects.toThrow(
      /text.png: can't be read as an image: /,
    );
  });
});
