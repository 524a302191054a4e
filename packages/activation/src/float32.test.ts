import { describe, expect, it } from "vitest";
import { boundedGaussian } from "./boundedGaussian.ts";
import { categorical } from "./categorical.ts";
import { gaussianFloat32Margin, softmaxFloat32Margin } from "./float32.ts";
import { fineRule } from "./gaussianFloor.ts";
import { type GaussianSpec, resolveGaussian } from "./gaussianSpec.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";
import { softmaxActivation } from "./softmaxActivation.ts";
import { resolveSoftmax } from "./softmaxSpec.ts";
import { tanhNormal } from "./tanhNormal.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

const float32 = arrayOps(Math.fround);

/** Weights in the neighbourhood of the vertices: k equal ones, with factors of their own, and shares down to nothing for the others. */
function* rows(width: number): Generator<number[]> {
  for (let hot = 1; hot <= width; hot = Math.ceil(hot * 1.3)) {
    for (let i = 0; i < 12; i++) {
      yield Array.from({ length: width }, (_, j) => {
        const noise = ((i * 7919 + j * 104729) % 1000) / 1000;
        return Math.fround((j < hot ? 20 : 20 - 3 * i) + (i % 4) * noise);
      });
    }
  }
}

describe("the margin for float32 (proposition 8)", () => {
  it("covers every Gaussian policy whose parameters were computed in float32, and is not a hundred times too large", () => {
    const specs: GaussianSpec[] = [1, 2, 6, 19, 61].flatMap((actionDim) => [
      { kind: "truncated", actionDim, entropy: { perDim: 0.25, of: "gaussian" } },
      { kind: "truncated", actionDim, entropy: { perDim: -5.9, of: "policy" } },
      { kind: "squashed", actionDim, meanBound: 1, entropy: { perDim: -3, of: "policy" } },
    ]);
    for (const spec of specs) {
      const gaussian = resolveGaussian(spec);
      const { rule } = fineRule(gaussian.meanBound, gaussian.logStdMax);
      const margin = gaussianFloat32Margin(gaussian) + gaussian.floorError;
      let deepest = 0;
      for (const logStd of rows(spec.actionDim)) {
        const mean = ndArray(logStd.map((_, i) => (i % 2 === 0 ? 40 : -40)));
        const parameters = boundedGaussian(float32, gaussian, { mean, logStd: ndArray(logStd) });
        const policy =
          spec.kind === "truncated" ? truncatedNormal(referenceOps, parameters) : tanhNormal(referenceOps, parameters);
        deepest = Math.max(deepest, gaussian.floor - (policy.entropy(rule).data[0] ?? Number.NaN));
      }
      expect(deepest).toBeLessThanOrEqual(margin);
      expect(margin / spec.actionDim).toBeLessThan(3.5e-5);
    }
  });

  it("covers every class distribution whose logits were computed in float32, whatever the order of the softmax's sum", () => {
    for (const classes of [2, 10, 1000]) {
      for (const inverse of ["lambert", "paper"] as const) {
        const softmax = resolveSoftmax({ classes, entropy: 0.6, inverse });
        let deepest = 0;
        for (const logits of rows(classes)) {
          const entropy = (values: readonly number[]) =>
            categorical(referenceOps, softmaxActivation(float32, softmax, ndArray(values))).entropy().data[0];
          for (const order of [logits, [...logits].reverse()]) {
            deepest = Math.max(deepest, softmax.floor - (entropy(order) ?? Number.NaN));
          }
        }
        expect(deepest).toBeLessThanOrEqual(softmaxFloat32Margin(softmax));
        expect(softmaxFloat32Margin(softmax)).toBeLessThan(1e-4);
      }
    }
  });
});
