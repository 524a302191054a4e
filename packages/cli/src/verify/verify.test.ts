import { mul } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { type Claim, gaussianClaim, sequenceClaims, softmaxClaim } from "./claim.ts";
import { figures } from "./figures.ts";
import { claims } from "./grid.ts";
import { verifyPage } from "./page.ts";
import { search } from "./search.ts";
import { failureLine, verdictTable } from "./table.ts";
import { evaluateThoroughly, thoroughCases } from "./thorough.ts";
import { type Verdict, verify } from "./verify.ts";

const softmax = softmaxClaim("0.6 nat", { kind: "softmax", classes: 10, entropy: 0.6 });
const gaussian = gaussianClaim("0.25 of the policy", {
  kind: "truncated",
  actionDim: 3,
  entropy: { perDim: 0.25, of: "policy" },
});

describe("the adversarial search", () => {
  const effort = { rows: 48, steps: 60, rounds: 2, seed: 1 };

  it("comes within 1e-4 nat of the floors and not below them, in float64 and float32", async () => {
    for (const claim of [softmax, gaussian]) {
      for (const precision of ["float64", "float32"] as const) {
        const { worst } = await search(claim, precision, effort);
        expect(worst).toBeGreaterThanOrEqual(claim.floor - claim.slack[precision]);
        expect(worst).toBeLessThan(claim.floor + 1e-4);
      }
    }
  });

  it("descends: from starts without a hot element it still ends near the floor", async () => {
    // Inputs named "mean" begin anywhere, but at no vertex.
    const mild: Claim = {
      ...softmax,
      inputs: { mean: 10 },
      quantity: ({ mean }) => softmax.quantity(mean ? { logits: mean } : {}),
    };
    const start = await search(mild, "float64", { ...effort, steps: 0, rounds: 1 });
    const end = await search(mild, "float64", { ...effort, rounds: 1 });
    expect(end.worst).toBeLessThanOrEqual(start.worst);
    expect(end.worst).toBeLessThan(softmax.floor + 1e-4);
  });
});

describe("the verdict", () => {
  const moved = (claim: Claim, by: number): Claim => ({ ...claim, floor: claim.floor + by });

  it("passes a floor that is the infimum, and no other: one too high is broken, one too low is not attained", async () => {
    expect(await verify(softmax, 1)).toMatchObject({ kept: true, attained: true });
    expect(await verify(moved(softmax, 1e-3), 1)).toMatchObject({ kept: false, attained: true });
    expect(await verify(moved(softmax, -1e-3), 1)).toMatchObject({ kept: true, attained: false });
  });

  it("takes a NaN for a broken floor", async () => {
    const nowhere: Claim = { ...softmax, quantity: (raw) => mul(softmax.quantity(raw), Number.NaN) };
    expect((await verify(nowhere, 1)).kept).toBe(false);
  });

  it("holds what the sequence activation keeps, and shows that it promises no entropy", async () => {
    for (const claim of sequenceClaims(5, { kind: "sequence" })) {
      expect(await verify(claim, 1)).toMatchObject({ kept: true, attained: true, floor: 0 });
    }
  });
});

describe("thorough evaluations", () => {
  it("find none below what calibrate was asked for, and count those below what it was not", async () => {
    const [first] = thoroughCases(1000).filter(({ claim }) => claim.family === "softmax");
    if (!first) throw new Error("no softmax case");
    const result = await evaluateThoroughly({ ...first, evaluations: 20_000 }, 1, () => {});
    expect(result).toMatchObject({ below: 0 });
    expect(result.evaluations).toBeGreaterThanOrEqual(20_000);
    expect(result.lowest).toBeLessThan(1e-4);
    const greedy = await evaluateThoroughly({ ...first, asked: first.asked + 1e-3, evaluations: 20_000 }, 1, () => {});
    expect(greedy.below).toBeGreaterThan(0);
  });

  it("are at least as many as asked, over every family with a floor", () => {
    const cases = thoroughCases(1e8);
    expect(cases.reduce((sum, { evaluations }) => sum + evaluations, 0)).toBeGreaterThanOrEqual(1e8);
    expect(new Set(cases.map(({ claim }) => claim.family)).size).toBe(3);
  });
});

describe("what is verified and shown", () => {
  it("spans dimensions from 1 to 61, classes from 2 to 50,257, both meanings of entropy, and the official settings", () => {
    const all = claims();
    const sizes = (family: string) => all.filter((claim) => claim.family.includes(family)).map(({ size }) => size);
    expect([Math.min(...sizes("Gaussian")), Math.max(...sizes("Gaussian"))]).toEqual([1, 61]);
    expect([Math.min(...sizes("softmax")), Math.max(...sizes("softmax"))]).toEqual([2, 50257]);
    const official = all.find(
      ({ spec, size }) =>
        spec.kind === "truncated" && size === 19 && spec.entropy.of === "gaussian" && spec.entropy.perDim === 0.25,
    );
    expect((official?.floor ?? Number.NaN) / 19).toBeCloseTo(-0.5776, 4);
    const resnet = all.find(
      ({ spec }) =>
        spec.kind === "softmax" &&
        spec.classes === 1000 &&
        spec.entropy === 0.6 &&
        spec.inverse === "paper" &&
        spec.bound === "paper",
    );
    expect(resnet?.floor).toBeCloseTo(1.4639, 4);
  });

  it("names every failure, in the table and on the page", async () => {
    const verdict: Verdict = {
      family: "softmax",
      name: "0.6 nat <tight>",
      size: 10,
      asked: 0.6,
      floor: 0.6,
      worst: { float64: 0.59, float32: 0.6 },
      slack: { float64: 1e-9, float32: 1e-5 },
      kept: false,
      attained: true,
      evaluations: 10,
    };
    expect(verdictTable([verdict])).toMatch(/FAILED/);
    expect(failureLine(verdict)).toMatch(/^BROKEN: softmax, size 10, .*worst found 0.59/);
    const page = await verifyPage([verdict], [], ["today"]);
    expect(page).toContain("BROKEN");
    expect(page).toContain("0.6 nat &#60;tight&#62;");
    expect(page.match(/<svg/g)).toHaveLength(Object.keys(figures).length);
  });
});
