import { compile, constant, input } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { eraHead, plainHead, predictiveEntropy } from "./head.ts";

/** Lowest predictive entropy that a head leaves, over confident, equal and scattered logits. */
async function lowest(head: typeof plainHead, classes: number): Promise<number> {
  const rows = [
    Array.from({ length: classes }, (_, i) => (i === 1 ? 1000 : 0)),
    Array.from({ length: classes }, (_, i) => (i < 2 ? 500 : -500)),
    Array.from({ length: classes }, (_, i) => Math.sin(i) * 30),
    new Array<number>(classes).fill(3),
  ];
  const logits = input("logits", [rows.length, classes]);
  const program = await compile({ outputs: { entropy: predictiveEntropy(head.logits(logits)) } });
  const { entropy } = await program.run({ logits: rows.flat() });
  await program.dispose();
  return Math.min(...Array.from(entropy, Number));
}

describe("heads", () => {
  it.each([
    [10, 0.6, "tight", "lambert", 0.6, 0.6],
    [1000, 0.6, "tight", "lambert", 0.6, 0.6],
    // What the official setting enforces when it is asked for 0.6 nat.
    [10, 0.6, "paper", "lambert", 0.97, 0.97],
    [1000, 0.6, "paper", "paper", 1.46, 1.46],
  ] as const)(
    "%i classes asked for %d nat (%s, %s) keep %d",
    async (classes, entropy, bound, inverse, floor, attained) => {
      const head = eraHead({ classes, entropy, bound, inverse });
      expect(head.entropy.target).toBe(entropy);
      expect(head.entropy.floor).toBeCloseTo(floor, 2);
      const found = await lowest(head, classes);
      expect(found).toBeGreaterThanOrEqual((head.entropy.floor ?? 0) - 1e-6);
      expect(found).toBeCloseTo(attained, 2);
    },
  );

  it("without an activation keep nothing", async () => {
    expect(plainHead.entropy).toEqual({ target: null, floor: null });
    expect(await lowest(plainHead, 10)).toBeCloseTo(0, 6);
  });

  it("say what is feasible", () => {
    expect(() => eraHead({ classes: 10, entropy: 3 })).toThrow("must lie between 0 and log(10)");
  });

  it("measure entropy in nats", async () => {
    const program = await compile({ outputs: { h: predictiveEntropy(constant([0, 0, 0, 0], [1, 4])) } });
    expect((await program.run()).h[0]).toBeCloseTo(Math.log(4), 6);
    await program.dispose();
  });
});
