import { beforeAll, expect, test } from "vitest";
import { Box } from "../box.ts";
import { registerEnvironment } from "../registry.ts";
import { checkEnvironment } from "./checkEnvironment.ts";
import { defineEnvironment } from "./defineEnvironment.ts";
import type { Dynamics } from "./dynamics.ts";

/** A count that chance drives, with a fault. */
function counter(fault?: "chance" | "forgets" | "clock"): Dynamics {
  let [count, age] = [0, 0];
  return {
    reset(random) {
      age = 0;
      count = random.integer(5);
      return [fault === "clock" ? Math.random() : count];
    },
    step(_, random) {
      age++;
      count += fault === "chance" ? Math.random() : random.integer(3);
      return { observation: [count], reward: age, terminated: age === 12 };
    },
    saveState: () => (fault === "forgets" ? [count] : [count, age]),
    restoreState([savedCount = 0, savedAge = 0]) {
      [count, age] = [savedCount, savedAge];
    },
  };
}

const define = (id: string, create: () => Dynamics, high = 100) =>
  registerEnvironment(
    defineEnvironment({
      id,
      observationSpace: Box.uniform("float64", 1, 0, high),
      actionSpace: Box.uniform("float32", 1, -1, 1),
      maxEpisodeSteps: 50,
      create,
    }),
  );

beforeAll(() => {
  define("Sound-v0", () => counter());
  define("Chance-v0", () => counter("chance"));
  define("Clock-v0", () => counter("clock"));
  define("Forgets-v0", () => counter("forgets"));
  define("Outside-v0", () => counter(), 5);
});

test("a sound environment passes, and so do built-in ones", async () => {
  for (const id of ["Sound-v0", "CartPole-v1", "InvertedPendulum-v5"]) await checkEnvironment(id, 100);
});

test.each([
  ["Clock-v0", "Clock-v0: reset twice with the same seed, observation[0] is another after 0 steps ("],
  ["Chance-v0", "Chance-v0: played twice with the same seed, observation[0] is another after 1 steps ("],
  ["Forgets-v0", "Forgets-v0: continued from a saved state, reward is another after 8 steps (1, not 8): "],
  ["Outside-v0", "Outside-v0: observation[0] is "],
])("%s is refused with the reason", async (id, message) => {
  const error = await checkEnvironment(id, 100).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "EnvError", message: expect.stringContaining(message) });
});
