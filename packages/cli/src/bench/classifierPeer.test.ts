import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkClassifier } from "./classifierPeer.ts";

type Check = Parameters<typeof checkClassifier>[0] & {
  readonly name: string;
  readonly answer: Awaited<ReturnType<typeof checkClassifier>>;
};

// Answers of PyTorch to the same requests, made by fixtures/make_classifier_peers.mjs.
const { checks } = JSON.parse(readFileSync(new URL("fixtures/classifierPeers.json", import.meta.url), "utf8")) as {
  checks: Check[];
};

/** Rounding grows through the layers and the updates. */
const tolerance = 2e-4;

describe("training steps of a classifier here and in PyTorch", () => {
  it.each(checks)("have equal losses and parameters with $name", async ({ answer, name: _, ...request }) => {
    const { losses, norm } = await checkClassifier(request);
    expect(losses).toHaveLength(answer.losses.length);
    [...losses, norm].forEach((value, i) => {
      const expected = [...answer.losses, answer.norm][i] ?? Number.NaN;
      expect(Math.abs(value / expected - 1)).toBeLessThan(tolerance);
    });
  });
});
