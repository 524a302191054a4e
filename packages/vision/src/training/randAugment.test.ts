import { readFileSync } from "node:fs";
import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { type Draw, parseRandAugment, randAugment, randAugmentOperations } from "./randAugment.ts";

interface Case {
  readonly name: string;
  readonly magnitude: number;
  readonly sign: Draw["sign"];
  readonly interpolation: Draw["interpolation"];
  readonly image: string;
}

/** What timm made of one image (make_rand_augment.py). */
const timm = JSON.parse(readFileSync(new URL("../fixtures/randAugment.json", import.meta.url), "utf8")) as {
  readonly shape: readonly [number, number, number];
  readonly fill: readonly number[];
  readonly image: string;
  readonly cases: readonly Case[];
};
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
const image = bytes(timm.image);

describe("an operation of RandAugment", () => {
  it.each([...new Set(timm.cases.map(({ name }) => name))])("%s gives timm's image, to the grey level", (name) => {
    const isIncreasing = name.endsWith("Increasing");
    const operation = randAugmentOperations(isIncreasing)[name.replace("Increasing", "")];
    for (const { magnitude, sign, interpolation, image: expected } of timm.cases.filter((own) => own.name === name)) {
      const found = operation?.(image, timm.shape, { magnitude, sign, interpolation, fill: timm.fill });
      expect(Array.from(found ?? []), `magnitude ${magnitude}, ${sign}, ${interpolation}`).toEqual(
        Array.from(bytes(expected)),
      );
    }
    expect(image).toEqual(bytes(timm.image));
  });

  it("takes grey images too, which have no saturation", () => {
    const [, height, width] = timm.shape;
    const plane = image.slice(0, height * width);
    const draw: Draw = { magnitude: 9, sign: 1, interpolation: "bicubic", fill: [100] };
    const operations = randAugmentOperations(true);
    for (const operation of Object.values(operations)) {
      const found = operation(plane, [1, height, width], draw);
      expect(found).toHaveLength(plane.length);
    }
    expect(operations.Color?.(plane, [1, height, width], draw)).toEqual(plane);
    expect(operations.Rotate?.(plane, [1, height, width], draw)[0]).toBe(100);
  });
});

describe("RandAugment", () => {
  it("reads timm's notation", () => {
    const official = { magnitude: 9, deviation: 0.5, maximum: 10, layers: 2, probability: 0.5, isIncreasing: true };
    expect(parseRandAugment("rand-m9-mstd0.5-inc1")).toEqual(official);
    expect(parseRandAugment("m9-mstd0.5-inc1")).toEqual(official);
    expect(parseRandAugment("m3-n4-p1-mstd101-mmax5")).toEqual({
      magnitude: 3,
      deviation: Number.POSITIVE_INFINITY,
      maximum: 5,
      layers: 4,
      probability: 1,
      isIncreasing: false,
    });
    for (const wrong of ["m9-x2", "m", "m9.5", "p1.5", "inc2", "n0", ""]) {
      expect(() => parseRandAugment(wrong), wrong).toThrow(/^".*" must be one of m9, n2/);
    }
  });

  it("applies each of its operations with their chance, the same for the same generator", () => {
    const policy = parseRandAugment("m9-mstd0.5-inc1");
    const change = (seed: number, own = policy) => randAugment(new Random(seed), image, timm.shape, own, timm.fill);
    expect(change(7)).toEqual(change(7));
    expect(change(7, { ...policy, probability: 0 })).toEqual(image);
    const count = 2000;
    const kept = Array.from({ length: count }, (_, seed) => change(seed)).filter((own) =>
      own.every((v, i) => v === image[i]),
    );
    // Neither of two operations in a quarter of the images; one of them may change nothing, or undo the other.
    expect(kept.length / count).toBeGreaterThan(0.22);
    expect(kept.length / count).toBeLessThan(0.32);
    expect(image).toEqual(bytes(timm.image));
  });
});
