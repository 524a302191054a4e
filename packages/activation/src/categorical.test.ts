import { describe, expect, it } from "vitest";
import { categorical } from "./categorical.ts";
import { derivativeTwoWays } from "./dual.fixture.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";

describe("categorical", () => {
  it("has the log-probabilities and entropy of given probabilities", () => {
    const p = [0.5, 0.25, 0.125, 0.125];
    const policy = categorical(
      referenceOps,
      ndArray(
        [...p, 1, 1, 1, 1].map((x) => Math.log(x) + 3),
        [2, 4],
      ),
    );
    p.forEach((probability, i) => {
      expect(policy.logProbs().data[i]).toBeCloseTo(Math.log(probability), 14);
    });
    expect(policy.entropy().shape).toEqual([2, 1]);
    expect(policy.entropy().data[0]).toBeCloseTo(1.75 * Math.LN2, 14);
    expect(policy.entropy().data[1]).toBeCloseTo(2 * Math.LN2, 14);
    const chosen = policy.logProb(ndArray([0, 0, 1, 0, 0, 1, 0, 0], [2, 4]));
    expect(chosen.data[0]).toBeCloseTo(Math.log(0.125), 14);
    expect(chosen.data[1]).toBeCloseTo(Math.log(0.25), 14);
  });

  it("survives extreme logits in float32", () => {
    const policy = categorical(arrayOps(Math.fround), ndArray([1e30, -1e30, 0, 1e4, 1e4, -1e4], [2, 3]));
    expect(policy.entropy().data[0]).toBe(0);
    expect(policy.entropy().data[1]).toBeCloseTo(Math.LN2, 6);
    expect(policy.logProbs().data.every(Number.isFinite)).toBe(true);
  });

  it("has the derivatives of its values", () => {
    const inputs = { z: ndArray([0.3, -1, 2, 0.1, 0.2, -0.4], [2, 3]) };
    const directions = { z: ndArray([1, -0.5, 0.3, 0.2, -1, 0.7], [2, 3]) };
    for (const { automatic, difference } of [
      derivativeTwoWays((ops, { z }) => categorical(ops, z).entropy(), inputs, directions),
      derivativeTwoWays((ops, { z }) => categorical(ops, z).logProbs(), inputs, directions),
    ]) {
      automatic.forEach((value, i) => {
        expect(value).toBeCloseTo(difference[i] ?? Number.NaN, 9);
      });
    }
  });
});
