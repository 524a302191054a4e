import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ClassicControl } from "../classicControl/classicControl.ts";
import type { Env, ResetResult } from "../env.ts";
import { EnvWrapper } from "../envWrapper.ts";
import { makeEnv } from "../registry.ts";
import { InProcessVectorEnv } from "./inProcess.ts";

interface Recorded {
  readonly first: readonly (readonly number[])[];
  readonly steps: readonly {
    readonly observations: readonly (readonly number[])[];
    readonly rewards: readonly number[];
    readonly terminated: readonly boolean[];
    readonly truncated: readonly boolean[];
    /** By copy: the last observations of episodes that ended (of same-step autoreset). */
    readonly final?: Readonly<Record<string, readonly number[]>>;
  }[];
}

const fixture: Readonly<Record<"same-step" | "next-step", Recorded>> & { count: number; limit: number } = JSON.parse(
  readFileSync(new URL("fixtures/autoreset.json", import.meta.url), "utf8"),
);

/** make_autoreset.py's formulas. */
const start = (copy: number, episode: number) =>
  [0, 1, 2, 3].map((element) => (((7 * copy + 5 * episode + 3 * element) % 11) - 5) / 50);
const action = (step: number, copy: number) =>
  copy === 3 ? 1 : (copy === 0 ? step : Math.floor((step * copy) / 3)) % 2;

/** A copy whose episodes begin at the states of the formula. */
class Started extends EnvWrapper {
  readonly #copy: number;
  #episode = -1;

  constructor(env: Env, copy: number) {
    super(env);
    this.#copy = copy;
  }

  override reset(options?: { seed?: number }): ResetResult {
    // The fifth number of its state says whether the pole has fallen.
    const { info } = super.reset(options);
    this.#episode++;
    return { observation: (this.unwrapped as ClassicControl).setState([...start(this.#copy, this.#episode), 0]), info };
  }
}

describe("as Gymnasium's SyncVectorEnv", () => {
  test.each(["same-step", "next-step"] as const)("with %s autoreset", async (autoreset) => {
    const { count, limit } = fixture;
    const { first, steps } = fixture[autoreset];
    const envs: Env[] = [];
    for (let copy = 0; copy < count; copy++) {
      const env = await makeEnv("CartPole-v1", { maxEpisodeSteps: limit });
      expect(env.unwrapped).toBeInstanceOf(ClassicControl);
      envs.push(new Started(env, copy));
    }
    const vector = new InProcessVectorEnv(envs as [Env, ...Env[]], autoreset);
    const { observations } = await vector.reset({ seed: 0 });
    expect([...observations]).toEqual(first.flat());
    for (const [step, expected] of steps.entries()) {
      const actual = await vector.step(Float32Array.from({ length: count }, (_, copy) => action(step, copy)));
      const what = `step ${step}`;
      expect([...actual.rewards], what).toEqual(expected.rewards);
      expect([...actual.terminated], what).toEqual(expected.terminated.map(Number));
      expect([...actual.truncated], what).toEqual(expected.truncated.map(Number));
      expect([...actual.observations], what).toEqual(expected.observations.flat().map(near([...actual.observations])));
      for (const [copy, observation] of expected.observations.entries()) {
        const final = [...actual.finalObservations.subarray(4 * copy, 4 * copy + 4)];
        expect(final, what).toEqual((expected.final?.[copy] ?? observation).map(near(final)));
      }
    }
    const ends = (flag: "terminated" | "truncated") => steps.filter((step) => step[flag].includes(true)).length;
    expect(Math.min(ends("terminated"), ends("truncated"))).toBeGreaterThan(3);
    await vector.close();
  });
});

/** The recorded number, or ours where the two differ by rounding alone: sines of the two languages may. */
const near =
  (actual: readonly number[]) =>
  (expected: number, i: number): number =>
    Math.abs((actual[i] ?? Number.NaN) - expected) <= 1e-6 ? (actual[i] ?? Number.NaN) : expected;
