import { describe, expect, it } from "vitest";
import { type EntropyMethodName, entropyMethod, entropyMethodSchema } from "./entropyMethod.ts";

const method = (given: Partial<Record<string, unknown>> = {}) => entropyMethod(entropyMethodSchema.parse(given));

describe("entropyMethod", () => {
  it("has the official defaults", () => {
    expect(method()).toEqual({
      name: "era",
      topK: 20,
      sequence: { low: 0.45, high: 3, factor: 2, topFraction: 0.2 },
      scale: false,
      clip: { low: 1, high: 1, dual: 10 },
    });
    const clip = { low: 0.2, high: 0.2, dual: 3 };
    const of = (entropyMethod: EntropyMethodName) => method({ entropyMethod });
    expect(of("none")).toEqual({ name: "none", topK: 0, clip });
    expect(of("bonus")).toEqual({ name: "bonus", topK: 0, clip, coefficient: 0.001 });
    expect(of("clip-higher")).toEqual({ name: "clip-higher", topK: 0, clip: { ...clip, high: 0.28 } });
    expect(of("kl-cov")).toEqual({ name: "kl-cov", topK: 0, share: 0.002, coefficient: 1 });
    expect(of("clip-cov")).toEqual({
      name: "clip-cov",
      topK: 0,
      share: 0.0002,
      low: 1,
      high: 5,
      clip: { low: 1, high: 1, dual: 3 },
    });
  });

  it("names the flags that exclude each other", () => {
    expect(() => method({ eraLow: 3 })).toThrow("--era-low 3 must be less than --era-high 3");
    expect(() => method({ entropyMethod: "clip-cov", clipCovLow: 6 })).toThrow("--clip-cov-low 6");
  });
});
