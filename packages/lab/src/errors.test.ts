import { expect, it } from "vitest";
import { exitCodeOf, FailureError, fileFailure, NonFiniteError, requireFinite, UsageError } from "./errors.ts";

it("exit codes tell a wrong command from failed work", () => {
  expect(exitCodeOf(new UsageError("no such flag"))).toBe(2);
  for (const error of [new FailureError("damaged"), new NonFiniteError("loss", 3), new Error("bug"), "text"]) {
    expect(exitCodeOf(error)).toBe(1);
  }
});

it("a non-finite quantity is named with its step", () => {
  expect(requireFinite("reward", 3, 1.5)).toBe(1.5);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(() => requireFinite("reward", 12, value)).toThrow(`reward became ${value} at step 12`);
  }
  expect(new NonFiniteError("loss/critic", 7)).toMatchObject({
    quantity: "loss/critic",
    step: 7,
    name: "NonFiniteError",
  });
});

it("a failed file operation names the file, other errors stay what they are", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  expect(fileFailure("a.bin", "written", full)).toEqual(
    new FailureError("a.bin can't be written: ENOSPC: no space left on device, write"),
  );
  const other = new Error("bug");
  expect(fileFailure("a.bin", "written", other)).toBe(other);
});
