import { readFileSync } from "node:fs";
import { compile, grad, input, type Tensor } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { jsdCrossEntropy } from "./jsdCrossEntropy.ts";

interface Case {
  readonly splits: number;
  readonly alpha: number;
  readonly labelSmoothing: number;
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  readonly loss: number;
  readonly gradient: readonly number[];
}

/** What timm computes (make_jsd.py), for 4 images of 5 classes. */
const { cases } = JSON.parse(readFileSync(new URL("../fixtures/jsd.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};

const graph = (own: Pick<Case, "splits" | "alpha" | "labelSmoothing">, dtype: "float32" | "float64") => {
  const logits = input("logits", [own.splits * 4, 5], dtype);
  return { logits, loss: jsdCrossEntropy(logits, input("labels", [4], "int64"), own) };
};

describe("the Jensen–Shannon loss", () => {
  it.each(cases)(
    "is timm's, and so is its gradient: $splits versions, α $alpha, smoothing $labelSmoothing",
    async (own) => {
      for (const [dtype, tolerance] of [
        ["float64", 1e-7],
        ["float32", 3e-5],
      ] as const) {
        const { logits, loss } = graph(own, dtype);
        const program = await compile(
          { outputs: { loss, gradient: grad(loss, [logits])[0] as Tensor } },
          { threads: 1 },
        );
        const found = await program.run({ logits: own.logits, labels: BigInt64Array.from(own.labels, BigInt) });
        expect(Math.abs(Number(found.loss[0]) - own.loss)).toBeLessThan(tolerance * own.loss);
        found.gradient.forEach((value, i) => {
          expect(Math.abs(Number(value) - (own.gradient[i] ?? Number.NaN)), `${dtype} ${i}`).toBeLessThan(tolerance);
        });
        await program.dispose();
      }
    },
  );

  it("has the slope of its own values, by central differences", async () => {
    const [own] = cases;
    if (!own) throw new Error("there is no case");
    const { logits, loss } = graph(own, "float64");
    const program = await compile({ outputs: { loss, gradient: grad(loss, [logits])[0] as Tensor } }, { threads: 1 });
    const run = (values: readonly number[]) =>
      program.run({ logits: values, labels: BigInt64Array.from(own.labels, BigInt) });
    const gradient = Array.from((await run(own.logits)).gradient, Number);
    const step = 1e-5;
    for (const [i, value] of own.logits.entries()) {
      const [up, down] = [await run(own.logits.with(i, value + step)), await run(own.logits.with(i, value - step))];
      expect((Number(up.loss[0]) - Number(down.loss[0])) / (2 * step)).toBeCloseTo(gradient[i] ?? Number.NaN, 7);
    }
    await program.dispose();
  });

  it("of versions that agree is the cross-entropy alone, and needs as many logits as versions", async () => {
    const row = [0.3, -1, 2, 0.5, 0];
    const { loss } = graph({ splits: 3, alpha: 12, labelSmoothing: 0 }, "float64");
    const program = await compile({ outputs: { loss } }, { threads: 1 });
    const found = await program.run({
      logits: Array.from({ length: 12 }, () => row).flat(),
      labels: BigInt64Array.of(2n, 2n, 2n, 2n),
    });
    const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
    expect(Number(found.loss[0])).toBeCloseTo(Math.log(total) - 2, 9);
    await program.dispose();
    expect(() => jsdCrossEntropy(input("x", [11, 5]), input("y", [4], "int64"), { splits: 3, alpha: 12 })).toThrow(
      "jsdCrossEntropy: logits [11, 5] are not 3 versions of [4] images",
    );
  });
});
