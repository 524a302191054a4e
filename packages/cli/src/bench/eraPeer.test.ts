import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkUpdate } from "./eraPeer.ts";

type Answer = Awaited<ReturnType<typeof checkUpdate>>;
type Check = Parameters<typeof checkUpdate>[0] & { readonly name: string; readonly peers: Record<string, Answer> };

// Answers of PyTorch and JAX to the same request, made by fixtures/make_peers.mjs.
const { checks } = JSON.parse(readFileSync(new URL("fixtures/peers.json", import.meta.url), "utf8")) as {
  checks: Check[];
};

/** PyTorch and JAX differ from each other by up to 1e-5. */
const tolerance = 2e-5;

function numbers({ criticLoss, actorLoss, norms }: Answer): Record<string, number> {
  return {
    ...norms,
    ...Object.fromEntries(criticLoss.map((loss, i) => [`criticLoss of update ${i}`, loss])),
    ...Object.fromEntries(actorLoss.map((loss, i) => [`actorLoss of update ${i}`, loss])),
  };
}

describe("one SAC-ERA update here and in the bench's other libraries", () => {
  describe.each(checks)("with $name", ({ name: _, peers, ...request }) => {
    it.each(Object.keys(peers))("has the losses and parameters of %s", async (peer) => {
      const ours = numbers(await checkUpdate(request));
      const theirs = numbers(peers[peer] as Answer);
      expect(Object.keys(ours)).toEqual(Object.keys(theirs));
      for (const [quantity, value] of Object.entries(theirs)) {
        expect(Math.abs((ours[quantity] ?? NaN) - value), quantity).toBeLessThan(
          tolerance * Math.max(1, Math.abs(value)),
        );
      }
    });
  });
});
