import { UsageError } from "@era/lab";
import { expect, test } from "vitest";
import { algorithms } from "./algorithms.ts";
import { continuousSpec } from "./environmentSpec.ts";

test("an algorithm for continuous actions refuses discrete ones in one line", () => {
  expect(continuousSpec("Pendulum-v1").actionSpace.size).toBe(1);
  const refused = /^--env CartPole-v1: it has 2 discrete actions, and this algorithm's are continuous; .*$/;
  expect(() => continuousSpec("CartPole-v1")).toThrow(refused);
  for (const { name, schema, check } of algorithms.filter(({ name }) => name !== "ppo")) {
    expect(() => check(schema.parse({ env: "CartPole-v1" })), name).toThrow(UsageError);
  }
});
