import { describe, expect, it } from "vitest";
import { policyLossFixture } from "../fixtures/policyLosses.fixture.ts";
import { groupAdvantages, hasContrast, overlongPunishment } from "./advantages.ts";

describe("groupAdvantages", () => {
  it("is the official code's", () => {
    const { groups, rewards, advantages } = policyLossFixture;
    const ours = [...new Set(groups)].flatMap((group) =>
      groupAdvantages(rewards.filter((_, i) => groups[i] === group)),
    );
    for (const [i, value] of advantages.entries()) expect(ours[i]).toBeCloseTo(value, 6);
  });

  it("can leave the deviation alone, and takes a lone reward as it is", () => {
    expect(groupAdvantages([1, 0, 0, 1], { normalize: false })).toEqual([0.5, -0.5, -0.5, 0.5]);
    expect(groupAdvantages([0.7])[0]).toBeCloseTo(0.7, 5);
  });
});

describe("hasContrast", () => {
  it("is false where all rewards are equal", () => {
    expect([[0, 0, 0], [1, 1], [0, 1, 0], [0.5]].map(hasContrast)).toEqual([false, false, true, true]);
  });
});

describe("overlongPunishment", () => {
  it("falls from 0 at the buffer's start to the penalty at the limit", () => {
    const overlong = { maxLength: 100, buffer: 20, penalty: 2 };
    expect([10, 80, 85, 100].map((length) => overlongPunishment(length, overlong))).toEqual([0, 0, -0.5, -2]);
  });
});
