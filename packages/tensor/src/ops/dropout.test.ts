import { describe, expect, it } from "vitest";
import { constant, input } from "../tensor.ts";
import { describeOperations, expectClose } from "../testing/checkOperation.ts";
import { interpret } from "../testing/interpret.ts";
import { real } from "../testing/operationCases.ts";
import * as dropout from "./dropout.ts";

/** Noise of a fixed shape. */
const noise = (shape: readonly number[]) => constant(real(shape, 0, 1, 7).values, shape);

describe("dropout", () => {
  describeOperations(dropout, {
    dropout: [
      { name: "of elements", inputs: [real([3, 4])], build: (x) => dropout.dropout(x, noise([3, 4]), 0.4) },
      { name: "of channels", inputs: [real([2, 3, 2, 1])], build: (x) => dropout.dropout(x, noise([2, 3, 1, 1]), 0.5) },
      { name: "of nothing", inputs: [real([3])], build: (x) => dropout.dropout(x, noise([3]), 0) },
    ],
  });

  it("drops what lies below the rate and scales the rest", () => {
    const kept = dropout.dropout(constant([1, 2, 3, 4]), constant([0.1, 0.25, 0.3, 0.2]), 0.25);
    expectClose(interpret([kept])[0], [0, 2 / 0.75, 3 / 0.75, 0], 1e-7, "kept");
  });

  it("says what does not fit", () => {
    const x = input("x", [2, 3]);
    expect(() => dropout.dropout(x, input("u", [3]), 0.5)).toThrow("dropout: noise [3] does not fit [2, 3]");
    expect(() => dropout.dropout(x, x, 1)).toThrow("the rate is 1; it must be from 0 to below 1");
  });
});
