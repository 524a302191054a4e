import { describe, expect, it } from "vitest";
import type { GaussianSpec } from "./gaussianSpec.ts";
import { resolveGaussian } from "./gaussianSpec.ts";

const truncated = (perDim: number, of: "gaussian" | "policy" = "gaussian", more: object = {}) =>
  resolveGaussian({ kind: "truncated", actionDim: 19, entropy: { perDim, of }, ...more });
const message = (make: () => unknown) => {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

describe("resolveGaussian", () => {
  it("fills in the official defaults", () => {
    expect(truncated(0.25)).toMatchObject({
      logStdMin: -8,
      logStdMax: 0,
      meanBound: Number.POSITIVE_INFINITY,
      target: 4.75,
      of: "gaussian",
      delta: 0,
      learnsDelta: false,
      gaussianEntropy: 4.75,
    });
  });

  it("knows that the official target of 0.25 nat per dimension leaves the policy −0.578, two dimensions at the clip", () => {
    // By hand: a budget of 22.21 clips two dimensions (8 each) and leaves 6.21 to a third; at |m| = 1 a narrow dimension has
    // log σ + c − log 2, a dimension at σ = 1 has 0.5661.
    const half = 0.5 * Math.log(2 * Math.PI * Math.E);
    const rest = 19 * (half - 0.25) - 16;
    const byHand = 2 * (half - 8 - Math.LN2) + (half - rest - Math.LN2) + 16 * 0.566094;
    expect(truncated(0.25).floor).toBeCloseTo(byHand, 4);
    expect(truncated(0.25).floor / 19).toBeCloseTo(-0.578, 3);
  });

  it("raises the floor by a constant delta", () => {
    const [plain, paid] = [truncated(0.25), truncated(0.25, "gaussian", { delta: 3 })];
    expect(paid.gaussianEntropy).toBe(7.75);
    expect(paid.floor).toBeGreaterThan(plain.floor);
    expect(plain.maxDelta).toBeCloseTo(19 * (0.5 * Math.log(2 * Math.PI * Math.E) - 0.25), 12);
  });

  it("solves for the delta that makes the policy's floor the target", () => {
    for (const actionDim of [1, 2, 6, 19, 61]) {
      for (const perDim of [-7, -3, -0.5, 0, 0.25, 0.5]) {
        const spec = resolveGaussian({ kind: "truncated", actionDim, entropy: { perDim, of: "policy" } });
        expect(spec.floor / actionDim).toBeCloseTo(perDim, 12);
        expect(spec.delta).toBeGreaterThan(0);
      }
    }
    const squashed = { kind: "squashed", actionDim: 6, entropy: { perDim: -1, of: "policy" }, meanBound: 1.5 } as const;
    expect(resolveGaussian(squashed).floor).toBeCloseTo(-6, 10);
  });

  it("promises nothing for a squashed policy with a free mean", () => {
    const spec = { kind: "squashed", actionDim: 3, entropy: { perDim: 0.25, of: "gaussian" } } as const;
    expect(resolveGaussian(spec).floor).toBe(Number.NEGATIVE_INFINITY);
    expect(resolveGaussian({ ...spec, meanBound: 2 }).floor).toBeGreaterThan(-20);
  });

  it("names the feasible interval of an entropy out of reach", () => {
    expect(message(() => truncated(1.5))).toBe(
      "truncated Gaussian: entropy.perDim is 1.5 nats; with log σ in [-8, 0] it must lie in [-6.581, 1.4189]",
    );
    expect(message(() => truncated(-6.6))).toMatch(/must lie in \[-6.581, 1.4189\]$/);
    expect(message(() => truncated(1.4189))).toBe("accepted");
    expect(message(() => truncated(0.6, "policy"))).toBe(
      "truncated Gaussian: entropy.perDim of the policy is 0.6 nats; with log σ in [-8, 0] it must lie in [-7.2742, 0.566]",
    );
    expect(message(() => truncated(0.566, "policy"))).toBe("accepted");
    expect(message(() => truncated(-7.2742, "policy"))).toBe("accepted");
    expect(message(() => truncated(-7.3, "policy"))).toMatch(/must lie in \[-7.2742, 0.566\]$/);
    expect(message(() => truncated(0.25, "gaussian", { delta: 30 }))).toMatch(
      /^truncated Gaussian: entropy.perDim \+ delta\/actionDim is 1.8\d+ nats; .* must lie in \[-6.581, 1.4189\]$/,
    );
    const squashed = (perDim: number) =>
      resolveGaussian({ kind: "squashed", actionDim: 2, entropy: { perDim, of: "policy" }, meanBound: 1 });
    expect(message(() => squashed(0.5))).toMatch(/^squashed Gaussian: entropy.perDim of the policy is 0.5 nats; /);
  });

  it("names every other impossible value", () => {
    const base = { kind: "truncated", actionDim: 2, entropy: { perDim: 0, of: "gaussian" } } as const;
    const cases: [GaussianSpec, RegExp][] = [
      [{ ...base, actionDim: 0 }, /actionDim is 0; it must be an integer ≥ 1/],
      [{ ...base, actionDim: 1.5 }, /actionDim is 1.5/],
      [{ ...base, logStdMin: 1 }, /logStdMin 1 and logStdMax 0 must satisfy −20 ≤ logStdMin < logStdMax ≤ 2/],
      [{ ...base, logStdMin: Number.NaN }, /logStdMin NaN/],
      [{ ...base, logStdMax: 3 }, /logStdMax 3/],
      [{ ...base, entropy: { perDim: Number.NaN, of: "policy" } }, /entropy.perDim is NaN; it must be a finite number/],
      [{ ...base, delta: -1 }, /delta is -1; it must be a finite number of nats ≥ 0, or "learned"/],
      [{ ...base, delta: 1, entropy: { perDim: 0, of: "policy" } }, /delta is given with entropy of "policy"/],
      [{ ...base, delta: "learned", entropy: { perDim: 0, of: "policy" } }, /delta is given with entropy of "policy"/],
      [{ ...base, kind: "squashed", meanBound: 0 }, /meanBound is 0; it must be greater than 0/],
      [{ ...base, kind: "squashed", entropy: { perDim: 0, of: "policy" } }, /needs a meanBound/],
    ];
    for (const [spec, expected] of cases) expect(message(() => resolveGaussian(spec))).toMatch(expected);
  });
});
