import { erf as reference } from "@era/activation";
import { describe, expect, it } from "vitest";
import { compile } from "../program.ts";
import { input } from "../tensor.ts";
import { erf } from "./elementwise.ts";

describe("erf in float64", () => {
  it("is within 1e-15 of the reference, at its seam, its ends and infinities too", async () => {
    const sweep = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 300);
    const x = Float64Array.from([...sweep, 0.5, -0.5, 0.4999999999, 5e-324, -1e-12, 1e3, -Infinity, Infinity]);
    const program = await compile({ outputs: { y: erf(input("x", [x.length], "float64")) } });
    const { y } = await program.run({ x });
    const worst = Math.max(...x.map((value, i) => Math.abs(Number(y[i]) - reference(value))));
    expect(worst).toBeLessThan(1e-15);
    await program.dispose();
  });
});
