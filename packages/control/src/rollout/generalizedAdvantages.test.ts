import fc from "fast-check";
import { expect, test } from "vitest";
import { ppoFixture } from "../agents/ppo.fixture.ts";
import { generalizedAdvantages } from "./generalizedAdvantages.ts";

test.each(ppoFixture.advantages)("as CleanRL computes them: $steps steps of $count copies", (expected) => {
  const { steps, count, discount, gaeLambda } = expected;
  const ended = Uint8Array.from(expected.ended);
  const rewards = Float32Array.from(expected.rewards);
  // CleanRL does not tell the two ends of an episode apart.
  const none = new Uint8Array(ended.length);
  for (const flags of [
    { terminated: ended, truncated: none },
    { terminated: none, truncated: ended },
  ]) {
    const rollout = { steps, count, rewards, ...flags };
    const settings = { discount, gaeLambda, bootstrapTruncated: false };
    const { advantages, returns } = generalizedAdvantages(rollout, expected.values, expected.nextValues, settings);
    for (const [i, value] of expected.advantages.entries()) expect(advantages[i]).toBeCloseTo(value, 5);
    for (const [i, value] of expected.returns.entries()) expect(returns[i]).toBeCloseTo(value, 5);
  }
});

const episode = fc.record({
  rewards: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 12 }),
  tail: fc.double({ min: -5, max: 5, noNaN: true }),
  discount: fc.double({ min: 0, max: 1, noNaN: true }),
});

test("with λ = 1 returns are discounted rewards, with the value of where an episode was cut and nothing after its end", () => {
  fc.assert(
    fc.property(
      episode,
      fc.constantFrom("terminated", "truncated", "unfinished"),
      ({ rewards, tail, discount }, end) => {
        const steps = rewards.length;
        const flag = (name: string) => new Uint8Array(steps).fill(end === name ? 1 : 0, steps - 1);
        const values = rewards.map((_, i) => Math.sin(i));
        const { returns } = generalizedAdvantages(
          {
            steps,
            count: 1,
            rewards: Float32Array.from(rewards),
            terminated: flag("terminated"),
            truncated: flag("truncated"),
          },
          values,
          [...values.slice(1), tail],
          { discount, gaeLambda: 1, bootstrapTruncated: true },
        );
        const expected = rewards.reduceRight(
          (later, reward) => reward + discount * later,
          end === "terminated" ? 0 : tail,
        );
        expect(Math.abs((returns[0] ?? Number.NaN) - expected)).toBeLessThan(1e-4);
      },
    ),
  );
});

test("nothing of the next episode comes into the one before", () => {
  const rollout = { steps: 3, count: 1, truncated: Uint8Array.of(0, 1, 0), terminated: new Uint8Array(3) };
  const settings = { discount: 0.9, gaeLambda: 0.95, bootstrapTruncated: true };
  const of = (last: number) =>
    generalizedAdvantages({ ...rollout, rewards: Float32Array.of(1, 1, last) }, [0, 0, 0], [0, 5, 0], settings)
      .advantages;
  expect(of(1).slice(0, 2)).toEqual(of(100).slice(0, 2));
  expect(of(1)[1]).toBeCloseTo(1 + 0.9 * 5, 6);
});
