import { expect, it } from "vitest";
import { UsageError } from "./errors.ts";
import { closestName, unknownName } from "./unknownName.ts";

const allowed = ["HalfCheetah-v5", "Hopper-v5", "Walker2d-v5"];

it("suggests the name that takes the fewest edits", () => {
  expect(closestName("halfcheeta-v5", allowed)).toBe("HalfCheetah-v5");
  expect(closestName("Hoper-v5", allowed)).toBe("Hopper-v5");
  expect(closestName("Swimmer-v5", allowed)).toBeUndefined();
  expect(closestName("", allowed)).toBeUndefined();
});

it("names what is unknown and all that is allowed, in one line", () => {
  const error = unknownName("environment", "Walker-v5", allowed);
  expect(error).toBeInstanceOf(UsageError);
  expect(error.message).toBe(
    'unknown environment "Walker-v5"; did you mean Walker2d-v5? Allowed: HalfCheetah-v5, Hopper-v5, Walker2d-v5',
  );
  expect(unknownName("environment", "Walker-v5", allowed, "era envs").message).toBe(
    'unknown environment "Walker-v5"; did you mean Walker2d-v5? All 3: era envs',
  );
  expect(unknownName("head", "x\ny", ["era"]).message).toBe('unknown head "x\\ny"; allowed: era');
});
