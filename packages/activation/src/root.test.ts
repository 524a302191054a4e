import { describe, expect, it } from "vitest";
import { crossing } from "./root.ts";

describe("crossing", () => {
  it("finds the number at which an increasing function reaches the target", () => {
    const x = crossing((t) => t ** 3, 2, 0, 5);
    expect(x).toBeCloseTo(Math.cbrt(2), 15);
    expect(x ** 3).toBeGreaterThanOrEqual(2);
  });

  it("answers the upper end of a jump, or of the interval", () => {
    expect(crossing((t) => (t < 1 ? 0 : 10), 5, 0, 3)).toBe(1);
    expect(crossing((t) => t, 3, 0, 3)).toBe(3);
    expect(crossing((t) => t, 3, 3, 3)).toBe(3);
  });
});
